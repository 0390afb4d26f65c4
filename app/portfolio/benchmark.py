"""Benchmark: a portfolio's history beside the value of the same flows in the market index."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from threading import Lock
from typing import Any, Final

import numpy as np
from cachetools import TTLCache
from flask import current_app

from app.analytics.arrays import Floats
from app.analytics.portfolio.index import market_index
from app.providers.markets import MARKETS
from db.core.pool import Database
from db.portfolio import prices

EXTENSION: Final = "tracera.market_index"
SPANS: Final = (31, 91, 366)
"""Days that are read: the least that covers a history. Before a year ago there is no benchmark."""
CACHE_SECONDS: Final = 900
MAX_POINTS: Final = 1500
MIN_MOVE: Final = 0.005
"""Deposits and withdrawals from this share of the value on are marked."""
_LOCK: Final = Lock()
Levels = tuple[Floats, Floats]


def timeline(snapshots: Sequence[Mapping[str, Any]], levels: Levels | None) -> dict[str, Any]:
    """Columns over m valuations of one currency, oldest first.

    `time` in seconds since 1970, `value` in minor units, `growth` as a fraction since the first, `moves` of
    {time, amount}: deposits positive, withdrawals negative. `without_price` counts what is held without a price, or at one of
    more than two weeks ago; a value of which nothing at all is known is null. `market` is the index's change since the first as a fraction
    and `benchmark` the value of the same deposits and withdrawals had they moved with it; both null where the index is
    unknown.
    """
    rows = thinned(snapshots)
    flows = [_moved(after) - _moved(before) for before, after in pairwise([*rows[:1], *rows])]
    times = np.array([row["time"].timestamp() for row in rows], dtype=np.float64)
    found = at_times(levels, times)
    first = rows[0]["growth"] if rows else 1.0
    return {
        "time": times.tolist(),
        "value": [None if _is_unknown(row) else row["value"] for row in rows],
        "without_price": [row.get("unpriced", 0) + row.get("stale", 0) for row in rows],
        "growth": [row["growth"] / first - 1 if first > 0 else None for row in rows],
        "market": [None] * len(rows) if found is None else (found / found[0] - 1).tolist(),
        "benchmark": _benchmark_values([row["value"] for row in rows], flows, found),
        "moves": [
            {"time": time, "amount": flow}
            for time, flow, row in zip(times.tolist(), flows, rows, strict=True)
            if flow and abs(flow) >= MIN_MOVE * max(row["value"], abs(flow))
        ],
    }


def thinned(snapshots: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """At most `MAX_POINTS` of them, evenly, always with the first and last; sums in them make nothing get lost."""
    if len(snapshots) <= MAX_POINTS:
        return list(snapshots)
    chosen = np.unique(np.linspace(0, len(snapshots) - 1, MAX_POINTS).round().astype(int))
    return [snapshots[place] for place in chosen.tolist()]


def at_times(levels: Levels | None, times: Floats) -> Floats | None:
    """The index at some moments, between two closes on the line between them; None where it does not reach back so far."""
    if levels is None or not len(times) or times[0] < levels[0][0]:
        return None
    return np.interp(times, *levels)


def market_levels(database: Database, market: str, first: datetime, now: datetime) -> Levels | None:
    """A market's closes: times in seconds, levels; from before `first` where a year reaches that far. Kept for a while.

    Raises:
        DatabaseDownError: not now.
    """
    days = (now - first).days + 2
    span = next((span for span in SPANS if span >= days), None)
    if span is None:
        return None
    cache = _cache()
    with _LOCK:
        known: Levels | None = cache.get((market, span))
    if known is None:
        known = _read(database, market, span, now)
        with _LOCK:
            cache[market, span] = known
    return known if len(known[0]) > 1 else None


def _read(database: Database, market: str, span: int, now: datetime) -> Levels:
    midnight = datetime(now.year, now.month, now.day, tzinfo=UTC) - timedelta(days=span - 1)
    _, closes, volume = prices.daily(database, None, midnight, span, market=market)
    # A source that tells no sales says nothing of an item's weight: one each.
    levels = market_index(closes, np.where(np.isfinite(volume), volume, 1.0))
    ends = np.array([midnight.timestamp() + 86_400 * day for day in range(1, span + 1)], dtype=np.float64)
    ends[-1] = now.timestamp()
    known = np.isfinite(levels)
    return ends[known], np.asarray(levels[known], dtype=np.float64)


def _cache() -> TTLCache[tuple[str, int], Levels]:
    with _LOCK:
        found: TTLCache[tuple[str, int], Levels] | None = current_app.extensions.get(EXTENSION)
        if found is None:
            found = TTLCache(len(SPANS) * len(MARKETS), CACHE_SECONDS)
            current_app.extensions[EXTENSION] = found
        return found


def _is_unknown(row: Mapping[str, Any]) -> bool:
    """Whether there are holdings, and none has a price or a known cost."""
    return not row.get("priced", 1) and 0 < row.get("unpriced", 0) == row.get("unknown", 0)


def _moved(row: Mapping[str, Any]) -> int:
    moved: int = row["deposits"] - row["withdrawals"]
    return moved


def _benchmark_values(values: list[int], flows: list[int], levels: Floats | None) -> list[int | None]:
    """The value of the same flows, moved by the levels; nothing is left of a withdrawal of more than there was."""
    if levels is None:
        return [None] * len(values)
    value = float(values[0])
    found: list[int | None] = [values[0]]
    for step, flow in zip((levels[1:] / levels[:-1]).tolist(), flows[1:], strict=True):
        value = max(0.0, value * step + flow)
        found.append(round(value))
    return found
