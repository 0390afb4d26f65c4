"""Status of the database, of Redis and of the collection."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import redis

from db.core.pool import Database, Row
from db.core.redis import WORKER, WORKERS
from db.operations import estimates


def database_data(database: Database) -> Row:
    """Size, version, connections and how much is stored; `answer_ms` is how long a trivial query took.

    `quotes` is PostgreSQL's own estimate of the rows in the history, null where it has none.
    """
    begun = time.monotonic()
    database.row("SELECT 1 AS one")
    answer_ms = (time.monotonic() - begun) * 1000
    found = database.row(
        "SELECT current_setting('server_version') AS version, pg_database_size(current_database()) AS bytes,"
        " pg_postmaster_start_time() AS up_since, (SELECT count(*) FROM items) AS items,"
        " (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()) AS connections,"
        " current_setting('max_connections')::integer AS most_connections,"
        f" price_rows_estimate() + ({estimates.PACKED}) AS quotes,"
        " to_regclass('price_archive') IS NOT NULL AND to_regclass('history_moved') IS NULL AS timescale,"
        " (SELECT max(time) FROM price_latest) AS newest_quote, least((SELECT min(bucket) FROM price_days),"
        " date_trunc('day', price_packed_since(), 'UTC')) AS oldest_day"
    )
    return {**(found or {}), "answer_ms": answer_ms}


def history_data(database: Database) -> Row:
    """Oldest day and newest quote of the history, and how long ago that was quoted; null where there is none."""
    found = database.row(
        "SELECT q.*, now() - q.newest AS lag FROM (SELECT least((SELECT min(bucket) FROM price_days),"
        " date_trunc('day', price_packed_since(), 'UTC'), (SELECT min(bucket) FROM price_hours)) AS oldest,"
        " (SELECT max(time) FROM price_latest) AS newest) q"
    )
    return found or {"oldest": None, "newest": None, "lag": None}


def redis_data(client: redis.Redis) -> Row:
    """Version, memory, clients, and how long an answer took.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    begun = time.monotonic()
    client.ping()
    answer_ms = (time.monotonic() - begun) * 1000
    info: Any = client.info()
    kind = "Valkey" if info.get("server_name") == "valkey" else "Redis"
    return {
        "version": f"{kind} {info.get('valkey_version', info['redis_version'])}",
        "bytes": info["used_memory"],
        "clients": info["connected_clients"],
        "up_seconds": info["uptime_in_seconds"],
        "answer_ms": answer_ms,
    }


@dataclass(frozen=True, slots=True)
class Worker:
    """A process of the instance: its last heartbeat in seconds since 1970, and what it says that it does, None before that."""

    name: str
    heartbeat: float
    does: Mapping[str, Any] | None

    @property
    def may_collect(self) -> bool:
        """Whether it runs the jobs, as far as is known."""
        return self.does is None or bool(self.does["leads"])

    @property
    def tasks(self) -> int:
        """How many tasks run in it."""
        return len(self.does["tasks"]) if self.does else 0


def workers(client: redis.Redis) -> list[Worker]:
    """Each process by its last heartbeat, newest first.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    found: Any = client.zrange(WORKERS, 0, -1, desc=True, withscores=True)
    names = [member.decode() for member, _ in found]
    said: Any = client.mget([WORKER.format(name) for name in names]) if names else []
    return [
        Worker(name, float(score), orjson.loads(text) if text else None)
        for name, (_, score), text in zip(names, found, said, strict=True)
    ]


def provider_rates(database: Database) -> dict[str, Row]:
    """Per provider, the cycles of the last five minutes: quotes fetched and stored per minute, and rows refused."""
    found = database.rows(
        "SELECT provider, sum(fetched) / 5.0 AS fetched, sum(stored) / 5.0 AS stored, sum(rejected) AS rejected,"
        " avg(extract(epoch FROM finished_at - started_at)) AS seconds"
        " FROM ingest_cycles WHERE finished_at > now() - interval '5 minutes' GROUP BY provider"
    )
    return {row["provider"]: row for row in found}
