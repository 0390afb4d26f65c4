# What TA-Lib does not have, or defines in a way of its own, against plain definitions.

import numpy as np
import pytest

from app.analytics.arrays import Floats
from app.analytics.indicators import Candles, compute
from tests.analytics.indicators import reference
from tests.analytics.indicators.support import (
    DAY,
    FROM,
    MINUTE,
    assert_equal,
    candles_of,
    joined,
    needs_recording,
    recorded,
    sticky,
    walk,
)


def arrays(rows: dict[str, reference.Row]) -> dict[str, Floats]:
    return {name: np.array([np.nan if value is None else value for value in row]) for name, row in rows.items()}


def assert_as_defined(candles: Candles) -> None:
    assert_equal(compute("ichimoku", {}, candles, MINUTE), arrays(reference.ichimoku(candles, 9, 26, 52, 26)))
    assert_equal(compute("donchian", {}, candles, MINUTE), arrays(reference.donchian(candles, 20)))
    assert_equal(compute("keltner", {}, candles, MINUTE), arrays(reference.keltner(candles, 20, 10, 2.0)))
    assert_equal(compute("supertrend", {}, candles, MINUTE), arrays(reference.supertrend(candles, 10, 3.0)))


@pytest.mark.parametrize("seed", range(3))
def test_channels_and_trends_are_as_defined_on_random_walks(seed: int) -> None:
    candles = walk(700, seed)
    assert_as_defined(candles)
    assert set(reference.supertrend(candles, 10, 3.0)["trend"]) == {None, 1.0, -1.0}


def test_bands_and_averages_are_as_defined() -> None:
    candles = walk(300)
    closes = candles.close.tolist()
    assert_equal(compute("sma", {}, candles, MINUTE), arrays({"sma": reference.mean(closes, 20)}))
    assert_equal(compute("ema", {}, candles, MINUTE), arrays({"ema": reference.exponential(closes, 20)}))
    assert_equal(compute("atr", {}, candles, MINUTE), arrays({"atr": reference.average_true_range(candles, 14)}))


@needs_recording
def test_channels_trends_and_sessions_are_as_defined_on_recorded_minutes() -> None:
    candles = recorded()
    assert_as_defined(candles)
    part = candles.part(slice(900, 2_200))  # 15:37 to 13:16 of the next day
    assert len(set((part.open_time // DAY).tolist())) == 2
    assert_equal(compute("vwap", {}, part, MINUTE), arrays({"vwap": reference.vwap(part)}))


@pytest.mark.parametrize("displacement", [0, 1, 60, 61, 500])
def test_ichimoku_is_drawn_later_by_any_displacement(displacement: int) -> None:
    candles = walk(61)
    got = compute("ichimoku", {"displacement": displacement}, candles, MINUTE)
    assert_equal(got, arrays(reference.ichimoku(candles, 9, 26, 52, displacement)))


def test_vwap_begins_anew_at_utc_midnight() -> None:
    candles = candles_of(np.array([10.0, 20.0, 30.0, 60.0]), volume=np.array([1.0, 3.0, 2.0, 2.0]), begin=FROM - 120)
    typical = (candles.high + candles.low + candles.close) / 3
    got = compute("vwap", {}, candles, MINUTE)["vwap"]
    expected = [
        typical[0],
        (typical[0] + 3 * typical[1]) / 4,
        typical[2],
        (typical[2] + typical[3]) / 2,
    ]
    np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_vwap_is_unknown_until_something_was_traded_that_day() -> None:
    volume = np.array([0.0, 0.0, 5.0, 0.0, 0.0, 2.0])
    candles = candles_of(np.arange(1.0, 7.0), volume=volume, begin=FROM - 240)
    got = compute("vwap", {}, candles, MINUTE)["vwap"]
    assert np.isnan(got).tolist() == [True, True, False, False, True, False]
    assert_equal({"vwap": got}, arrays({"vwap": reference.vwap(candles)}))


def test_vwap_of_sticky_prices_over_days() -> None:
    candles = sticky(400)
    hourly = Candles(
        FROM + 3600 * np.arange(400), candles.open, candles.high, candles.low, candles.close, candles.volume
    )
    assert_equal(compute("vwap", {}, hourly, 3600), arrays({"vwap": reference.vwap(hourly)}))


@pytest.mark.parametrize("interval", [DAY, 7 * DAY])
def test_vwap_of_candles_of_a_day_or_more_is_their_typical_price(interval: int) -> None:
    minutes = walk(50)
    times = FROM + interval * np.arange(50, dtype=np.int64)
    candles = Candles(times, minutes.open, minutes.high, minutes.low, minutes.close, minutes.volume)
    typical = (candles.high + candles.low + candles.close) / 3
    assert_equal(compute("vwap", {}, candles, interval), {"vwap": typical})


def test_vwap_after_a_gap_counts_from_the_gap() -> None:
    before, after = walk(30), walk(30, seed=2)
    later = Candles(after.open_time + 40 * MINUTE, after.open, after.high, after.low, after.close, after.volume)
    both = compute("vwap", {}, joined(before, later), MINUTE)["vwap"]
    np.testing.assert_array_equal(both[30:], compute("vwap", {}, later, MINUTE)["vwap"])
