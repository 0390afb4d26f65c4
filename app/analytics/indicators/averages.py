"""Moving averages, and the bands around them: functions of an unbroken run, in the unit of the prices."""

import numpy as np

from app.analytics.arrays import Floats
from app.analytics.indicators.candles import Candles
from app.analytics.indicators.library import talib
from app.analytics.indicators.parameters import Values, whole
from app.analytics.indicators.still import moving_parts


def sma(candles: Candles, values: Values) -> tuple[Floats]:
    """Simple moving average: the mean of the last n closes."""
    return (talib.SMA(candles.close, whole(values, "period")),)


def ema(candles: Candles, values: Values) -> tuple[Floats]:
    """Exponential moving average with alpha = 2 / (n + 1), begun with the SMA of the first n closes."""
    return (talib.EMA(candles.close, whole(values, "period")),)


def wma(candles: Candles, values: Values) -> tuple[Floats]:
    """Weighted moving average: the last n closes with weights 1 … n, the newest the heaviest."""
    return (talib.WMA(candles.close, whole(values, "period")),)


def bollinger(candles: Candles, values: Values) -> tuple[Floats, Floats, Floats]:
    """Upper, middle, lower: SMA(n) ± k population standard deviations of the last n closes."""
    k = float(values["deviations"])
    return talib.BBANDS(candles.close, whole(values, "period"), k, k)


def keltner(candles: Candles, values: Values) -> tuple[Floats, Floats, Floats]:
    """Upper, middle, lower: EMA(n) of (high + low + close) / 3 ± k ATR.

    TA-Lib's KC begins its ATR later than its ATR function does, with other ranges; here it is the one that `atr` shows.
    """
    prices = candles.high, candles.low, candles.close
    reach = values["multiplier"] * talib.ATR(*prices, whole(values, "atr_period"))
    centre = talib.EMA(talib.TYPPRICE(*prices), whole(values, "period"))
    return centre + reach, np.where(np.isnan(reach), np.nan, centre), centre - reach


def donchian(candles: Candles, values: Values) -> tuple[Floats, Floats, Floats]:
    """Upper, middle, lower: the highest high and the lowest low of the last n candles, and half-way between them."""
    return talib.DONCHIAN(candles.high, candles.low, whole(values, "period"))


def supertrend(candles: Candles, values: Values) -> tuple[Floats, Floats]:
    """The band that follows the trend, and the trend: 1 upwards, -1 downwards.

    Bands are (high + low) / 2 ± k ATR. The lower one only rises and the upper one only falls until the close before
    was beyond it; a close beyond the band that is followed turns the trend. Unknown where nothing moves.
    """
    n, k = whole(values, "period"), float(values["multiplier"])
    moved = talib.TRANGE(candles.high, candles.low, candles.close)[1:] > 0
    line, trend = np.full(len(candles), np.nan), np.full(len(candles), np.nan)
    for part in moving_parts(moved, n):
        line[part], direction = talib.SUPERTREND(candles.high[part], candles.low[part], candles.close[part], n, k)
        trend[part] = np.where(direction == 0, np.nan, direction)
    return line, trend


def ichimoku(candles: Candles, values: Values) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Tenkan-sen, kijun-sen, senkou span A and B, chikou span, each where it is drawn.

    The senkou spans at a candle are those computed `displacement` candles before it; the chikou span is the close that
    many candles after it, so it knows the future and is for drawing alone.
    """
    tenkan, kijun, wide = (
        talib.MIDPRICE(candles.high, candles.low, whole(values, name)) for name in ("conversion", "base", "span_b")
    )
    shift = whole(values, "displacement")
    return tenkan, kijun, _later((tenkan + kijun) / 2, shift), _later(wide, shift), _later(candles.close, -shift)


def _later(values: Floats, bars: int) -> Floats:
    """The values so many candles later (earlier, if negative); NaN where none come in."""
    moved = np.full(values.size, np.nan)
    if abs(bars) < values.size:
        moved[max(bars, 0) : values.size + min(bars, 0)] = values[max(-bars, 0) : values.size - max(bars, 0)]
    return moved
