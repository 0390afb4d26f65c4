"""Bring a database to the newest schema: plain SQL files, applied in order by yoyo."""

from pathlib import Path

from yoyo import get_backend, read_migrations

FOLDER = Path(__file__).with_name("migrations")


def yoyo_url(database_url: str) -> str:
    """The same database, through psycopg 3."""
    return database_url.replace("postgresql://", "postgresql+psycopg://", 1).replace("postgres://", "postgresql+psycopg://", 1)


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


def pending(database_url: str) -> list[str]:
    """Names of the migrations that the database still lacks."""
    backend = get_backend(yoyo_url(database_url))
    try:
        return [migration.id for migration in backend.to_apply(read_migrations(str(FOLDER)))]
    finally:
        backend.connection.close()
