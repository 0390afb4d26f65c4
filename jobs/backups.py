"""Scheduled backups: put in by a clock, written into a folder, old files deleted once a new one is whole."""

import re
import socket
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Final

from app.tasks.kinds import BACKUP
from app.tasks.task import Task
from db.core.pool import Database
from db.operations import backup, backups
from db.operations.tool_login import LoginError
from db.tasks import queue

NAME: Final = "tracera-{:%Y%m%dT%H%M%SZ}.dump"
OURS: Final = re.compile(r"tracera-\d{8}T\d{6}Z\.dump")
UNFINISHED: Final = re.compile(rf"\.{OURS.pattern}\.[0-9a-f]+\.partial")
"""What a process that was killed left behind."""
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class BackupPlan:
    """Where backups go, how far apart they are, from which time of day (UTC) that is counted, and how many are kept."""

    folder: Path
    every: timedelta
    at: time
    keep: int

    def slot(self, now: datetime) -> int:
        """When the newest backup was due at `now`, in seconds since 1970."""
        begin = EPOCH + timedelta(hours=self.at.hour, minutes=self.at.minute, seconds=self.at.second)
        return int((begin + (now - begin) // self.every * self.every).timestamp())


def put_in(database: Database, plan: BackupPlan, now: datetime) -> int | None:
    """Put in the task of the backup that was due last, unless a clock did so before; then None.

    What was due while nothing ran is made up for at the start, once.
    """
    with database.connection() as connection:
        return queue.defer_slot(connection, BACKUP.task({}, lock=BACKUP.name), plan.slot(now))


def run(database_url: str, plan: BackupPlan, task: Task) -> None:
    """Write a backup, record it with the task's end, and delete all but the newest `keep`; one that fails deletes nothing.

    Raises:
        BackupError, LoginError, OSError: it could not be made, which is recorded.
        StoppedError: the process ends, or somebody cancelled it.
    """
    now = datetime.now(UTC)
    file = plan.folder.absolute() / NAME.format(now)
    attempt = backups.Attempt(now, socket.gethostname(), str(file))
    try:
        plan.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _delete_unfinished(plan.folder)
        size = backup.backup(database_url, file, task.check)
    except (backup.BackupError, LoginError, OSError) as error:
        with task.database.connection() as connection:
            backups.add(connection, attempt, error=str(error))
        raise
    with task.database.connection() as connection, connection.transaction():
        backups.add(connection, attempt, size=size)
        task.complete(connection, {"path": str(file), "bytes": size}, f"{size:,} bytes")
    prune(plan)


def prune(plan: BackupPlan) -> None:
    """Delete the oldest files that a clock made, by their names; others in the folder stay."""
    files = sorted(file for file in plan.folder.iterdir() if OURS.fullmatch(file.name))
    for file in files[: -plan.keep]:
        with suppress(FileNotFoundError):  # another process pruned, too
            file.unlink()


def _delete_unfinished(folder: Path) -> None:
    for file in folder.iterdir():
        if UNFINISHED.fullmatch(file.name):
            file.unlink(missing_ok=True)
