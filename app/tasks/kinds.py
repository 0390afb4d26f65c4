"""Task kinds: name, queue, priority, and how often and how soon a failed task is run again."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import psycopg

from db.tasks import queue
from db.tasks.queue import NewTask

LONGEST_PAUSE: Final = 600.0
UNKNOWN_MOST: Final = 10
Lane = Literal["quick", "mail", "webhook", "long"]
"""Each lane has threads of its own: what the instance does for itself does not wait for inventories, nor for a mail server that
hangs; mails do not wait for anybody's receiver."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of task, with a queue of its name.

    `most` runs may fail; the first pause lasts about `pause` seconds and doubles, up to `longest`.
    """

    name: str
    title: str
    lane: Lane
    priority: int
    most: int
    pause: float
    longest: float = LONGEST_PAUSE

    def defer(
        self,
        connection: psycopg.Connection,
        payload: Mapping[str, Any],
        *,
        user_id: int | None = None,
        lock: str | None = None,
        at: datetime | None = None,
    ) -> int:
        """Put a task in and return its id; it runs once the connection's transaction is committed, or never, and not before `at`."""
        return queue.defer(connection, self.task(payload, user_id=user_id, lock=lock, at=at))

    def task(
        self,
        payload: Mapping[str, Any],
        *,
        user_id: int | None = None,
        lock: str | None = None,
        at: datetime | None = None,
    ) -> NewTask:
        """A task of this kind, not put in yet."""
        return NewTask(self.name, self.priority, payload, user_id, lock, at)

    def wait(self, failures: int) -> float:
        """Seconds before the next run: doubled with each failure, half of it at random, so that many do not come at once."""
        longest = min(self.longest, self.pause * 2.0 ** (failures - 1))
        return longest * random.uniform(0.5, 1)  # noqa: S311  # jitter


INVENTORY: Final = Kind("inventory_import", "Steam inventory", "long", 50, most=5, pause=4)
WEBHOOK: Final = Kind("alert_webhook", "Alerts to a webhook", "webhook", 80, most=12, pause=10, longest=6 * 3_600)
"""About eight hours of tries."""
ALERT_MAIL: Final = Kind("alert_mail", "Alerts by e-mail", "mail", 60, most=10, pause=10, longest=3_600)
SIGN_IN_MAIL: Final = Kind("sign_in_mail", "Sign-in link by e-mail", "mail", 90, most=6, pause=4)
BACKTEST: Final = Kind("backtest", "Backtest", "long", 40, most=2, pause=5)
RETENTION: Final = Kind("retention", "Retention", "quick", 0, most=3, pause=30)
BACKUP: Final = Kind("backup", "Backup", "long", 70, most=5, pause=10)
EXPORT: Final = Kind("export", "Export", "long", 30, most=3, pause=5)
ACCOUNT_EXPORT: Final = Kind("account_export", "Export of the account", "long", 60, most=3, pause=2)
FILE_IMPORT: Final = Kind("file_import", "Import of a file", "long", 50, most=4, pause=4)
PRICE_BACKFILL: Final = Kind("price_backfill", "Past of prices", "long", 20, most=4, pause=10)
CANDLE_BACKFILL: Final = Kind("candle_backfill", "Past of candles", "long", 20, most=8, pause=30)
KINDS: Final[dict[str, Kind]] = {
    kind.name: kind
    for kind in (
        INVENTORY,
        FILE_IMPORT,
        ACCOUNT_EXPORT,
        EXPORT,
        BACKTEST,
        PRICE_BACKFILL,
        CANDLE_BACKFILL,
        SIGN_IN_MAIL,
        WEBHOOK,
        ALERT_MAIL,
        RETENTION,
        BACKUP,
    )
}


def most(name: str) -> int:
    """How many runs of a kind may fail; of one that this version does not know, more than a version that does would try."""
    kind = KINDS.get(name)
    return kind.most if kind else UNKNOWN_MOST


def pause(name: str, failures: int) -> float:
    """Seconds before a kind's next run."""
    kind = KINDS.get(name)
    return kind.wait(failures) if kind else 0.0


def title(name: str) -> str:
    """A kind as people read it."""
    kind = KINDS.get(name)
    return kind.title if kind else name
