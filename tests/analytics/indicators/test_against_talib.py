# Where TA-Lib has an indicator, ours is its own, on candles that move and follow each other.

from collections.abc import Callable

import numpy as np
import pytest
import talib

from app.analytics.arrays import Floats
from app.analytics.indicators import REGISTRY, Candles, compute
from tests.analytics.indicators.support import (
    MINUTE,
    NAMES,
    Series,
    assert_equal,
    first,
    needs_recording,
    recorded,
    walk,
)

Found = Floats | tuple[Floats, ...]

THEIRS: dict[str, Callable[[Candles], Found]] = {
    "sma": lambda c: talib.SMA(c.close, 20),
    "ema": lambda c: talib.EMA(c.close, 20),
    "wma": lambda c: talib.WMA(c.close, 20),
    "bollinger": lambda c: talib.BBANDS(c.close, 20, 2.0, 2.0),
    "rsi": lambda c: talib.RSI(c.close, 14),
    "macd": lambda c: talib.MACD(c.close, 12, 26, 9),
    "stochastic": lambda c: talib.STOCH(c.high, c.low, c.close, 5, 3, 0, 3, 0),  # type: ignore[arg-type]
    "atr": lambda c: talib.ATR(c.high, c.low, c.close, 14),
    "adx": lambda c: talib.ADX(c.high, c.low, c.close, 14),
    "cci": lambda c: talib.CCI(c.high, c.low, c.close, 14),
    "obv": lambda c: talib.OBV(c.close, c.volume),
    "donchian": lambda c: talib.DONCHIAN(c.high, c.low, 20),
    "supertrend": lambda c: _with_trend(talib.SUPERTREND(c.high, c.low, c.close, 10, 3.0)),
}
FIRST = {
    "sma": 19,
    "ema": 19,
    "wma": 19,
    "bollinger": 19,
    "rsi": 14,
    "macd": 33,
    "stochastic": 8,
    "atr": 14,
    "adx": 27,
    "cci": 13,
    "obv": 0,
    "vwap": 0,
    "donchian": 19,
    "keltner": 19,
    "supertrend": 10,
}


def theirs(name: str, candles: Candles) -> Series:
    found = THEIRS[name](candles)
    return dict(zip(REGISTRY[name].series, found if isinstance(found, tuple) else (found,), strict=True))


@pytest.mark.parametrize("name", THEIRS)
def test_defaults_equal_talib_on_a_random_walk(name: str) -> None:
    candles = walk(1_500)
    assert_equal(compute(name, {}, candles, MINUTE), theirs(name, candles))


@needs_recording
@pytest.mark.parametrize("name", THEIRS)
def test_defaults_equal_talib_on_recorded_minutes(name: str) -> None:
    candles = recorded()
    assert set(np.diff(candles.open_time)) == {MINUTE}
    assert_equal(compute(name, {}, candles, MINUTE), theirs(name, candles))


def test_other_parameters_reach_talib() -> None:
    c = walk(600)
    assert_equal(compute("sma", {"period": 7}, c, MINUTE), {"sma": talib.SMA(c.close, 7)})
    bands = talib.BBANDS(c.close, 9, 1.5, 1.5)
    assert_equal(
        compute("bollinger", {"period": 9, "deviations": 1.5}, c, MINUTE),
        dict(zip(("upper", "middle", "lower"), bands, strict=True)),
    )
    lines = talib.MACD(c.close, 5, 35, 4)
    assert_equal(
        compute("macd", {"fast": 5, "slow": 35, "signal": 4}, c, MINUTE),
        dict(zip(("macd", "signal", "histogram"), lines, strict=True)),
    )
    k, d = talib.STOCH(c.high, c.low, c.close, 14, 1, 0, 4, 0)  # type: ignore[arg-type]
    assert_equal(compute("stochastic", {"period": 14, "slowing": 1, "smoothing": 4}, c, MINUTE), {"k": k, "d": d})


@pytest.mark.parametrize("given", [{}, {"period": 5, "atr_period": 30, "multiplier": 1}])
def test_keltner_equals_talib_once_its_later_begin_is_forgotten(given: dict[str, float]) -> None:
    c = walk(2_000)
    wanted = REGISTRY["keltner"].values(given)
    channel = talib.KC(
        c.high, c.low, c.close, int(wanted["period"]), int(wanted["atr_period"]), float(wanted["multiplier"])
    )
    lead = REGISTRY["keltner"].lead(given, MINUTE)
    got = compute("keltner", given, c, MINUTE)
    assert_equal(
        {name: row[lead:] for name, row in got.items()},
        {name: row[lead:] for name, row in zip(got, channel, strict=True)},
    )


@pytest.mark.parametrize("name", FIRST)
def test_first_values_are_where_talib_has_them(name: str) -> None:
    for series in compute(name, {}, walk(100), MINUTE).values():
        assert first(series) == FIRST[name]


def test_ichimoku_begins_with_its_windows_and_ends_before_the_last_candles() -> None:
    found = compute("ichimoku", {}, walk(100), MINUTE)
    begins = {series: first(values) for series, values in found.items()}
    assert begins == {"tenkan": 8, "kijun": 25, "senkou_a": 51, "senkou_b": 77, "chikou": 0}
    assert np.isnan(found["chikou"][-26:]).all()
    assert np.isfinite(found["chikou"][:-26]).all()


def test_every_indicator_is_compared_with_something() -> None:
    assert set(NAMES) == set(THEIRS) | {"vwap", "ichimoku", "keltner"}  # these in test_definitions.py


def _with_trend(found: tuple[Floats, object]) -> tuple[Floats, Floats]:
    line, trend = found
    return line, np.where(np.isnan(line), np.nan, np.asarray(trend, dtype=np.float64))
