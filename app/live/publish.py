"""Publish: writes the contract's price and measure messages to Redis."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import redis
import structlog

from app.items.matching import Matched
from db.core import redis as cache

log = structlog.get_logger(__name__)


def rfc3339(moment: datetime) -> str:
    """A time in UTC with a Z, to the microsecond where it has any."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


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


def publish_prices(client: redis.Redis, matched: Matched) -> None:
    """Publish stored quotes; while Redis is down they are only stored."""
    pairs = zip(matched.quotes, matched.items, strict=True)
    _send(
        client,
        cache.PRICES,
        (price_message(item.id, quote.price, quote.volume, quote.source, quote.quoted_at) for quote, item in pairs),
    )


def publish_measures(client: redis.Redis, messages: Iterable[Mapping[str, Any]]) -> None:
    """Publish measures."""
    _send(client, cache.VOLATILITY, messages)


def _send(client: redis.Redis, channel: str, messages: Iterable[Mapping[str, Any]]) -> None:
    try:
        cache.publish_messages(client, channel, messages)
    except redis.RedisError as error:
        log.warning("nothing published: Redis does not answer", channel=channel, error=str(error))
