"""Status of the database, of Redis and of the collection."""

import time
from typing import Any

import redis

from db.core.pool import Database, Row
from db.core.redis import WORKERS
from db.operations import estimates


def database_data(database: Database) -> Row:
    """Size, version, connections and how much is kept; `answer_ms` is how long a trivial query took.

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
        f" (SELECT {estimates.ALL_ROWS} FROM pg_class c"
        "   JOIN pg_inherits h ON h.inhrelid = c.oid WHERE h.inhparent = 'price_history'::regclass) AS quotes,"
        " EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'timescaledb') AS timescale,"
        " (SELECT max(time) FROM price_latest) AS newest_quote, (SELECT min(bucket) FROM price_24h) AS oldest_day"
    )
    return {**(found or {}), "answer_ms": answer_ms}


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


def workers(client: redis.Redis) -> list[tuple[str, float]]:
    """Each worker with its last heartbeat in seconds since 1970, newest first.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    found: Any = client.zrange(WORKERS, 0, -1, desc=True, withscores=True)
    return [(member.decode(), float(score)) for member, score in found]


def provider_rates(database: Database) -> dict[str, Row]:
    """Per provider, the cycles of the last five minutes: quotes fetched and stored per minute, and rows refused."""
    found = database.rows(
        "SELECT provider, sum(fetched) / 5.0 AS fetched, sum(stored) / 5.0 AS stored, sum(rejected) AS rejected,"
        " avg(extract(epoch FROM finished_at - started_at)) AS seconds"
        " FROM ingest_cycles WHERE finished_at > now() - interval '5 minutes' GROUP BY provider"
    )
    return {row["provider"]: row for row in found}
