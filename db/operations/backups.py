"""Backups that a clock made: when, how large, how long it took, where, and why one failed."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg

from db.core.pool import Database, Row

KEPT = "90 days"
"""How long it is known when backups were made; files go by their number, see jobs/backups.py."""


@dataclass(frozen=True, slots=True)
class Backups:
    """The newest backup that went well and the newest of all, None where there is none."""

    good: Row | None
    newest: Row | None

    @property
    def error(self) -> str | None:
        """Why the newest one failed, None where it went well."""
        return self.newest["error"] if self.newest else None

    def age(self, now: datetime) -> timedelta | None:
        """How old what the newest good one holds is."""
        return now - self.good["begun_at"] if self.good else None

    def overdue(self, now: datetime, every: timedelta) -> bool:
        """Whether two in a row are missing."""
        age = self.age(now)
        return age is not None and age > 2 * every


@dataclass(frozen=True, slots=True)
class Attempt:
    """A backup that was tried: when it began (UTC), how long it took, on which machine, and into which file."""

    begun_at: datetime
    host: str
    path: str

    def seconds(self) -> float:
        """Seconds since it began."""
        return (datetime.now(UTC) - self.begun_at).total_seconds()


def add(connection: psycopg.Connection, attempt: Attempt, *, size: int | None = None, error: str | None = None) -> None:
    """Record how an attempt ended: with a file of `size` bytes, or with an error."""
    connection.execute(
        "INSERT INTO backups (begun_at, seconds, host, path, bytes, error) VALUES (%s, %s, %s, %s, %s, %s)",
        [attempt.begun_at, attempt.seconds(), attempt.host, attempt.path, size, error],
    )


def read(database: Database) -> Backups:
    """The newest of them.

    Raises:
        DatabaseDownError: they cannot be read.
    """
    rows = database.rows(
        "(SELECT * FROM backups WHERE error IS NULL ORDER BY begun_at DESC, id DESC LIMIT 1)"
        " UNION (SELECT * FROM backups ORDER BY begun_at DESC, id DESC LIMIT 1) ORDER BY begun_at DESC, id DESC"
    )
    good = next((row for row in rows if row["error"] is None), None)
    return Backups(good, rows[0] if rows else None)


def forget_old(database: Database) -> int:
    """Delete what is known of old ones; returns of how many."""
    return database.execute(f"DELETE FROM backups WHERE begun_at < now() - interval '{KEPT}'")
