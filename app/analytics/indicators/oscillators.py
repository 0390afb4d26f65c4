"""Oscillators: functions of an unbroken run with a scale of their own."""

import numpy as np

from app.analytics.arrays import Floats
from app.analytics.indicators.candles import Candles
from app.analytics.indicators.library import talib
from app.analytics.indicators.parameters import Values, whole
from app.analytics.indicators.still import along_moving_parts

ROUNDING = 1e-12
"""A mean deviation below this part of the price is rounding, not movement."""


def rsi(candles: Candles, values: Values) -> tuple[Floats]:
    """Relative strength index, 0 to 100: Wilder's average of gains / (gains + losses); unknown without either."""
    close, n = candles.close, whole(values, "period")
    return (along_moving_parts(np.diff(close) != 0, n, lambda part: talib.RSI(close[part], n)),)


def macd(candles: Candles, values: Values) -> tuple[Floats, Floats, Floats]:
    """MACD, signal, histogram: EMA(fast) - EMA(slow) of the closes, the EMA of that, and their difference."""
    return talib.MACD(candles.close, whole(values, "fast"), whole(values, "slow"), whole(values, "signal"))


def stochastic(candles: Candles, values: Values) -> tuple[Floats, Floats]:
    """%K and %D, 0 to 100: the close's place in the range of n candles, smoothed by two SMAs.

    Unknown where one of the ranges that a value is the mean of is 0.
    """
    n, slowing, smoothing = whole(values, "period"), whole(values, "slowing"), whole(values, "smoothing")
    k, d = talib.STOCH(
        candles.high, candles.low, candles.close, fastk_period=n, slowk_period=slowing, slowd_period=smoothing
    )
    flat = _highest(candles.high, n) == _lowest(candles.low, n)
    if not flat.any():
        return k, d
    flat_k = _highest(flat.astype(np.float64), slowing)
    return np.where(flat_k > 0, np.nan, k), np.where(_highest(flat_k, smoothing) > 0, np.nan, d)


def atr(candles: Candles, values: Values) -> tuple[Floats]:
    """Average true range in the unit of the prices, Wilder's; 0 where nothing moved."""
    return (talib.ATR(candles.high, candles.low, candles.close, whole(values, "period")),)


def adx(candles: Candles, values: Values) -> tuple[Floats]:
    """Average directional index, 0 to 100: Wilder's average of |(+DI) - (-DI)| / ((+DI) + (-DI)); unknown without any move."""
    n = whole(values, "period")
    up, down = np.diff(candles.high), -np.diff(candles.low)
    directional = (up != down) & ((up > 0) | (down > 0))

    def along(part: slice) -> Floats:
        return talib.ADX(candles.high[part], candles.low[part], candles.close[part], n)

    return (along_moving_parts(directional, n, along),)


def cci(candles: Candles, values: Values) -> tuple[Floats]:
    """Commodity channel index: (tp - SMA(tp)) / (0.015 mean deviation), tp = (high + low + close) / 3.

    Unknown where the mean deviation is 0, or so small that it is rounding.
    """
    n = whole(values, "period")
    typical = talib.TYPPRICE(candles.high, candles.low, candles.close)
    index = talib.CCI(candles.high, candles.low, candles.close, n)
    return (np.where(talib.AVGDEV(typical, n) > ROUNDING * np.abs(typical), index, np.nan),)


def _highest(values: Floats, n: int) -> Floats:
    """The highest of the last n values; TA-Lib's begins at 2."""
    return values if n == 1 else talib.MAX(values, n)


def _lowest(values: Floats, n: int) -> Floats:
    """The lowest of the last n values."""
    return values if n == 1 else talib.MIN(values, n)
