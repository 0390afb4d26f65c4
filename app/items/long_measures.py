"""Long measures: windows that no job measures, from daily closes, when a page asks for them."""

from datetime import UTC, datetime
from typing import Any

import numpy as np

from app.analytics import base_reach, measure
from app.analytics.arrays import Bools
from app.items import outliers
from db.core.pool import Database, Row
from db.quotes import candles
from db.quotes.candles import Candles

LONG_WINDOWS = ("1y", "all")
"""The windows of `db.quotes.candles.SPANS` that no job measures."""
DAY = 86_400
LEAD = 5
"""Closes before the window: neighbours of its first ones, and the base of its change."""
NEEDED = (
    "return_volatility", "ewma_volatility", "percent_change", "trend_slope", "trend_r2", "coefficient_of_variation",
    "rolling_stddev", "sharpe", "max_drawdown", "percent_b", "bandwidth", "bollinger_upper", "bollinger_lower", "atr",
)  # fmt: skip


def long_measures(database: Database, item_id: int, source: str, window: str, now: datetime) -> Row | None:
    """Measures of a window of `LONG_WINDOWS` up to `now` (aware), shaped like those of `db.items.details`; None without quotes.

    "all" reaches from the first quoted day to the last.
    """
    length = candles.SPANS[window].length
    # The day that has begun counts as one of the window's.
    first = (
        None if length is None else datetime.fromtimestamp(_day(now.timestamp() - length.total_seconds()) + DAY, UTC)
    )
    found = candles.candles(database, item_id, source, "1d", since=first, lead=LEAD)
    if not len(found):
        return None
    start = int(found.time[found.lead]) if first is None else int(first.timestamp())
    end = int(found.time[-1]) if first is None else _day(now.timestamp())
    return of_candles(found, start, end)


def of_candles(found: Candles, start: int, end: int) -> Row:
    """Measures of daily candles from the day `start` to the day `end`, both included, in seconds since 1970.

    Outliers are left out; where there are any, `outliers` tells them and `unscreened` holds the measures of all closes.
    """
    outlier = outliers.of_candles(found)
    row = _measures(found, ~outlier, start, end)
    odd = outlier & (np.arange(len(outlier)) >= max(0, found.lead - 1))
    if odd.any():
        everything = np.ones(len(outlier), dtype=np.bool_)
        row |= {"outliers": outliers.as_rows(found, odd), "unscreened": _measures(found, everything, start, end)}
    return row


def _measures(found: Candles, usable: Bools, start: int, end: int) -> Row:
    inside = np.arange(len(usable)) >= found.lead
    shown, before = np.flatnonzero(usable & inside), np.flatnonzero(usable & ~inside)
    matrix: dict[str, Any] = {}
    for name in ("close", "high", "low"):
        row = np.full((1, (end - start) // DAY + 1), np.nan)
        row[0, (found.time[shown] - start) // DAY] = getattr(found, name)[shown]
        matrix[name] = row
    base = int(found.close[before[-1]]) if len(before) else None
    result = measure(
        matrix["close"],
        bucket_seconds=DAY,
        previous_close=np.array([np.nan if base is None else float(base)]),
        high=matrix["high"],
        low=matrix["low"],
    )
    values = {name: float(getattr(result, name)[0]) for name in NEEDED}
    measures: Row = {name: None if np.isnan(value) else value for name, value in values.items()}
    if len(before) and start - int(found.time[before[-1]]) > base_reach(end - start + DAY):
        measures["percent_change"] = base = None
    elif base is None:
        base = int(found.close[shown[0]])
    return measures | {
        "samples": int(result.samples[0]),
        "last_price": int(found.close[shown[-1]]),
        "previous": base,
    }


def _day(seconds: float) -> int:
    return int(seconds // DAY) * DAY
