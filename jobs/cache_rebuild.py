"""`price:latest` in Redis compared with PostgreSQL, and put back after a restart; nothing in Redis is the only copy."""

import time
from collections.abc import Mapping
from typing import Any

import redis
import structlog

from app.live.publish import price_message
from db.core import redis as cache
from db.core.pool import Database
from db.operations.differences import ABSENT, Difference
from db.quotes import latest

log = structlog.get_logger(__name__)

SETTLED = 1.0
"""Seconds after which a quote that PostgreSQL has is in Redis, too."""


def rebuild_latest(database: Database, client: redis.Redis, items: list[int] | None = None) -> int:
    """Set `price:latest` of these items, or of all, from PostgreSQL; returns how many.

    PostgreSQL alone knows which quote is the newest and which source speaks for an item: late quotes are normal.
    """
    messages = _headlines(database, items)
    try:
        cache.set_latest(client, messages.values())
    except redis.RedisError as error:
        log.warning("price:latest not rebuilt: Redis does not answer", error=str(error))
        return 0
    return len(messages)


def wrong_latest(database: Database, client: redis.Redis) -> list[Difference]:
    """What `price:latest` says otherwise than PostgreSQL, twice a second apart: a quote on its way is no fault.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    first = _unlike(database, client)
    if not first:
        return []
    time.sleep(SETTLED)
    second = _unlike(database, client)
    return [difference for item, difference in second.items() if first.get(item) == difference]


def repair_latest(database: Database, client: redis.Redis) -> int:
    """Set `price:latest` anew and remove those of items without a headline price; returns how many keys were wrong."""
    found = _unlike(database, client)
    stray = [item for item, difference in found.items() if difference.expected == ABSENT]
    if stray:
        cache.forget_latest(client, stray)
    rebuild_latest(database, client)
    return len(found)


def _unlike(database: Database, client: redis.Redis) -> dict[int, Difference]:
    kept, right = cache.all_latest(client), _headlines(database)
    return {
        item: Difference("price:latest", item, None, None, "key", _text(kept.get(item)), _text(right.get(item)))
        for item in sorted(kept.keys() | right.keys())
        if kept.get(item) != right.get(item)
    }


def _text(message: Mapping[str, Any] | None) -> str:
    if message is None:
        return ABSENT
    return ", ".join(f"{name} {message.get(name)}" for name in ("price", "volume", "source", "timestamp"))


def _headlines(database: Database, items: list[int] | None = None) -> dict[int, dict[str, Any]]:
    return {
        row["item_id"]: price_message(row["item_id"], row["price"], row["volume"], row["source"], row["time"])
        for row in latest.headlines(database, items)
    }
