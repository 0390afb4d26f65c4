"""Candle combination: longer candles from ascending shorter ones in memory, as roll-ups make them in the database."""

import numpy as np

from db.candles.columns import CandleColumns
from db.candles.intervals import floor


def combine(candles: CandleColumns, interval: str) -> CandleColumns:
    """Ascending candles of shorter intervals, put together into those of `interval`."""
    if not len(candles):
        return candles
    begins = floor(candles.open_time, interval)
    first = np.flatnonzero(np.append(True, begins[1:] != begins[:-1]))
    last = np.append(first[1:], len(begins)) - 1
    unknown = np.minimum.reduceat(candles.trades, first) < 0
    return CandleColumns(
        begins[first],
        candles.open[first],
        np.maximum.reduceat(candles.high, first),
        np.minimum.reduceat(candles.low, first),
        candles.close[last],
        np.add.reduceat(candles.volume, first),
        np.where(unknown, -1, np.add.reduceat(candles.trades, first)),
    )
