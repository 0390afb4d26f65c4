"""Task health: how many tasks wait, run and failed for good, as figures for Prometheus."""

from typing import Final

from prometheus_client import CollectorRegistry, Gauge

from app.runtime import Services
from db.core.pool import DatabaseDownError
from db.tasks import overview

STATES: Final = ("waiting", "running", "failed")


def add_metrics(registry: CollectorRegistry, held: Services) -> None:
    """Gauges of the queue, which all processes share; kinds of which nothing waits, runs or failed are left out."""
    try:
        queues = overview.queues(held.database)
    except DatabaseDownError:
        return  # tracera_up says so
    count = Gauge("tracera_tasks", "Tasks by kind and state", ["kind", "state"], registry=registry)
    oldest = Gauge("tracera_tasks_oldest_seconds", "How long the oldest due task waits", ["kind"], registry=registry)
    for row in queues:
        for state in STATES:
            count.labels(row["kind"], state).set(row[state])
        oldest.labels(row["kind"]).set(max(0.0, row["oldest"] or 0.0))
