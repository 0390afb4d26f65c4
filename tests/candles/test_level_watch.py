"""A level watch tells what a price changes, and at any time knows what the candles so far would say."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.candles.level_watch import PERIODS, LevelEvent, LevelWatch
from app.candles.levels import AllTime, all_time, enigma, period_levels
from tests.candles.test_levels import Candle, at, candle


def watch_of(*candles: Candle) -> LevelWatch:
    extremes = all_time(candles)
    assert extremes is not None
    return LevelWatch(extremes, candles, candles[-1].open_time)


def advance(watch: LevelWatch, text: str, price: int) -> list[LevelEvent]:
    return watch.advance(at(text), opened=price, high=price, low=price, price=price)


PAST = [
    candle("2023-07-01", 9_000, 40_000, 8_000),
    candle("2024-02-26", 20_000, 30_000, 12_000),  # Monday, the month and the week of the leap day
    candle("2024-02-28", 20_000, 24_000, 19_000),
    candle("2024-02-29", 20_000, 21_000, 18_000),
]


def test_a_new_high_is_told_of_every_range_that_it_widens() -> None:
    watch = watch_of(*PAST)
    assert advance(watch, "2024-02-29 12:00", 20_500) == []
    assert advance(watch, "2024-02-29 12:01", 21_000) == [LevelEvent("approach", "day_high", 21_000)]
    assert advance(watch, "2024-02-29 12:02", 21_001) == [LevelEvent("high", "day_high", 21_001)]
    assert advance(watch, "2024-02-29 12:02", 21_001) == []
    found = watch.advance(at("2024-02-29 12:03"), opened=21_001, high=41_000, low=7_000, price=21_500)
    assert found == [
        event
        for period in PERIODS
        for event in (LevelEvent("high", f"{period}_high", 41_000), LevelEvent("low", f"{period}_low", 7_000))
    ] + [LevelEvent("high", "all_time_high", 41_000), LevelEvent("low", "all_time_low", 7_000)]
    assert watch.enigma(24_000) == 50.0
    assert watch.levels["fib_61.8"] == 28_012


# (the moment of the first price after PAST, the periods that begin)
STARTS = [
    ("2024-02-29 23:59:59", []),
    ("2024-03-01 00:00:00", ["day", "month"]),
    ("2024-03-03 23:59:59", ["day", "month"]),
    ("2024-03-04 00:00:00", ["day", "week", "month"]),
    ("2024-12-31 23:59:59", ["day", "week", "month"]),
    ("2025-01-01 00:00:00", ["day", "week", "month", "year"]),
]


@pytest.mark.parametrize(("moment", "periods"), STARTS)
def test_periods_begin_at_the_first_price_of_the_next(moment: str, periods: list[str]) -> None:
    watch = watch_of(*PAST)
    found = advance(watch, moment, 20_000)
    assert found == [LevelEvent("start", f"{period}_open", 20_000) for period in periods]
    for period in periods:
        assert watch.levels[f"{period}_high"] == watch.levels[f"{period}_low"] == 20_000


def test_what_ran_is_the_previous_period_and_a_longer_pause_leaves_none() -> None:
    watch = watch_of(*PAST)
    advance(watch, "2024-03-01 00:00:00", 20_000)
    assert (watch.levels["previous_day_high"], watch.levels["previous_month_low"]) == (21_000, 12_000)
    advance(watch, "2024-03-05 00:00:00", 20_000)
    assert "previous_day_high" not in watch.levels
    assert watch.levels["previous_week_high"] == 30_000


def test_the_turn_of_a_year_is_in_week_53() -> None:
    watch = watch_of(candle("2020-12-31", 100, 110, 90))
    found = advance(watch, "2021-01-01 00:00:00", 101)
    assert [event.level for event in found] == ["day_open", "month_open", "year_open"]
    assert (watch.levels["week_high"], watch.levels["previous_year_high"]) == (110, 110)
    assert [event.level for event in advance(watch, "2021-01-04 00:00:00", 101)] == ["day_open", "week_open"]


def test_a_level_is_approached_once_until_the_price_has_left_it() -> None:
    watch = watch_of(*PAST)
    told = [
        LevelEvent("approach", "previous_day_high", 24_000) in advance(watch, "2024-02-29 13:00", price)
        for price in (23_000, 23_951, 23_952, 23_951, 23_960, 23_904, 23_960, 23_903, 23_960)
    ]
    assert told == [False, False, True, False, False, False, False, False, True]


def test_what_is_older_than_today_is_ignored() -> None:
    watch = watch_of(*PAST)
    before = dict(watch.levels)
    assert watch.advance(at("2024-02-28 23:59"), opened=1, high=10**9, low=1, price=5) == []
    assert watch.levels == before


@given(
    steps=st.lists(
        st.tuples(st.sampled_from([0, 1, 3, 24, 24 * 8, 24 * 40]), st.integers(-300, 300), st.integers(0, 50)),
        min_size=1,
        max_size=60,
    )
)
def test_it_knows_what_the_candles_say(steps: list[tuple[int, int, int]]) -> None:
    time, price = at("2023-12-30 22:00"), 10_000
    candles = [Candle(time, price, price, price)]
    watch = watch_of(*candles)
    for hours, move, wick in steps:
        time, price = time + 3_600 * hours, max(100, price + move)
        candles.append(Candle(time, price, price + wick, price - wick))
        watch.advance(time, opened=price, high=price + wick, low=price - wick, price=price)
    extremes = all_time(candles)
    assert isinstance(extremes, AllTime)
    expected = {"all_time_high": extremes.high, "all_time_low": extremes.low}
    for period in PERIODS:
        found = period_levels(candles, period, now=time, price=price)
        for prefix, one in ((period, found), (f"previous_{period}", found.previous)):
            if one.high is not None and one.low is not None:
                expected |= {f"{prefix}_high": one.high, f"{prefix}_low": one.low}
    fibs = enigma(extremes, price).fib_levels
    expected |= {f"fib_{name}": level for name, level in fibs.items() if name not in {"0", "100"}}
    assert watch.levels == expected
    assert datetime.fromtimestamp(watch._day, UTC).time().isoformat() == "00:00:00"
