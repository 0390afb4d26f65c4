"""Indicators of volume: functions of an unbroken run."""

import itertools

import numpy as np

from app.analytics.arrays import SECONDS_PER_DAY, Floats
from app.analytics.indicators.candles import Candles
from app.analytics.indicators.library import talib
from app.analytics.indicators.parameters import Values


def obv(candles: Candles, _values: Values) -> tuple[Floats]:
    """On-balance volume: begun with the first volume, plus that of candles that close higher, minus lower ones."""
    return (talib.OBV(candles.close, candles.volume),)


def vwap(candles: Candles, _values: Values) -> tuple[Floats]:
    """Volume-weighted average of (high + low + close) / 3 since the UTC day began; unknown without volume."""
    days = np.flatnonzero(np.diff(candles.open_time // SECONDS_PER_DAY)) + 1
    result = np.full(len(candles), np.nan)
    for begin, end in itertools.pairwise([0, *days.tolist(), len(candles)]):
        day = candles.part(slice(begin, end))
        average = talib.VWAP(day.high, day.low, day.close, day.volume)
        result[begin:end] = np.where(np.cumsum(day.volume) > 0, average, np.nan)
    return (result,)
