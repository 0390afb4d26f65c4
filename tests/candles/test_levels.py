# Levels by hand-made tables around the borders of periods, and what must hold for any prices.

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.candles.levels import AllTime, Period, all_time, approach, enigma, period_levels, period_start


@dataclass(frozen=True, slots=True)
class Candle:
    """An hour's prices in cents; only what levels read."""

    open_time: int
    open: int
    high: int
    low: int


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def candle(text: str, opened: int, high: int, low: int) -> Candle:
    return Candle(at(text), opened, high, low)


# (moment, period, its beginning, the beginning of the one before)
BORDERS = [
    ("2025-06-04 23:59:59", "day", "2025-06-04", "2025-06-03"),
    ("2025-06-05 00:00:00", "day", "2025-06-05", "2025-06-04"),
    ("2025-06-08 23:59:59", "week", "2025-06-02", "2025-05-26"),  # Sunday
    ("2025-06-09 00:00:00", "week", "2025-06-09", "2025-06-02"),  # Monday
    ("2025-04-30 23:59:59", "month", "2025-04-01", "2025-03-01"),
    ("2025-05-01 00:00:00", "month", "2025-05-01", "2025-04-01"),
    ("2025-12-31 23:59:59", "month", "2025-12-01", "2025-11-01"),
    ("2026-01-01 00:00:00", "month", "2026-01-01", "2025-12-01"),
    ("2024-02-28 23:59:59", "day", "2024-02-28", "2024-02-27"),
    ("2024-02-29 12:00:00", "day", "2024-02-29", "2024-02-28"),  # a leap day
    ("2024-02-29 23:59:59", "month", "2024-02-01", "2024-01-01"),
    ("2024-03-01 00:00:00", "day", "2024-03-01", "2024-02-29"),
    ("2024-03-01 00:00:00", "month", "2024-03-01", "2024-02-01"),
    ("2023-03-01 00:00:00", "day", "2023-03-01", "2023-02-28"),
    ("2024-02-29 00:00:00", "year", "2024-01-01", "2023-01-01"),
    ("2024-12-31 23:59:59", "year", "2024-01-01", "2023-01-01"),
    ("2025-01-01 00:00:00", "year", "2025-01-01", "2024-01-01"),
    ("2024-12-30 00:00:00", "week", "2024-12-30", "2024-12-23"),  # week 1 of 2025
    ("2020-12-31 12:00:00", "week", "2020-12-28", "2020-12-21"),  # week 53 of 2020
    ("2021-01-03 23:59:59", "week", "2020-12-28", "2020-12-21"),  # still week 53 of 2020
    ("2021-01-04 00:00:00", "week", "2021-01-04", "2020-12-28"),  # week 1 of 2021
    ("2026-12-31 00:00:00", "week", "2026-12-28", "2026-12-21"),  # week 53 of 2026
    ("2027-01-04 00:00:00", "week", "2027-01-04", "2026-12-28"),
    ("1969-12-31 23:59:59", "day", "1969-12-31", "1969-12-30"),
]


@pytest.mark.parametrize(("moment", "period", "start", "before"), BORDERS)
def test_periods_begin_on_the_utc_calendar(moment: str, period: Period, start: str, before: str) -> None:
    found = period_levels([], period, now=at(moment), price=None)
    assert (found.period, found.start, found.previous.start) == (period, at(start), at(before))


@pytest.mark.parametrize(
    ("moment", "week"),
    [("2020-12-31 12:00", (2020, 53)), ("2021-01-03 23:59", (2020, 53)), ("2021-01-04 00:00", (2021, 1)),
     ("2024-12-30 00:00", (2025, 1)), ("2026-12-31 00:00", (2026, 53))],
)  # fmt: skip
def test_weeks_are_those_of_iso_8601(moment: str, week: tuple[int, int]) -> None:
    start = period_start(at(moment), "week")
    assert datetime.fromtimestamp(start, UTC).isocalendar()[:3] == (*week, 1)


