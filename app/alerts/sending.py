"""Sending: the task that brings a delivery to the user's webhook, and what each answer means."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NoReturn

import orjson

from app.alerts import addresses, webhook
from app.alerts.addresses import RefusedAddressError, Resolve
from app.alerts.webhook import Answer, UnreachableError
from app.tasks.task import RefusedError, RetryError, Task
from db.alerts import deliveries, webhooks
from db.core.pool import Row

GONE: Final = 410
WAITS: Final = frozenset({429, 503})
"""Answers that may say how long to wait."""
Words = Callable[[str, Mapping[str, Any]], str]
"""An event's sentence, of its kind and facts; pages make it, so that everything says the same."""


@dataclass(frozen=True, slots=True)
class Sender:
    """How a process sends: hosts that may be private, the words of events, the address of its pages, and who is asked for names."""

    allowed: Sequence[str]
    words: Words
    base_url: str
    resolve: Resolve = addresses.resolve
    timeout: float = webhook.TIMEOUT

    def run(self, task: Task) -> None:
        """Send a delivery once.

        Raises:
            RefusedError: it cannot be sent, or a test failed: it is over.
            RetryError: it is to be tried again.
        """
        row = deliveries.begin(task.database, task.payload["delivery"])
        if row is None:
            raise RefusedError("gone", "the delivery is gone with its user")
        if row["url"] is None or not (row["enabled"] or row["test"]):
            _over(task, row, "The webhook was off.")
        try:
            target = addresses.checked(row["url"], self.allowed, self.resolve)
            body = self.body(row, deliveries.events(task.database, row["event_ids"]))
            keys = [key for key in (row["secret"], row["former_secret"]) if key]
            headers = webhook.signed(row["message_id"], datetime.now(UTC), body, keys)
            answer = webhook.post(target, headers, body, self.timeout)
        except RefusedAddressError as error:
            _over(task, row, _sentence(str(error)))
        except (UnreachableError, OSError) as error:
            words = str(error) if isinstance(error, UnreachableError) else "the receiver's name is not known"
            _again(task, row, None, _sentence(words), 0)
        else:
            _answered(task, row, target.url.host, answer)

    def body(self, row: Row, events: Sequence[Row]) -> bytes:
        """The message, the same at each try."""
        alerts = [
            {
                **event,
                "text": f"{event['facts']['name']} {self.words(event['kind'], event['facts'])}",
                "url": f"{self.base_url}{page_of(event['facts'])}",
            }
            for event in events
        ]
        data: dict[str, Any] = {"alerts": alerts, "count": len(row["event_ids"])}
        if row["test"]:
            data = {"text": "This is a test. Alerts will come the same way.", "alerts": [], "count": 0}
        message = {
            "type": "alerts.test" if row["test"] else "alerts.fired",
            "timestamp": row["created_at"],
            "data": data,
        }
        return orjson.dumps(message, option=orjson.OPT_UTC_Z)


def page_of(facts: Mapping[str, Any]) -> str:
    """The path of the page of what an event is on."""
    return f"/item/{facts['item_id']}" if facts["item_id"] else f"/portfolio?portfolio={facts['portfolio_id']}"


def _answered(task: Task, row: Row, host: str, answer: Answer) -> None:
    said = f"It answered {answer.status}" + (f": {answer.excerpt}" if answer.excerpt else ".")
    is_done = 200 <= answer.status < 300  # noqa: PLR2004  # as HTTP has it
    if not is_done and answer.status != GONE:
        wait = answer.wait if answer.status in WAITS else None
        _again(task, row, answer.status, said, wait or 0)
    with task.database.connection() as connection, connection.transaction():
        outcome = "delivered" if is_done else "gone"
        deliveries.note(connection, row["id"], said, status=answer.status, outcome=outcome)
        if not is_done:
            webhooks.gone(connection, row["user_id"], row["url"], host)
        task.complete(connection, {"outcome": outcome}, outcome)


def _again(task: Task, row: Row, status: int | None, said: str, wait: float) -> NoReturn:
    """Note a try that failed; a test is over with it.

    Raises:
        RefusedError: it was a test.
        RetryError: it was none.
    """
    words = f"a delivery failed: {said}" if status is None else f"a delivery failed: the receiver answered {status}"
    if row["test"]:
        _over(task, row, said, status)
    with task.database.connection() as connection:
        deliveries.note(connection, row["id"], said, status=status)
    raise RetryError(words, wait)


def _over(task: Task, row: Row, said: str, status: int | None = None) -> NoReturn:
    """Note that it cannot be delivered.

    Raises:
        RefusedError: always.
    """
    with task.database.connection() as connection:
        deliveries.note(connection, row["id"], said, status=status, outcome="refused")
    raise RefusedError("refused", "a delivery cannot be made: the receiver's owner sees why")


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."
