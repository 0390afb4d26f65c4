"""Backup health: how old the newest good one is, as figures for Prometheus."""

from datetime import UTC, datetime
from typing import Final

from prometheus_client import CollectorRegistry, Gauge

from app.runtime import Services
from db.core.pool import DatabaseDownError
from db.operations import backups

PREFIX: Final = "tracera_backup_"


def add_metrics(registry: CollectorRegistry, held: Services) -> None:
    """Gauges of the scheduled backups; none where none are scheduled, and no age before the first good one."""
    settings = held.settings
    if settings.backup_dir is None:
        return
    _add(registry, "interval_seconds", "Seconds between two scheduled backups", settings.backup_hours * 3600)
    try:
        found = backups.read(held.database)
    except DatabaseDownError:
        return  # tracera_up says so
    _add(registry, "failed", "1 where the newest backup failed", 1.0 if found.error else 0.0)
    age = found.age(datetime.now(UTC))
    if found.good and age is not None:
        _add(registry, "age_seconds", "Age of the newest good backup", age.total_seconds())
        _add(registry, "bytes", "Size of the newest good backup", found.good["bytes"])
        _add(registry, "duration_seconds", "What the newest good backup took", found.good["seconds"])


def _add(registry: CollectorRegistry, name: str, about: str, value: float) -> None:
    Gauge(PREFIX + name, about, registry=registry).set(value)
