"""Checks of the parts: PostgreSQL and Redis answer, their versions, the schema, the clocks."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import redis

from app.commands.diagnosis.finding import Finding
from app.runtime import Services
from db.core import migrate
from db.core.pool import Database, DatabaseDownError

OLDEST_POSTGRES: Final = 16
CLOCK_SECONDS: Final = 2.0
"""Clocks that differ by more make prices look older or younger than they are."""


def check_parts(held: Services) -> Iterator[Finding]:
    """PostgreSQL, its schema and clock, and Redis."""
    try:
        yield from _database(held.database)
    except DatabaseDownError as error:
        yield Finding("database", "failed", str(error), "start PostgreSQL, or correct TRACERA_DATABASE_URL")
    try:
        version = str(held.redis.info("server")["redis_version"])
    except redis.RedisError as error:
        yield Finding("redis", "failed", str(error), "start Redis or Valkey, or correct TRACERA_REDIS_URL")
    else:
        yield Finding("redis", "ok", f"answers, version {version}")


def _database(database: Database) -> Iterator[Finding]:
    row = database.row("SELECT current_setting('server_version_num')::int AS version, clock_timestamp() AS time")
    now = datetime.now(UTC)
    major = row["version"] // 10_000 if row else 0
    if major < OLDEST_POSTGRES:
        yield Finding("database", "warning", f"PostgreSQL {major}", f"use PostgreSQL {OLDEST_POSTGRES} or later")
    else:
        yield Finding("database", "ok", f"answers, PostgreSQL {major}")
    missing = migrate.missing(database)
    if missing:
        yield Finding("schema", "failed", f"not applied: {', '.join(missing)}", "run tracera db upgrade")
    else:
        yield Finding("schema", "ok", f"{len(migrate.names())} migrations applied")
    if row:
        yield check_clock("PostgreSQL", (now - row["time"]).total_seconds())


def check_clock(other: str, ahead: float) -> Finding:
    """Compare clocks: `ahead` is how many seconds this machine's is ahead of the other's."""
    if abs(ahead) <= CLOCK_SECONDS:
        return Finding("clock", "ok", f"agrees with that of {other}")
    where = "ahead of" if ahead > 0 else "behind"
    return Finding("clock", "warning", f"{abs(ahead):.0f} s {where} that of {other}", "synchronise it, by NTP for one")
