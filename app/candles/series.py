"""Candle series: stored candles of a pair with the one that still runs, as of now."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import orjson
import redis

from db.candles import read
from db.candles.columns import CandleColumns
from db.candles.combine import combine
from db.candles.intervals import INTERVALS, floor
from db.candles.read import Span
from db.candles.repairs import MINUTE
from db.candles.symbols import Pair
from db.core.pool import Database

RUNNING = "candle:running:{}"
"""Redis key of a pair's running minute, as JSON: open time in seconds, open, high, low, close, volume, trades."""


class NoSourceError(LookupError):
    """Nobody gives candles of this pair yet."""


@dataclass(frozen=True, slots=True)
class Series:
    """Candles, oldest first; the last one covers what has been of it. All that is traded before `until` (seconds) is in them."""

    columns: CandleColumns
    until: int

    def is_finished(self, interval: str) -> bool | None:
        """Whether the last candle can change no more; None without candles."""
        if not len(self.columns):
            return None
        return int(self.columns.open_time[-1]) + INTERVALS[interval] <= self.until


def candles(database: Database, client: redis.Redis, pair: Pair, interval: str, span: Span) -> CandleColumns:
    """The columns of `load`. Raises NoSourceError."""
    return load(database, client, pair, interval, span).columns


def load(database: Database, client: redis.Redis, pair: Pair, interval: str, span: Span) -> Series:
    """Candles of an interval with the minute that runs.

    Raises:
        NoSourceError: the pair has no source.
    """
    source = source_of(pair)
    # Read first: a minute that ends meanwhile is then among the stored ones, which are as of one moment.
    running = running_minute(client, pair.item_id)
    kept = read.stored(database, pair.item_id, source, interval, span)
    found, stored_until = kept.columns, 0 if kept.last_minute is None else kept.last_minute + MINUTE
    if running is None:
        return Series(found, stored_until)
    at = int(running.open_time[0])
    until = max(at, stored_until)
    opened = floor(at, interval)
    is_outside = (span.since is not None and opened < span.since) or (span.until is not None and opened >= span.until)
    if at < stored_until or is_outside:
        return Series(found, until)
    joined = combine(CandleColumns.join([found, running]), interval)
    return Series(joined.take(np.arange(max(0, len(joined) - span.limit), len(joined))), until)


def running_minute(client: redis.Redis, item_id: int) -> CandleColumns | None:
    """The minute that runs, as one candle; None where Redis does not have it or does not answer."""
    try:
        text = client.get(RUNNING.format(item_id))
    except redis.RedisError:
        return None  # the stored ones are right without it, and pages say that Redis is down
    if not isinstance(text, bytes):
        return None
    row: Sequence[int | None] = orjson.loads(text)
    return CandleColumns.of([[-1 if value is None else value for value in row]])


def source_of(pair: Pair) -> str:
    """The source of a pair's candles.

    Raises:
        NoSourceError: it has none.
    """
    if pair.source is None:
        raise NoSourceError(f"nobody gives candles of {pair.symbol} yet")
    return pair.source
