"""Job states: last run, next run and error of each job."""

from datetime import datetime

from db.core.pool import Database, Row


def started(database: Database, name: str) -> None:
    """A job begins."""
    database.execute(
        "INSERT INTO job_state (name, last_started) VALUES (%s, now()) ON CONFLICT (name) DO UPDATE SET last_started = now()",
        [name],
    )


def finished(database: Database, name: str, *, seconds: float, next_run: datetime | None, error: str | None) -> None:
    """A job ended; `error` is None where it ended well."""
    database.execute(
        "UPDATE job_state SET last_finished = now(), last_seconds = %s, next_run = %s, error = %s,"
        " error_since = CASE WHEN %s::text IS NULL THEN NULL ELSE coalesce(error_since, now()) END WHERE name = %s",
        [seconds, next_run, error, error, name],
    )


def states(database: Database) -> list[Row]:
    """All jobs, by name."""
    return database.rows("SELECT * FROM job_state ORDER BY name")
