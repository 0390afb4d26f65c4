"""Roll-ups and their checks once more, in plain Python and fractions: what the program's arrays are compared with."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import isqrt
from typing import Any

ORIGIN = datetime(2000, 1, 3, tzinfo=UTC)
WIDTHS = {"price_1h": timedelta(hours=1), "price_24h": timedelta(days=1), "price_7d": timedelta(days=7)}


@dataclass(frozen=True)
class Tick:
    item_id: int
    time: datetime
    price: int
    volume: int | None
    rolling: bool | None


def rollup(ticks: Iterable[Tick], width: timedelta) -> dict[tuple[int, datetime], dict[str, Any]]:
    """Buckets by (item, bucket); average and deviation as exact as a float can say them."""
    groups: dict[tuple[int, datetime], list[Tick]] = defaultdict(list)
    for tick in ticks:
        groups[tick.item_id, tick.time - (tick.time - ORIGIN) % width].append(tick)
    return {key: _bucket(sorted(group, key=lambda tick: tick.time)) for key, group in groups.items()}


def _bucket(ticks: list[Tick]) -> dict[str, Any]:
    prices = [tick.price for tick in ticks]
    mean = Fraction(sum(prices), len(prices))
    variance = Fraction(sum((price - mean) * (price - mean) for price in prices)) / len(prices)
    own = [tick.volume for tick in ticks if tick.volume is not None and tick.rolling is False]
    figures = [tick for tick in ticks if tick.volume is not None and tick.rolling is True]
    volume, rolling, volume_time = None, None, None
    if own:
        volume, rolling = sum(own), False
    elif figures:
        volume, rolling, volume_time = figures[-1].volume, True, figures[-1].time
    return {
        "open": prices[0],
        "high": max(prices),
        "low": min(prices),
        "close": prices[-1],
        "average": float(mean),
        "stddev": _root(variance),
        "volume": volume,
        "volume_rolling": rolling,
        "samples": len(prices),
        "open_time": ticks[0].time,
        "close_time": ticks[-1].time,
        "volume_time": volume_time,
    }


def _root(value: Fraction) -> float:
    """The square root to 30 digits, then as a float."""
    scale = 10**60
    return float(Fraction(isqrt(int(value * scale)), 10**30))
