"""Overlay: TimescaleDB's own series of migrations, applied where the server has it and the history is empty."""

from typing import Final

import psycopg
import structlog

from db.core import migrate
from db.core.pool import DatabaseDownError

log = structlog.get_logger(__name__)

STAGED: Final = "timescale_0001_hypertables"
"""The migration that makes hypertables beside the plain tables."""
PLACED: Final = "timescale_0002_columnstore"
"""The migration that puts them in their place."""


def upgrade(database_url: str) -> list[str]:
    """Bring both series up to date and return the plain one's migrations that were applied.

    The overlay goes on where it is, and onto an empty history; one with rows is moved by `db.timescale.move`.

    Raises:
        DatabaseDownError: the database cannot be reached.
    """
    applied = migrate.upgrade(database_url)
    try:
        with psycopg.connect(database_url, autocommit=True, connect_timeout=migrate.CONNECT_TIMEOUT) as guard:
            guard.execute("SELECT pg_advisory_lock(%s)", [migrate.LOCK])
            if placed(guard) or (_empty(guard) and usable(guard)):
                migrate.apply(database_url, migrate.OVERLAY)
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise DatabaseDownError(f"the database does not answer: {' '.join(str(error).split())}") from error
    return applied


def usable(connection: psycopg.Connection) -> bool:
    """Whether the server has TimescaleDB loaded, new enough, under the licence that its columnstore needs.

    The connection commits by itself.
    """
    loaded = connection.execute(LOADED).fetchone()
    if not loaded or loaded[0] is None or _version(loaded[0]) < LEAST:
        return False
    try:
        with connection.transaction(force_rollback=True):  # the licence is known to a database with the extension alone
            connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
            return connection.execute("SELECT current_setting('timescaledb.license')").fetchone() == ("timescale",)
    except psycopg.errors.InsufficientPrivilege:
        log.warning("TimescaleDB is loaded, but this role may not create the extension")
        return False


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("-", maxsplit=1)[0].split("."))


def placed(connection: psycopg.Connection) -> bool:
    """Whether the history is in hypertables."""
    return _applied(connection, PLACED)


def staged(connection: psycopg.Connection) -> bool:
    """Whether there are hypertables, in their place or still beside the plain tables."""
    return _applied(connection, STAGED)


def _applied(connection: psycopg.Connection, migration: str) -> bool:
    return connection.execute(f"SELECT FROM ({migrate.APPLIED}) m WHERE migration_id = %s", [migration]).rowcount > 0


def _empty(connection: psycopg.Connection) -> bool:
    return connection.execute(EMPTY).fetchone() == (True,)


LEAST: Final = (2, 18)
"""The first version whose columnstore takes INSERT … ON CONFLICT, and is called so."""
LOADED: Final = """
SELECT default_version FROM pg_available_extensions
WHERE name = 'timescaledb' AND current_setting('timescaledb.disable_load', true) = 'off'
"""
EMPTY: Final = """
SELECT NOT (EXISTS (SELECT FROM price_quotes) OR EXISTS (SELECT FROM price_months) OR EXISTS (SELECT FROM price_hours)
    OR EXISTS (SELECT FROM price_days) OR EXISTS (SELECT FROM price_weeks) OR EXISTS (SELECT FROM candles_1m)
    OR EXISTS (SELECT FROM candles_5m) OR EXISTS (SELECT FROM candles_15m) OR EXISTS (SELECT FROM candles_1h))
"""
