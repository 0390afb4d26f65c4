"""Alert mail: what fired in one evaluation, or in a night's quiet hours, as one message to the user's verified address."""

from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from typing import Any, Final, NoReturn, Protocol
from urllib.parse import urlsplit

from app.accounts import mail
from app.accounts.mail import MailError
from app.alerts.sending import page_of
from app.settings import Settings
from app.tasks.task import RefusedError, RetryError, Task
from db.alerts import deliveries
from db.core.pool import Row

LONGEST_SUBJECT: Final = 120
NAMED: Final = 3
"""Items that a subject names."""


class Words(Protocol):
    """What pages say of an event."""

    def sentence(self, kind: str, facts: Mapping[str, Any]) -> str:
        """Of its rule, without the name of what it is on."""
        ...

    def reasons(self, kind: str, facts: Mapping[str, Any]) -> list[str]:
        """What explains it."""
        ...


def send(settings: Settings, words: Words, task: Task) -> None:
    """Send a delivery once.

    Raises:
        RefusedError: it cannot be sent, and another try would not help.
        RetryError: the mail server did not take it.
    """
    row = deliveries.begin(task.database, task.payload["delivery"])
    if row is None:
        raise RefusedError("gone", "the delivery is gone with its user")
    if row["email"] is None:
        _over(task, row, "No e-mail was wanted any more.")
    if not settings.smtp_host:
        _over(task, row, "This instance has no mail server.")
    events = deliveries.events(task.database, row["event_ids"])
    message = written(settings, words, row["email"], events, len(row["event_ids"]))
    message["Message-ID"] = f"<{row['message_id']}@{urlsplit(settings.base_url).hostname}>"
    try:
        mail.send(settings, message)
    except MailError as error:
        if error.final:
            _over(task, row, "The mail server refused the address.")
        with task.database.connection() as connection:
            deliveries.note(connection, row["id"], "The mail server did not take it.")
        raise RetryError(str(error)) from None
    with task.database.connection() as connection, connection.transaction():
        deliveries.note(connection, row["id"], "The mail server took it.", outcome="delivered")
        task.complete(connection, {"outcome": "delivered"}, "delivered")


def written(settings: Settings, words: Words, to: str, events: Sequence[Row], count: int) -> EmailMessage:
    """The message; `count` may be more than there are events, which are the newest."""
    message = EmailMessage()
    message["Subject"] = subject(words, events, count)
    message["From"] = settings.smtp_from
    message["To"] = to
    message["Auto-Submitted"] = "auto-generated"
    parts = [_told(settings, words, event) for event in events]
    if count > len(events):
        parts.append(f"{count - len(events)} more are in the history.")
    where = f"{settings.base_url}/alerts has all of them, and turns these mails off."
    message.set_content("\n\n".join([*parts, where]) + "\n", cte="8bit")
    return message


def subject(words: Words, events: Sequence[Row], count: int) -> str:
    """One alert whole; of several how many, and of what."""
    if count == 1 and events:
        text = f"{events[0]['facts']['name']} {words.sentence(events[0]['kind'], events[0]['facts'])}"
    else:
        names = list(dict.fromkeys(event["facts"]["name"] for event in events))
        more = ", …" if len(names) > NAMED else ""
        text = f"{count} alerts: {', '.join(names[:NAMED])}{more}"
    line = "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
    return line if len(line) <= LONGEST_SUBJECT else f"{line[: LONGEST_SUBJECT - 1]}…"


def _told(settings: Settings, words: Words, event: Row) -> str:
    facts = event["facts"]
    first = f"{facts['name']} {words.sentence(event['kind'], facts)}, {event['time']:%d %b %Y %H:%M} UTC"
    return "\n".join([first, *words.reasons(event["kind"], facts), f"{settings.base_url}{page_of(facts)}"])


def _over(task: Task, row: Row, said: str) -> NoReturn:
    with task.database.connection() as connection:
        deliveries.note(connection, row["id"], said, outcome="refused")
    raise RefusedError("refused", said)
