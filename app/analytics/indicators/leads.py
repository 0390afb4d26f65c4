"""Lead: how many candles an indicator needs before a window, so that the window shows what all history would give.

A moving window needs what it covers. A recursive average never forgets: of what lies k candles back an EMA over n keeps
(1 - 2 / (n + 1))^k, nearly e^(-2k / n), and Wilder's average (1 - 1 / n)^k, nearly e^(-k / n). 14·n candles of an EMA and 28·n
of Wilder's leave e^-28, 7e-13: enough for 1e-5 of the price even where it was a million times wilder before.
"""

import math

from app.analytics.arrays import SECONDS_PER_DAY
from app.analytics.indicators.indicator import Lead
from app.analytics.indicators.parameters import Values, whole
from app.analytics.indicators.still import PATIENCE

EMA = 14
WILDER = 28
TURN = 14
"""A random walk has turned the Supertrend of multiplier k within 14·k² candles, as measured."""


def window(*names: str) -> Lead:
    """Of moving windows one over the other: each needs one candle less than it covers."""
    return lambda values, _interval: sum(whole(values, name) - 1 for name in names)


def ema(*names: str) -> Lead:
    """Of exponential averages one over the other."""
    return lambda values, _interval: EMA * sum(whole(values, name) for name in names)


def wilder(name: str) -> Lead:
    """Of Wilder's average."""
    return lambda values, _interval: WILDER * whole(values, name)


def wilder_ratio(name: str) -> Lead:
    """Of a ratio of Wilder's averages, which may have been begun within a stillness."""
    return lambda values, _interval: (WILDER + PATIENCE) * whole(values, name)


def keltner(values: Values, _interval: int) -> int:
    """Of an EMA and Wilder's average side by side."""
    return max(EMA * whole(values, "period"), WILDER * whole(values, "atr_period"))


def ichimoku(values: Values, _interval: int) -> int:
    """Of the longest window, drawn later by the displacement."""
    return max(whole(values, name) for name in ("conversion", "base", "span_b")) - 1 + whole(values, "displacement")


def supertrend(values: Values, _interval: int) -> int:
    """Of Wilder's average, and of a turn: bands remember all since the trend turned, so this is likely, not certain."""
    return (WILDER + PATIENCE) * whole(values, "period") + math.ceil(TURN * values["multiplier"] ** 2)


def session(_values: Values, interval: int) -> int:
    """Of a UTC day: its earlier candles."""
    return max(math.ceil(SECONDS_PER_DAY / interval) - 1, 0)


def everything(_values: Values, _interval: int) -> None:
    """Of a running total: all candles since the last gap."""