def test_every_candle_counts_for_the_period_in_which_it_opens() -> None:
    candles = [
        candle("2025-05-31 23:00", 900, 999, 1),  # Saturday, the week before the last, and May
        candle("2025-06-01 23:00", 100, 150, 90),  # Sunday, the week before
        candle("2025-06-02 00:00", 110, 120, 105),  # Monday
        candle("2025-06-03 23:00", 115, 130, 80),
        candle("2025-06-04 00:00", 81, 100, 81),
        candle("2025-06-04 01:00", 95, 97, 92),
    ]
    now, price = at("2025-06-04 01:30"), 95
    day, week, month, year = (
        asdict(period_levels(candles, period, now=now, price=price)) for period in ("day", "week", "month", "year")
    )
    assert day == {
        "period": "day", "start": at("2025-06-04"), "high": 100, "low": 81, "open": 81, "mid": 91, "position": 14 / 19,
        "previous": {
            "start": at("2025-06-03"), "high": 130, "low": 80, "open": 115, "mid": 105, "position": 15 / 50,
        },
    }  # fmt: skip
    assert week == {
        "period": "week", "start": at("2025-06-02"), "high": 130, "low": 80, "open": 110, "mid": 105, "position": 0.3,
        "previous": {
            "start": at("2025-05-26"), "high": 999, "low": 1, "open": 900, "mid": 500, "position": 94 / 998,
        },
    }  # fmt: skip
    assert month == {
        "period": "month", "start": at("2025-06-01"), "high": 150, "low": 80, "open": 100, "mid": 115, "position": 15 / 70,
        "previous": {
            "start": at("2025-05-01"), "high": 999, "low": 1, "open": 900, "mid": 500, "position": 94 / 998,
        },
    }  # fmt: skip
    assert (year["start"], year["high"], year["low"], year["open"], year["mid"]) == (at("2025-01-01"), 999, 1, 900, 500)
    assert year["previous"] == {
        "start": at("2024-01-01"), "high": None, "low": None, "open": None, "mid": None, "position": None,
    }  # fmt: skip


def test_a_leap_day_is_the_day_before_the_first_of_march() -> None:
    candles = [
        candle("2024-02-28 23:00", 1, 2, 1),
        candle("2024-02-29 00:00", 5, 9, 4),
        candle("2024-03-01 00:00", 6, 7, 6),
    ]
    day = period_levels(candles, "day", now=at("2024-03-01 00:10"), price=6)
    assert (day.high, day.low, day.previous.high, day.previous.low) == (7, 6, 9, 4)
    february = period_levels(candles, "month", now=at("2024-03-01 00:10"), price=6).previous
    assert (february.start, february.open, february.high, february.low) == (at("2024-02-01"), 1, 9, 1)


def test_the_last_week_of_a_year_goes_on_in_the_next() -> None:
    candles = [
        candle("2020-12-28 00:00", 10, 20, 5),
        candle("2021-01-03 23:00", 11, 12, 3),
        candle("2021-01-04 00:00", 7, 8, 6),
    ]
    week = period_levels(candles, "week", now=at("2021-01-04 00:00"), price=8)
    assert (week.open, week.previous.open, week.previous.high, week.previous.low) == (7, 10, 20, 3)


def test_candles_after_now_and_before_the_previous_period_are_ignored() -> None:
    candles = [
        candle("2025-06-03 23:00", 1, 1000, 1),
        candle("2025-06-05 00:00", 5, 6, 4),
        candle("2025-06-05 02:00", 5, 900, 1),
    ]
    day = period_levels(candles, "day", now=at("2025-06-05 01:59:59"), price=5)
    assert (day.high, day.low, day.previous.high) == (6, 4, None)


def test_a_position_is_unknown_without_a_range_or_a_price_and_may_leave_the_range() -> None:
    flat, high = [candle("2025-06-05 00:00", 5, 5, 5)], [candle("2025-06-05 00:00", 5, 8, 4)]
    now = at("2025-06-05 10:00")
    assert period_levels(flat, "day", now=now, price=5).position is None
    assert period_levels(high, "day", now=now, price=None).position is None
    positions = [period_levels(high, "day", now=now, price=price).position for price in (3, 4, 6, 8, 10)]
    assert positions == [-0.25, 0.0, 0.5, 1.0, 1.5]


@pytest.mark.parametrize(
    ("high", "low", "mid"),
    [(3, 2, 3), (4, 2, 3), (1, 0, 1), (-2, -3, -3), (1, -2, -1), (10**18 + 1, 0, 5 * 10**17 + 1)],
)
def test_mids_are_exact_and_half_a_unit_goes_away_from_zero(high: int, low: int, mid: int) -> None:
    levels = period_levels([candle("2025-06-05 00:00", low, high, low)], "day", now=at("2025-06-05 10:00"), price=low)
    assert levels.mid == mid


