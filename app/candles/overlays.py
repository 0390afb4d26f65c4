"""Overlays: levels and indicators of a pair or an item, from its candles as of now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import redis

from app.analytics.arrays import Floats, Ints
from app.analytics.indicators import Candles, IndicatorRequest, compute
from app.candles import levels, series
from app.candles.level_watch import LevelWatch
from app.candles.levels import Enigma, Period, PeriodLevels
from db.candles import read
from db.candles.columns import CandleColumns
from db.candles.intervals import INTERVALS
from db.candles.read import Span
from db.candles.symbols import Pair
from db.core.pool import Database
from db.quotes import candles as quote_candles

DAYS: Mapping[Period, int] = {"day": 2, "week": 14, "month": 62, "year": 732}


@dataclass(frozen=True, slots=True)
class Bar:
    """One candle as levels read it."""

    open_time: int
    open: int
    high: int
    low: int


def enigma(database: Database, client: redis.Redis, pair: Pair) -> Enigma | None:
    """The all-time range from all days, and where the newest price lies in it; None without candles."""
    days = series.candles(database, client, pair, "1d", Span(limit=read.MAX_CANDLES))
    extremes = levels.all_time(_bars(days))
    return None if extremes is None else levels.enigma(extremes, int(days.close[-1]))


def level_watch(database: Database, client: redis.Redis, pair: Pair) -> LevelWatch | None:
    """A pair's levels as of its newest candle, to be kept up with its prices; None without candles."""
    days = series.candles(database, client, pair, "1d", Span(limit=read.MAX_CANDLES))
    extremes = levels.all_time(_bars(days))
    return None if extremes is None else LevelWatch(extremes, _bars(days), int(days.open_time[-1]))


def period_levels(database: Database, client: redis.Redis, pair: Pair, period: Period, now: int) -> PeriodLevels:
    """The range of the running UTC period and of the one before it."""
    days = series.candles(database, client, pair, "1d", Span(limit=DAYS[period]))
    price = int(days.close[-1]) if len(days) else None
    return levels.period_levels(_bars(days), period, now=now, price=price)


def every_level(days: Sequence[Bar], price: int, now: int) -> tuple[Enigma | None, dict[Period, PeriodLevels]]:
    """The all-time range and the ranges of all periods, from days in order of time."""
    extremes = levels.all_time(days)
    reach = {period: days[-DAYS[period] :] for period in DAYS}
    ranges = {period: levels.period_levels(reach[period], period, now=now, price=price) for period in DAYS}
    return None if extremes is None else levels.enigma(extremes, price), ranges


def pair_days(database: Database, client: redis.Redis, pair: Pair) -> tuple[list[Bar], int | None]:
    """A pair's days, the running one included, and its newest price; None without any."""
    days = series.candles(database, client, pair, "1d", Span(limit=read.MAX_CANDLES))
    return _bars(days), int(days.close[-1]) if len(days) else None


def item_days(database: Database, item_id: int, source: str) -> tuple[list[Bar], int | None]:
    """An item's days as a source quoted them, and its newest price; None without any."""
    days = quote_candles.candles(database, item_id, source, "1d")
    columns = (days.time, days.open, days.high, days.low)
    bars = [Bar(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]
    return bars, int(days.close[-1]) if len(days) else None


Series = dict[str, dict[str, Floats]]
"""Each request's text, and its indicator's series by name."""


def indicators(
    database: Database, client: redis.Redis, pair: Pair, interval: str, requests: Sequence[IndicatorRequest], span: Span
) -> tuple[Ints, Series]:
    """Open times of the newest `span.limit` candles, and each indicator's series of the same length, NaN where unknown.

    As many candles before them are read as the indicators need to show what all history would give, up to what one answer may
    hold. Prices are in units.
    """
    width = INTERVALS[interval]
    limit = min(span.limit + _lead(requests, width), 2 * read.MAX_CANDLES)
    since = None if span.since is None else span.since - _lead(requests, width) * width
    found = series.candles(database, client, pair, interval, Span(since, span.until, limit))
    first = max(0, len(found) - span.limit)
    if span.since is not None:
        first = max(first, int(np.searchsorted(found.open_time, span.since)))
    return found.open_time[first:], _computed(requests, as_arrays(pair, found), width, first)


def item_indicators(
    database: Database,
    item: tuple[int, int],
    source: str,
    window: str,
    requests: Sequence[IndicatorRequest],
    now: datetime,
) -> tuple[Ints, Series]:
    """The same along the bars that an item's chart has in a window. `item` is its number and its price scale.

    Hours without a quote are gaps, as everywhere: what is computed begins anew behind them.
    """
    item_id, scale = item
    shown = quote_candles.window_candles(database, item_id, source, window, now)
    width = quote_candles.SECONDS[shown.interval]
    if not len(shown):
        return shown.time, _computed(requests, _quoted(shown, scale), width, 0)
    since = datetime.fromtimestamp(int(shown.time[0]), now.tzinfo)
    lead = _lead(requests, width)
    found = quote_candles.candles(database, item_id, source, shown.interval, since=since, lead=lead)
    return found.time[found.lead :], _computed(requests, _quoted(found, scale), width, found.lead)


def _quoted(found: quote_candles.Candles, scale: int) -> Candles:
    opened, high, low, close = (getattr(found, name) / scale for name in ("open", "high", "low", "close"))
    volume = np.where(found.volume < 0, np.nan, found.volume.astype(np.float64))
    return Candles(found.time, opened, high, low, close, volume)


def _lead(requests: Sequence[IndicatorRequest], width: int) -> int:
    """Candles to read before those that are shown; for a running total as many as one answer holds."""
    leads = [request.indicator.lead(request.values, width) for request in requests]
    return max((read.MAX_CANDLES if one is None else one for one in leads), default=0)


def _computed(requests: Sequence[IndicatorRequest], candles: Candles, width: int, first: int) -> Series:
    return {
        request.text: {
            part: values[first:]
            for part, values in compute(request.indicator.name, request.values, candles, width).items()
        }
        for request in requests
    }


def as_arrays(pair: Pair, found: CandleColumns) -> Candles:
    """Candles in units of the quote and base currency."""
    opened, high, low, close = (getattr(found, name) / pair.price_scale for name in ("open", "high", "low", "close"))
    return Candles(found.open_time.astype(np.int64), opened, high, low, close, found.volume / pair.volume_scale)


def _bars(days: CandleColumns) -> list[Bar]:
    columns = (days.open_time, days.open, days.high, days.low)
    return [Bar(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]
