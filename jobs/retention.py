"""Retention: deletes raw quotes, events of alerts with their deliveries and the record of cycles after their time; roll-ups stay for good."""

from datetime import UTC, datetime, timedelta

from app.providers.sources import SIMULATED
from db.alerts import deliveries, history
from db.core.pool import Database
from db.operations import providers
from db.quotes import raw
from jobs.alerts import KEPT

CYCLES_KEPT = timedelta(days=30)
"""For so long a line about each cycle is kept: enough to look into a fault; the pages show five minutes of them."""


def run(database: Database, *, raw_days: int, demo_days: int) -> int:
    """Delete raw quotes older than their days (0 keeps real ones for good), old events and cycles; returns how many quotes."""
    now = datetime.now(UTC)
    history.forget(database, now - KEPT)
    deliveries.forget(database, now - KEPT)
    providers.forget_cycles(database, now - CYCLES_KEPT)
    deleted = sum(raw.delete_raw(database, source, now - timedelta(days=demo_days), sparing=[]) for source in SIMULATED)
    if raw_days:
        deleted += raw.delete_raw(database, None, now - timedelta(days=raw_days), sparing=list(SIMULATED))
    return deleted
