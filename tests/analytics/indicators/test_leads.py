# A window with its lead shows what all history shows.

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.analytics.indicators import REGISTRY, Candles, compute
from tests.analytics.indicators.support import (
    DAY,
    FROM,
    MINUTE,
    NAMES,
    candles_of,
    needs_recording,
    recorded,
    sticky,
    walk,
)

LED = [name for name in NAMES if REGISTRY[name].lead({}, MINUTE) is not None]
WINDOW = 60


def assert_windows_equal_all_history(
    name: str, candles: Candles, given: dict[str, float] | None = None, interval: int = MINUTE
) -> None:
    wanted = given or {}
    lead = REGISTRY[name].lead(wanted, interval)
    assert lead is not None
    whole = compute(name, wanted, candles, interval)
    for begin in range(lead, len(candles) - WINDOW, 37):
        part = compute(name, wanted, candles.part(slice(begin - lead, begin + WINDOW)), interval)
        for series, values in part.items():
            shown = slice(begin, begin + WINDOW)
            if series == "chikou":  # the candles after the window are not there either
                shown = slice(begin, begin + WINDOW - 26)
            np.testing.assert_allclose(
                values[lead : lead + shown.stop - shown.start],
                whole[series][shown],
                rtol=1e-5,
                atol=1e-9 * float(candles.close.max()),
                err_msg=f"{series} from {begin}",
            )


@pytest.mark.parametrize("name", LED)
def test_on_a_random_walk(name: str) -> None:
    assert_windows_equal_all_history(name, walk(3_000))


@pytest.mark.parametrize("name", LED)
def test_on_prices_that_mostly_stand_still(name: str) -> None:
    assert_windows_equal_all_history(name, sticky(2_500))


@pytest.mark.parametrize("name", ["rsi", "atr", "adx", "macd", "ema", "keltner"])
@pytest.mark.parametrize("chance", [0.003, 0.01, 0.03])
def test_on_prices_that_hardly_ever_move(name: str, chance: float) -> None:
    assert_windows_equal_all_history(name, sticky(3_000, seed=8, chance=chance))


@pytest.mark.parametrize("name", ["rsi", "atr", "adx", "macd", "ema", "keltner"])
def test_after_a_spike_of_a_thousand_times_the_price(name: str) -> None:
    quiet = walk(2_000, sigma=0.001)
    close = quiet.close.copy()
    close[600:603] *= 1_000
    assert_windows_equal_all_history(name, candles_of(close, 0.01))


@needs_recording
@pytest.mark.parametrize("name", LED)
def test_on_recorded_minutes(name: str) -> None:
    assert_windows_equal_all_history(name, recorded())


@settings(max_examples=30, deadline=None)
@given(name=st.sampled_from(LED), seed=st.integers(0, 10**6), data=st.data())
def test_with_any_parameters(name: str, seed: int, data: st.DataObject) -> None:
    given = {
        parameter.name: data.draw(
            st.integers(int(parameter.minimum), 30)
            if parameter.kind == "integer"
            else st.sampled_from([0.5, 1.0, 2, 3.0])
        )
        for parameter in REGISTRY[name].parameters
        if parameter.name not in ("fast", "slow", "displacement")
    }
    assert_windows_equal_all_history(name, walk(2_500, seed), given)


@pytest.mark.parametrize("interval", [300, 3_600, 4 * 3_600, DAY])
def test_of_sessions_at_any_interval(interval: int) -> None:
    candles = walk(900)
    times = FROM + interval * np.arange(len(candles), dtype=np.int64)
    candles = Candles(times, candles.open, candles.high, candles.low, candles.close, candles.volume)
    assert REGISTRY["vwap"].lead({}, interval) == DAY // interval - 1
    assert_windows_equal_all_history("vwap", candles, interval=interval)


def test_wilders_averages_have_at_least_14_periods_and_exponential_ones_7() -> None:
    for name in ("rsi", "atr", "adx", "supertrend"):
        period = REGISTRY[name].values({})["period"]
        assert (REGISTRY[name].lead({}, MINUTE) or 0) >= 14 * period
    assert (REGISTRY["ema"].lead({"period": 50}, MINUTE) or 0) >= 7 * 50
    assert (REGISTRY["macd"].lead({}, MINUTE) or 0) >= 7 * 26
    assert (REGISTRY["keltner"].lead({"atr_period": 40}, MINUTE) or 0) >= 14 * 40


def test_a_running_total_needs_everything() -> None:
    assert [name for name in NAMES if name not in LED] == ["obv"]
