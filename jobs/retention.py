"""Forget raw quotes after their time; roll-ups are kept for good."""

from datetime import UTC, datetime, timedelta

from db.core.pool import Database
from db.items.sources import SIMULATED
from db.quotes import latest


def run(database: Database, *, raw_days: int, demo_days: int) -> int:
    """Delete raw quotes older than their days (0 keeps real ones for good); returns how many."""
    now = datetime.now(UTC)
    deleted = sum(
        latest.delete_raw(database, source, now - timedelta(days=demo_days), sparing=[]) for source in SIMULATED
    )
    if raw_days:
        deleted += latest.delete_raw(database, None, now - timedelta(days=raw_days), sparing=list(SIMULATED))
    return deleted
