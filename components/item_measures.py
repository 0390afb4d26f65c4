"""Measures of windows longer than those that are kept: from daily closes, when a page asks for them."""

from datetime import UTC, datetime
from typing import Any

import numpy as np

from app.analytics import measure
from db import charts
from db.charts import Candles
from db.pool import Database, Row

LONG = ("1y", "all")
"""The windows of `db.charts.SPANS` that no job measures."""
DAY = 86_400
NEEDED = (
    "return_volatility", "ewma_volatility", "percent_change", "trend_slope", "trend_r2", "coefficient_of_variation",
    "rolling_stddev", "sharpe", "max_drawdown", "percent_b", "bandwidth", "bollinger_upper", "bollinger_lower", "atr",
)  # fmt: skip


def long_measures(database: Database, item_id: int, source: str, window: str, now: datetime) -> Row | None:
    """Measures of a window of `LONG` up to `now` (aware), shaped like those of `db.item_read`; None without quotes.

    "all" reaches from the first quoted day to the last.
    """
    length = charts.SPANS[window].length
    # The day that has begun counts as one of the window's.
    first = (
        None if length is None else datetime.fromtimestamp(_day(now.timestamp() - length.total_seconds()) + DAY, UTC)
    )
    found = charts.candles(database, item_id, source, "1d", since=first, lead=1)
    if not len(found):
        return None
    start = int(found.time[found.lead]) if first is None else int(first.timestamp())
    end = int(found.time[-1]) if first is None else _day(now.timestamp())
    return of_candles(found, start, end)


def of_candles(found: Candles, start: int, end: int) -> Row:
    """Measures of daily candles from the day `start` to the day `end`, both included, in seconds since 1970."""
    shown = slice(found.lead, None)
    place = (found.time[shown] - start) // DAY
    before = float(found.close[found.lead - 1]) if found.lead else np.nan
    matrix: dict[str, Any] = {}
    for name in ("close", "high", "low"):
        row = np.full((1, (end - start) // DAY + 1), np.nan)
        row[0, place] = getattr(found, name)[shown]
        matrix[name] = row
    result = measure(
        matrix["close"],
        bucket_seconds=DAY,
        previous_close=np.array([before]),
        high=matrix["high"],
        low=matrix["low"],
    )
    values = {name: float(getattr(result, name)[0]) for name in NEEDED}
    return {name: None if np.isnan(value) else value for name, value in values.items()} | {
        "samples": int(result.samples[0]),
        "last_price": int(found.close[-1]),
        "previous": int(found.close[found.lead - 1] if found.lead else found.close[0]),
    }


def _day(seconds: float) -> int:
    return int(seconds // DAY) * DAY
