"""Bring a database to the newest schema: plain SQL files, applied in order by yoyo."""

from functools import cache
from pathlib import Path

from yoyo import get_backend, read_migrations

from db.pool import Database

FOLDER = Path(__file__).with_name("migrations")


def yoyo_url(database_url: str) -> str:
    """The same database, through psycopg 3."""
    return database_url.replace("postgresql://", "postgresql+psycopg://", 1).replace(
        "postgres://", "postgresql+psycopg://", 1
    )


def upgrade(database_url: str) -> list[str]:
    """Apply what is missing and return its names; several processes may ask at once."""
    backend = get_backend(yoyo_url(database_url))
    migrations = read_migrations(str(FOLDER))
    try:
        with backend.lock():
            pending = backend.to_apply(migrations)
            backend.apply_migrations(pending)
            return [migration.id for migration in pending]
    finally:
        backend.connection.close()


def missing(database: Database) -> list[str]:
    """Names of the migrations that the database lacks; quick enough for a health check.

    Raises:
        DatabaseDownError: the database does not answer.
    """
    applied = {row["migration_id"] for row in database.rows("SELECT migration_id FROM _yoyo_migration")}
    return [name for name in names() if name not in applied]


@cache
def names() -> tuple[str, ...]:
    """All migrations, in order."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.sql")))
