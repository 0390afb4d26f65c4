"""Check of the scheduled backups: whether they are made, how old the newest good one is, whether the folder has room."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from app.commands.diagnosis.finding import Finding
from app.settings import Settings
from db.core.pool import Database, DatabaseDownError
from db.operations import backups

CHECK: Final = "backup"


def check_backups(settings: Settings, database: Database) -> Iterator[Finding]:
    """Age of the newest good one, why the newest failed, and room for another; nothing where the database does not answer."""
    if settings.backup_dir is None:
        yield Finding(
            CHECK, "skipped", "none are made by a clock", "set TRACERA_BACKUP_DIR to a folder on another disk"
        )
        return
    try:
        found = backups.read(database)
    except DatabaseDownError:
        return  # its own check says so
    yield judge(found, datetime.now(UTC), timedelta(hours=settings.backup_hours))
    if found.good and settings.backup_dir.is_dir():
        yield from _room(settings.backup_dir, found.good["bytes"])


def judge(found: backups.Backups, now: datetime, every: timedelta) -> Finding:
    """What the newest backups tell."""
    age = found.age(now)
    seen = "none went well yet" if age is None else f"the newest good one is {age / timedelta(hours=1):.1f} h old"
    if found.error:
        return Finding(
            CHECK, "warning", f"the newest failed: {found.error}; {seen}",
            "mend that, then run tracera tasks retry --all, or wait for the next",
        )  # fmt: skip
    if age is None or found.overdue(now, every):
        return Finding(CHECK, "warning", seen, "look whether a process runs tasks and has TRACERA_BACKUP_DIR set")
    return Finding(CHECK, "ok", seen)


def _room(folder: Path, size: int) -> Iterator[Finding]:
    """The next file is written beside those that are there."""
    free = shutil.disk_usage(folder).free
    if free < 2 * size:
        seen = f"{free:,} bytes free at {folder.absolute()}, the newest took {size:,}"
        yield Finding(CHECK, "warning", seen, "make room, or lower TRACERA_BACKUP_KEEP")
