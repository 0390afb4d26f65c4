# What must hold for any series, and agreement with the plain definitions in reference.py on generated ones.

import math
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.analytics import Measures, measure
from tests.analytics import reference
from tests.analytics.support import HOUR, assert_identical, assert_same, matrix, row_of

SCALE_FREE = (
    "coefficient_of_variation",
    "percent_change",
    "return_volatility",
    "ewma_volatility",
    "sharpe",
    "max_drawdown",
    "trend_slope",
    "trend_r2",
    "percent_b",
    "bandwidth",
)
ZERO_IF_CONSTANT = (
    "rolling_stddev",
    "coefficient_of_variation",
    "percent_change",
    "bandwidth",
    "return_volatility",
    "ewma_volatility",
    "max_drawdown",
    "trend_slope",
)

few = settings(max_examples=60, deadline=None)
prices = st.one_of(st.integers(1, 300), st.integers(1, 10**8), st.integers(10**8, 10**8 + 3)).map(float)
gappy = st.lists(st.one_of(prices, prices, prices, st.none()), min_size=1, max_size=70)
# Long enough for the bands and the Sharpe ratio, without gaps.
whole = st.lists(prices, min_size=35, max_size=60)


@few
@given(closes=gappy, previous=st.one_of(st.none(), prices))
def test_equals_the_definitions(closes: reference.Row, previous: float | None) -> None:
    before = np.array([math.nan if previous is None else previous])
    got = measure(matrix(closes), bucket_seconds=HOUR, previous_close=before)
    assert_same(row_of(got), reference.measures(closes, HOUR, previous), rel=1e-7)


@pytest.mark.slow
@few
@given(closes=whole, gaps=st.sets(st.integers(0, 59), max_size=40), bucket=st.sampled_from([300, 3600, 86_400]))
def test_equals_the_definitions_in_long_rows(closes: list[float], gaps: set[int], bucket: int) -> None:
    row = [None if at in gaps else close for at, close in enumerate(closes)]
    assert_same(row_of(measure(matrix(row), bucket_seconds=bucket)), reference.measures(row, bucket), rel=1e-7)


@few
@given(bars=st.lists(st.one_of(st.none(), st.tuples(prices, prices, prices)), min_size=1, max_size=50))
def test_candles_equal_the_definitions(bars: list[tuple[float, float, float] | None]) -> None:
    ordered = [None if bar is None else sorted(bar) for bar in bars]
    low, close, high = ([None if bar is None else bar[at] for bar in ordered] for at in range(3))
    got = measure(matrix(close), high=matrix(high), low=matrix(low), bucket_seconds=HOUR)
    expected = {"parkinson": reference.parkinson(high, low, HOUR), "atr": reference.atr(high, low, close)}
    assert_same(row_of(got), expected)


@few
@given(price=st.floats(0.01, 1e12), count=st.integers(35, 60), gap=st.integers(0, 34))
def test_constant_series(price: float, count: int, gap: int) -> None:
    row: list[float | None] = [price] * count
    row[gap] = None
    got = row_of(measure(matrix(row), bucket_seconds=HOUR))
    assert {name: got[name] for name in ZERO_IF_CONSTANT} == dict.fromkeys(ZERO_IF_CONSTANT, 0.0)
    unknown = ("trend_r2", "trend_score", "sharpe", "percent_b")
    assert {name: got[name] for name in unknown} == dict.fromkeys(unknown)
    assert (got["bollinger_upper"], got["bollinger_middle"], got["bollinger_lower"]) == (price, price, price)


@pytest.mark.slow
@few
@given(closes=whole, factor=st.floats(1e-3, 1e6))
def test_scale(closes: list[float], factor: float) -> None:
    plain = row_of(measure(matrix(closes), bucket_seconds=HOUR))
    scaled = row_of(measure(matrix(closes) * factor, bucket_seconds=HOUR))
    moved = max(closes) / min(closes) - 1
    if 0 < moved < 1e-6:  # the factor's own rounding is then a visible part of the moves
        return
    assert_same(scaled, {name: plain[name] for name in SCALE_FREE} if moved else {}, rel=1e-6)
    sigma = plain["rolling_stddev"]
    assert sigma is not None
    assert_same(scaled, {"rolling_stddev": sigma * factor}, rel=1e-6)


@few
@given(closes=whole, shift=st.integers(0, 10**9))
def test_shift_leaves_sigma(closes: list[float], shift: int) -> None:
    plain = row_of(measure(matrix(closes), bucket_seconds=HOUR))
    shifted = row_of(measure(matrix(closes) + shift, bucket_seconds=HOUR))
    assert shifted["rolling_stddev"] == plain["rolling_stddev"]


@few
@given(rows=st.integers(2, 40), seed=st.integers(0, 999))
def test_rows_do_not_influence_each_other(rows: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    closes = rng.integers(1, 10_000, (rows, 45)).astype(np.float64)
    closes[rng.random(closes.shape) < 0.3] = np.nan
    closes[rng.integers(rows)] = np.nan
    high, low = closes * 1.1, closes * 0.9
    together = measure(closes, high=high, low=low, bucket_seconds=HOUR)
    order = rng.permutation(rows)
    permuted = measure(closes[order], high=high[order], low=low[order], bucket_seconds=HOUR)
    one = int(rng.integers(rows))
    alone = measure(closes[one : one + 1], high=high[one : one + 1], low=low[one : one + 1], bucket_seconds=HOUR)
    assert_identical(permuted, _rows(together, order))
    assert_identical(alone, _rows(together, np.array([one])))


def _rows(measures: Measures, rows: "np.typing.NDArray[np.int64]") -> Measures:
    return Measures(**{field.name: getattr(measures, field.name)[rows] for field in fields(Measures)})


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_groups_of_rows_and_threads_change_nothing(threads: int) -> None:
    rng = np.random.default_rng(5)
    closes = rng.integers(1, 10_000, (600, 720)).astype(np.float64)  # three groups
    closes[rng.random(closes.shape) < 0.1] = np.nan
    together = measure(closes, bucket_seconds=HOUR, threads=threads)
    for row in (0, 255, 256, 599):
        assert_identical(measure(closes[row : row + 1], bucket_seconds=HOUR), _rows(together, np.array([row])))
