"""Provider states: cursor, last cycle and failures of each provider, shared by all processes."""

from datetime import datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from db.core.pool import Database, Row


def register(database: Database, name: str, *, simulated: bool, interval: float) -> None:
    """Make sure that a provider has a state."""
    database.execute(
        "INSERT INTO provider_state (name, simulated, interval_s) VALUES (%s, %s, %s)"
        " ON CONFLICT (name) DO UPDATE SET simulated = excluded.simulated, interval_s = excluded.interval_s",
        [name, simulated, interval],
    )


def cursor_of(database: Database, name: str) -> dict[str, Any]:
    """Where the provider goes on; {} at the first time."""
    row = database.row("SELECT cursor FROM provider_state WHERE name = %s", [name])
    return dict(row["cursor"]) if row else {}


def save_cursor(connection: psycopg.Connection, name: str, cursor: dict[str, Any]) -> None:
    """Store where to go on, in the transaction that stores the quotes."""
    connection.execute("UPDATE provider_state SET cursor = %s WHERE name = %s", [Jsonb(cursor), name])


def started(database: Database, name: str, at: datetime) -> None:
    """A cycle begins."""
    database.execute("UPDATE provider_state SET last_started = %s WHERE name = %s", [at, name])


def succeeded(
    database: Database, name: str, *, at: datetime, seconds: float, stored: int, next_attempt: datetime
) -> None:
    """A cycle ended well."""
    database.execute(
        "UPDATE provider_state SET last_success = %s, last_seconds = %s, last_stored = %s, next_attempt = %s,"
        " failures = 0, error = NULL, error_kind = NULL, error_since = NULL WHERE name = %s",
        [at, seconds, stored, next_attempt, name],
    )


def failed(database: Database, name: str, *, at: datetime, kind: str, error: str, next_attempt: datetime) -> None:
    """A cycle was given up; `error_since` keeps the first failure of the row."""
    database.execute(
        "UPDATE provider_state SET last_failure = %s, error_kind = %s, error = %s, next_attempt = %s, failures = failures + 1,"
        " error_since = coalesce(error_since, %s) WHERE name = %s",
        [at, kind, error, next_attempt, at, name],
    )


def failures(database: Database, name: str) -> int:
    """How many cycles failed in a row."""
    row = database.row("SELECT failures FROM provider_state WHERE name = %s", [name])
    return int(row["failures"]) if row else 0


def next_attempt(database: Database, name: str) -> datetime | None:
    """When the provider's next cycle is due; None for at once."""
    row = database.row("SELECT next_attempt FROM provider_state WHERE name = %s", [name])
    return row["next_attempt"] if row else None


def states(database: Database) -> list[Row]:
    """All providers' states without their cursors, by name."""
    return database.rows(
        "SELECT name, simulated, interval_s, last_started, last_success, last_failure, error_since, error_kind, error,"
        " next_attempt, failures, last_stored, last_seconds FROM provider_state ORDER BY name"
    )


def record_cycle(database: Database, row: dict[str, Any]) -> None:
    """Keep one line about a cycle (the columns of `ingest_cycles`)."""
    database.execute(
        "INSERT INTO ingest_cycles (provider, started_at, finished_at, fetched, stored, unchanged, rejected, new_items, error)"
        " VALUES (%(provider)s, %(started_at)s, %(finished_at)s, %(fetched)s, %(stored)s, %(unchanged)s, %(rejected)s,"
        " %(new_items)s, %(error)s)",
        row,
    )


def forget_cycles(database: Database, before: datetime) -> int:
    """Remove the lines about cycles that ended before a moment; returns how many."""
    return database.execute("DELETE FROM ingest_cycles WHERE finished_at < %s", [before])


def quotes_per_minute(database: Database) -> float | None:
    """Quotes seen per minute over the last five; None without a cycle in that time."""
    row = database.row(
        "SELECT sum(fetched) / 5.0 AS rate FROM ingest_cycles WHERE finished_at > now() - interval '5 minutes'"
    )
    return float(row["rate"]) if row and row["rate"] is not None else None
