"""Cache rebuild: compares `price:latest` in Redis with PostgreSQL and sets it again; nothing in Redis is the only copy."""

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

RECHECK_DELAY = 1.0
"""Seconds after which a quote that PostgreSQL has is in Redis, too."""


def rebuild_latest(database: Database, client: redis.Redis, items: list[int] | None = None) -> int:
    """Set `price:latest` of these items from PostgreSQL, or of all and of none else; returns how many.

    PostgreSQL alone knows which quote is the newest and which source speaks for an item: late quotes are normal.
    """
    try:
        before = cache.latest_items(client) if items is None else set()
        messages = _headlines(database, items)
        cache.forget_latest(client, before - messages.keys())
        cache.set_latest(client, messages.values())
    except redis.RedisError as error:
        log.warning("price:latest not rebuilt: Redis does not answer", error=str(error))
        return 0
    return len(messages)


def latest_differences(database: Database, client: redis.Redis) -> list[Difference]:
    """Differences between `price:latest` and PostgreSQL that last for a second: a quote on its way is no fault.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    first = _differences(database, client)
    if not first:
        return []
    time.sleep(RECHECK_DELAY)
    second = _differences(database, client)
    return [difference for item, difference in second.items() if first.get(item) == difference]


def repair_latest(database: Database, client: redis.Redis) -> int:
    """Set `price:latest` anew and remove those of items without a headline price; returns how many keys were wrong."""
    found = _differences(database, client)
    rebuild_latest(database, client)
    return len(found)


def _differences(database: Database, client: redis.Redis) -> dict[int, Difference]:
    stored, expected = cache.all_latest(client), _headlines(database)
    return {
        item: Difference("price:latest", item, None, None, "key", _text(stored.get(item)), _text(expected.get(item)))
        for item in sorted(stored.keys() | expected.keys())
        if stored.get(item) != expected.get(item)
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
