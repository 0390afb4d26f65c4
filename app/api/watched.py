"""Watched items: what a watchlist says of each, as JSON."""

from datetime import UTC, datetime
from typing import Any, Literal

import redis
from pydantic import BaseModel, Field

from app.candles import feeds, levels
from app.candles.levels import AllTime
from app.runtime import services
from db.candles import read
from db.core.pool import Row
from db.items.newest import newest

QUIET_MS = 60_000
"""A stream of an exchange that said nothing for so long is behind."""

Sync = Literal["live", "behind", "halted"]


class Watched(BaseModel):
    """An item that is watched: prices in minor units, `price_scale` of which make one unit; null is unknown."""

    item_id: int
    market: str
    symbol: str = Field(description="Its market_hash_name.")
    currency: str
    price_scale: int
    volume_scale: int | None = Field(
        description="Minor units of one unit of a pair's volume; null for items, which are counted."
    )
    source: str | None
    price: int | None
    bid: int | None
    ask: int | None
    change: float | None = Field(description="Of the last 24 hours, in percent.")
    volume: int | None = Field(description="Of a pair in 24 hours; of an item what its source tells.")
    enigma: float | None = Field(description="Of a pair: 0 at its all-time low, 100 at its all-time high.")
    sync: Sync | None = Field(
        description="`live`, `behind` where nothing came for longer than is usual, `halted` where a pair is not traded; null without a price."
    )
    time: str | None = Field(description="When the price was quoted.")


def watched(items: list[Row]) -> list[dict[str, Any]]:
    """Rows of `Watched` of a user's watchlist, in its order."""
    ids = [item["item_id"] for item in items]
    database = services().database
    prices, ranges, streams = newest(database, ids), read.extremes(database, ids), _streams()
    return [_row(prices[item], ranges.get(item), streams) for item in ids]


def _row(row: Row, extremes: tuple[int, int] | None, streams: dict[str, bool]) -> dict[str, Any]:
    price, base = row["price"], row["base_price"]
    names = ("item_id", "market", "symbol", "currency", "price_scale", "volume_scale", "source", "price", "bid", "ask")
    return {
        **{name: row[name] for name in names},
        "change": 100 * (price - base) / base if price is not None and base else None,
        "volume": row["volume"],
        "enigma": None if extremes is None else levels.enigma(AllTime(extremes[0], 0, extremes[1], 0), price).level,
        "sync": _sync(row, streams),
        "time": row["time"],
    }


def _sync(row: Row, streams: dict[str, bool]) -> Sync | None:
    if row["price"] is None:
        return None
    if row["status"] is None:
        is_live = row["stale_after"] is None or (datetime.now(UTC) - row["time"]).total_seconds() <= row["stale_after"]
        return "live" if is_live else "behind"
    if row["status"] != "trading":
        return "halted"
    return "live" if streams.get(row["source"]) else "behind"


def _streams() -> dict[str, bool]:
    """Of each exchange whether its stream is open and speaks; none of them while Redis does not answer."""
    try:
        states = feeds.states(services().redis)
    except redis.RedisError:
        return {}
    return {
        state["exchange"]: state["ws_state"] == "open" and (state["last_msg_age_ms"] or 0) < QUIET_MS
        for state in states
    }