def test_all_time_names_the_first_candle_that_reached_high_and_low() -> None:
    candles = [
        candle("2024-01-01", 50, 60, 40), candle("2024-01-02", 50, 90, 45), candle("2024-01-03", 50, 90, 30),
        candle("2024-01-04", 50, 70, 30),
    ]  # fmt: skip
    assert all_time(candles) == AllTime(90, at("2024-01-02"), 30, at("2024-01-03"))
    assert all_time(candles[:1]) == AllTime(60, at("2024-01-01"), 40, at("2024-01-01"))
    assert all_time([]) is None


def test_the_enigma_level_and_the_fibonacci_levels_of_the_all_time_range() -> None:
    found = enigma(AllTime(high=10_000, high_time=7, low=1_000, low_time=3), 3_250)
    assert asdict(found) == {
        "level": 25.0,
        "ath": 10_000,
        "ath_time": 7,
        "atl": 1_000,
        "atl_time": 3,
        "current_price": 3_250,
        "fib_levels": {
            "0": 1_000, "23.6": 3_124, "38.2": 4_438, "50": 5_500, "61.8": 6_562, "78.6": 8_074, "100": 10_000,
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    ("price", "level"), [(999, 0.0), (1_000, 0.0), (5_500, 50.0), (10_000, 100.0), (12_000, 100.0)]
)
def test_the_enigma_level_is_held_between_0_and_100(price: int, level: float) -> None:
    assert enigma(AllTime(10_000, 0, 1_000, 0), price).level == level


def test_the_enigma_level_of_a_price_that_never_moved_is_unknown() -> None:
    found = enigma(AllTime(500, 0, 500, 0), 500)
    assert found.level is None
    assert set(found.fib_levels.values()) == {500}


def test_fibonacci_levels_are_rounded_from_exact_values() -> None:
    # 0.382 x 250 = 95.5 and 0.618 x 250 = 154.5, in floats 154.49999999999997 or 154.5
    assert enigma(AllTime(250, 0, 0, 0), 0).fib_levels == {
        "0": 0, "23.6": 59, "38.2": 96, "50": 125, "61.8": 155, "78.6": 197, "100": 250,
    }  # fmt: skip
    assert enigma(AllTime(0, 0, -250, 0), 0).fib_levels["61.8"] == -96  # -95.5


@given(low=st.integers(0, 10**20), height=st.integers(0, 10**20), price=st.integers(0, 3 * 10**20))
def test_levels_of_any_range_rise_within_it(low: int, height: int, price: int) -> None:
    found = enigma(AllTime(low + height, 0, low, 0), price)
    values = list(found.fib_levels.values())
    assert values == sorted(values)
    assert (values[0], values[-1]) == (low, low + height)
    for percent, value in found.fib_levels.items():
        assert abs(value - (low + height * Fraction(percent) / 100)) <= Fraction(1, 2)
    assert (found.level is None) == (height == 0)
    assert found.level is None or 0 <= found.level <= 100


LEVELS = {"high": 10_000, "low": 5_000, "mid": None}


def test_an_approach_is_told_once_when_the_price_comes_near() -> None:
    told, near = [], frozenset[str]()
    for price in (9_000, 9_979, 9_980, 10_000, 10_020, 10_021, 10_010, 7_000, 5_010, 5_011, 4_990):
        found = approach(LEVELS, price, near)
        near = found.near
        told.append(sorted(found.entered))
    assert told == [[], [], ["high"], [], [], [], ["high"], [], ["low"], [], ["low"]]


def test_where_the_price_came_from_must_be_known() -> None:
    assert approach(LEVELS, 10_000, None).entered == frozenset()
    assert approach(LEVELS, 10_000, None).near == {"high"}
    assert approach(LEVELS, 10_000, frozenset()).entered == {"high"}


def test_the_tolerance_is_a_part_of_the_level_and_exact() -> None:
    levels = {"level": 1_001}
    nothing = frozenset[str]()
    assert approach(levels, 1_003, nothing).near == {"level"}  # 2 of at most 2.002
    assert approach(levels, 1_004, nothing).near == nothing
    assert approach(levels, 1_011, nothing, Fraction(1, 100)).near == {"level"}
    assert approach(levels, 1_002, nothing, Fraction(0)).near == nothing
    assert approach(levels, 1_001, nothing, Fraction(0)).near == {"level"}
    assert approach({"debt": -1_000}, -1_002, nothing).near == {"debt"}
    with pytest.raises(ValueError, match="at least 0"):
        approach(levels, 1_000, nothing, Fraction(-1, 100))


def test_a_jump_over_a_level_is_no_approach() -> None:
    assert approach(LEVELS, 12_000, approach(LEVELS, 8_000, None).near).entered == frozenset()
