# The outlier rule: against its plain definition, what must hold for any series, and what it must leave alone.

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.analytics import measure, outlying
from app.analytics.arrays import Bools
from tests.analytics import reference
from tests.analytics.support import HOUR, matrix, row_of

few = settings(max_examples=150, deadline=None)
# Mostly near one another, some far away, in whole cents: equal prices are common.
prices = st.one_of(st.integers(90, 110), st.integers(98, 102), st.integers(1, 30_000)).map(float)
sales = st.one_of(st.none(), st.integers(1, 3), st.integers(10, 60)).map(lambda n: None if n is None else float(n))
cells = st.one_of(st.tuples(prices, sales), st.tuples(prices, sales), st.tuples(st.none(), sales))
series = st.lists(cells, min_size=1, max_size=60)

Cells = list[tuple[float | None, float | None]]


def flags(row: Cells) -> list[bool]:
    found: Bools = outlying(matrix([price for price, _ in row]), matrix([volume for _, volume in row]))
    return [bool(flag) for flag in found[0]]


def level(count: int, price: float = 1_000.0, volume: float = 40.0) -> Cells:
    return [(price + at % 3, volume) for at in range(count)]


def spiked(count: int, at: int, price: float, volume: float | None, *, around: float = 40.0) -> Cells:
    row = level(count, volume=around)
    row[at] = (price, volume)
    return row


@pytest.mark.slow
@few
@given(row=series)
def test_equals_the_plain_definition(row: Cells) -> None:
    assert flags(row) == reference.outlying([price for price, _ in row], [volume for _, volume in row])


@few
@given(row=series, gaps=st.lists(st.integers(0, 60), max_size=15))
def test_gaps_change_nothing(row: Cells, gaps: list[int]) -> None:
    wide: list[tuple[float | None, float | None]] = list(row)
    for at in gaps:
        wide.insert(min(at, len(wide)), (None, 7.0))
    observed = [flag for flag, (price, _) in zip(flags(wide), wide, strict=True) if price is not None]
    assert observed == [flag for flag, (price, _) in zip(flags(row), row, strict=True) if price is not None]
    assert not any(flag for flag, (price, _) in zip(flags(wide), wide, strict=True) if price is None)


@pytest.mark.slow
@few
@given(row=series, power=st.integers(-8, 20))
def test_the_unit_of_prices_changes_nothing(row: Cells, power: int) -> None:
    scaled: Cells = [(None if price is None else price * 2.0**power, volume) for price, volume in row]
    # Powers of two scale exactly; the sums of logarithms round, so a close on the very limit may fall either way.
    assert sum(one != other for one, other in zip(flags(scaled), flags(row), strict=True)) <= sum(
        _on_a_limit(row, at) for at in range(len(row))
    )


def _on_a_limit(row: Cells, at: int) -> bool:
    nudged = [outlying_with(row, at, factor) for factor in (1 - 1e-9, 1 + 1e-9)]
    return nudged[0] != nudged[1]


def outlying_with(row: Cells, at: int, factor: float) -> bool:
    price, volume = row[at]
    return False if price is None else flags([*row[:at], (price * factor, volume), *row[at + 1 :]])[at]


@pytest.mark.slow
@few
@given(row=st.lists(series, min_size=2, max_size=5))
def test_rows_do_not_influence_each_other(row: list[Cells]) -> None:
    width = max(len(one) for one in row)
    padded = [[*one, *[(None, None)] * (width - len(one))] for one in row]
    together = outlying(
        matrix(*[[price for price, _ in one] for one in padded]),
        matrix(*[[volume for _, volume in one] for one in padded]),
    )
    assert together.tolist() == [flags(one) for one in padded]


@few
@given(price=st.floats(0.01, 1e9), volumes=st.lists(sales, min_size=1, max_size=60))
def test_a_constant_series_has_none(price: float, volumes: list[float | None]) -> None:
    assert not any(flags([(price, volume) for volume in volumes]))


@few
@given(at=st.integers(2, 37), factor=st.one_of(st.floats(2.1, 1_000), st.floats(0.001, 0.45)), volume=st.integers(1, 8))
def test_one_spike_is_found_and_nothing_else(at: int, factor: float, volume: int) -> None:
    assert [place for place, flag in enumerate(flags(spiked(40, at, 1_001 * factor, float(volume)))) if flag] == [at]


@few
@given(at=st.integers(1, 39), factor=st.floats(0.2, 5), volume=st.integers(1, 40))
def test_a_step_is_not(at: int, factor: float, volume: int) -> None:
    row = [*level(at), *[(1_000 * factor, float(volume)) for _ in range(40 - at)]]
    assert not any(flags(row))


def test_a_crash_over_hours_that_stays_is_not() -> None:
    """Like 2025-10-22: 30 to 70 % within a day, on more sales than usual, half of it regained over the next days."""
    for depth in (0.3, 0.5, 0.7):
        fall = [1_000 * (1 - depth * hour / 8) for hour in range(1, 9)]
        back = [fall[-1] * (1 + 0.02 * hour) for hour in range(1, 20)]
        for volume in (400.0, 40.0, 2.0):
            assert not any(flags([*level(30), *[(price, volume) for price in (*fall, *back)]]))


def test_volume_and_what_came_after_must_agree() -> None:
    assert flags(spiked(40, 20, 45_000, 1.0))[20]
    assert not flags(spiked(40, 20, 45_000, 40.0))[20], "as many sales as usual made this price"
    assert not flags(spiked(40, 20, 45_000, None))[20], "an unknown volume accuses no price"
    assert not flags(spiked(40, 20, 45_000, 1.0, around=2.0))[20], "one sale is usual here"
    assert not flags(spiked(40, 39, 45_000, 1.0))[39], "nobody knows yet whether the newest price lasts"
    assert not flags(spiked(40, 38, 45_000, 1.0))[38]
    assert flags(spiked(40, 37, 45_000, 1.0))[37]
    assert not flags(spiked(40, 20, 1_900, 1.0))[20], "not twice the usual price"


def test_two_at_once_are_both_found() -> None:
    row = level(40)
    row[20], row[21] = (45_000.0, 1.0), (30_000.0, 2.0)
    assert [at for at, flag in enumerate(flags(row)) if flag] == [20, 21]


def test_matrices_without_rows_or_closes() -> None:
    for shape in ((0, 24), (3, 24), (2, 1)):
        assert not outlying(np.full(shape, np.nan), np.full(shape, np.nan)).any()
    assert not flags([(0.0, 5.0), *level(20)])[0]


def test_the_case_of_one_sale_at_45_times_the_price() -> None:
    row = [(1_000.0 + (0, 3, 1, 4, 2)[at % 5], 40.0) for at in range(600)]
    row[400] = (45_000.0, 1.0)
    closes = matrix([price for price, _ in row])
    found = outlying(closes, matrix([volume for _, volume in row]))
    assert np.flatnonzero(found[0]).tolist() == [400]
    with_it = row_of(measure(closes, bucket_seconds=HOUR))
    without = row_of(measure(closes, bucket_seconds=HOUR, observed=~found))
    for name, spike, usual in (
        ("return_volatility", 1.0, 0.02),
        ("coefficient_of_variation", 1.6, 0.002),
        ("max_drawdown", 0.97, 0.005),
    ):
        high, low = with_it[name], without[name]
        assert high is not None
        assert low is not None
        assert high > spike
        assert low < usual
    assert without["samples"] == 599
