"""Migrations: bring a database to the newest schema by plain SQL files, applied in order by yoyo.

Two series: the schema that every PostgreSQL takes, and beside it TimescaleDB's overlay, where the server has it.
"""

from functools import cache
from pathlib import Path

import psycopg
from yoyo import get_backend, read_migrations

from db.core.pool import Database, DatabaseDownError

LOCK = 730_730_731
"""The key of the advisory lock that migrations are applied under."""
CONNECT_TIMEOUT = 10
APPLIED = "SELECT migration_id FROM _yoyo_migration"
FOLDER = Path(__file__).resolve().parents[1] / "migrations"
OVERLAY = FOLDER.parent / "timescale"
"""The series that db/timescale/overlay.py and db/timescale/move.py decide about."""


def yoyo_url(database_url: str) -> str:
    """The same database, through psycopg 3."""
    return database_url.replace("postgresql://", "postgresql+psycopg://", 1).replace(
        "postgres://", "postgresql+psycopg://", 1
    )


def upgrade(database_url: str) -> list[str]:
    """Apply what is missing and return its names; several processes may ask at once.

    Raises:
        DatabaseDownError: the database cannot be reached.
    """
    try:
        with psycopg.connect(database_url, autocommit=True, connect_timeout=CONNECT_TIMEOUT) as guard:
            guard.execute("SELECT pg_advisory_lock(%s)", [LOCK])
            return [] if _complete(guard) else apply(database_url, FOLDER)
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise DatabaseDownError(f"the database does not answer: {' '.join(str(error).split())}") from error


def _complete(connection: psycopg.Connection) -> bool:
    """Whether nothing is missing; yoyo looks through every installed package before it can tell."""
    known = connection.execute("SELECT to_regclass('_yoyo_migration')").fetchone()
    return known != (None,) and {name for (name,) in connection.execute(APPLIED)}.issuperset(names())


def apply(database_url: str, folder: Path, *, until: str | None = None) -> list[str]:
    """Apply what is missing of a series, up to the migration named `until`; the caller holds `LOCK`."""
    backend = get_backend(yoyo_url(database_url))
    try:
        # Its own lock is a row, which a killed process leaves behind for good; ours lets no other process be here.
        backend.break_lock()
        series = read_migrations(str(folder))
        pending = backend.to_apply(series.filter(lambda migration: until is None or migration.id <= until))
        backend.apply_migrations(pending)
        return [migration.id for migration in pending]
    finally:
        backend.connection.close()


def missing(database: Database) -> list[str]:
    """Names of the migrations that the database lacks; quick enough for a health check.

    Raises:
        DatabaseDownError: the database does not answer.
    """
    applied = {row["migration_id"] for row in database.rows(APPLIED)}
    return [name for name in names() if name not in applied]


@cache
def names() -> tuple[str, ...]:
    """All migrations, in order."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.sql")))
