"""Publish: writes the contract's price and measure messages to Redis."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import redis
import structlog

from app.items.matching import Matched
from app.times import rfc3339
from db.core import price_log
from db.core import redis as cache

log = structlog.get_logger(__name__)


def price_message(item_id: int, price: int, volume: int | None, source: str, at: datetime) -> dict[str, Any]:
    """The contract's price message."""
    return {
        "type": "price",
        "item_id": item_id,
        "price": price,
        "volume": volume,
        "source": source,
        "timestamp": rfc3339(at),
    }


def levels_message(
    item_id: int, price: int, enigma: float | None, events: list[dict[str, Any]], source: str, at: datetime
) -> dict[str, Any]:
    """What a price changed of an item's levels."""
    return {
        "type": "levels",
        "item_id": item_id,
        "price": price,
        "enigma": enigma,
        "events": events,
        "source": source,
        "timestamp": rfc3339(at),
    }


def publish_prices(client: redis.Redis, matched: Matched, moments: dict[str, int]) -> None:
    """Publish stored quotes; while Redis is down they are only stored.

    Args:
        client: the Redis.
        matched: what is published.
        moments: when they were `received` and `stored`, in milliseconds since 1970.
    """
    pairs = zip(matched.quotes, matched.items, strict=True)
    messages = (
        price_message(item.id, quote.price, quote.volume, quote.source, quote.quoted_at) | moments
        for quote, item in pairs
    )
    try:
        price_log.publish_prices(client, messages)
    except redis.RedisError as error:
        log.warning("nothing published: Redis does not answer", channel=cache.PRICES, error=str(error))


def publish_measures(client: redis.Redis, messages: Iterable[Mapping[str, Any]]) -> None:
    """Publish measures; while Redis is down they are only stored."""
    try:
        cache.publish_messages(client, cache.VOLATILITY, messages)
    except redis.RedisError as error:
        log.warning("nothing published: Redis does not answer", channel=cache.VOLATILITY, error=str(error))
