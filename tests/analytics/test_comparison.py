"""Comparisons: a table made by hand, pandas for the correlations, and what must hold of any prices."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from app.analytics import comparison
from app.analytics.arrays import Floats

NAN = float("nan")
PRICES = arrays.arrays(
    np.float64,
    st.tuples(st.integers(2, 5), st.integers(2, 60)),
    elements=st.one_of(st.just(NAN), st.floats(1, 1_000)),
)


def none(closes: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    return np.zeros(closes.shape, dtype=np.bool_)


def rebased(closes: Floats) -> Floats | None:
    prices = comparison.carried(closes, none(closes))
    start = comparison.beginning(prices)
    return None if start is None else comparison.rebased(closes, prices, start)


def test_the_first_moment_that_all_have() -> None:
    closes = np.array([[10, 12, NAN, 15, 9], [NAN, 200, 100, NAN, 300], [NAN, NAN, 4, 4, 4]], dtype=float)
    prices = comparison.carried(closes, none(closes))
    assert comparison.beginning(prices) == 2
    assert prices[0].tolist() == [10, 12, 12, 15, 9], "a bucket without a close keeps the price that stood"
    levels = comparison.rebased(closes, prices, 2)
    np.testing.assert_allclose(levels, np.array([[100, 125, 75], [100, NAN, 300], [100, 100, 100]], dtype=float))
    found = comparison.figures(levels, 86_400)
    np.testing.assert_allclose(found.change, [-0.25, 2, 0])
    np.testing.assert_allclose(found.drawdown, [1 - 75 / 125, 0, 0])
    assert found.closes.tolist() == [3, 2, 3]
    assert found.volatility[0] == pytest.approx(np.std(np.log([125 / 100, 75 / 125]), ddof=1))
    assert np.isnan(found.volatility[1]), "one return says nothing of how it swings"


def test_no_price_stands_over_a_gap_or_past_the_last_close() -> None:
    closes = np.array([[10, NAN, NAN, 11, NAN]], dtype=float)
    assert np.isnan(comparison.carried(closes, none(closes))[0, 4])
    breaks = none(closes)
    breaks[0, 0] = True
    np.testing.assert_array_equal(comparison.carried(closes, breaks), closes)


def test_what_never_meets_has_no_beginning() -> None:
    closes = np.array([[10, 11, NAN, NAN], [NAN, NAN, 5, 6]], dtype=float)
    assert rebased(closes) is None
    assert comparison.beginning(np.empty((0, 4))) is None


def test_the_last_close_of_each_day() -> None:
    closes = np.array([[1, 2, NAN, NAN, NAN, 6], [1, NAN, 3, 4, 5, NAN]], dtype=float)
    found = comparison.last_of_each(closes, np.array([7, 7, 8, 8, 9, 9]))
    np.testing.assert_array_equal(found, [[2, NAN, 6], [1, 4, 5]])


def test_returns_do_not_reach_over_holes() -> None:
    found = comparison.simple_returns(np.array([[100, 110, NAN, 121, 60.5]]))
    np.testing.assert_allclose(found, [[0.1, NAN, NAN, -0.5]])


def test_correlation_by_hand() -> None:
    own = np.tile([0.01, -0.01], 10)
    rows = np.vstack([own, -own, np.tile([0.02, 0.02, -0.02, -0.02], 5), np.zeros(20)])
    found = comparison.together(rows)
    np.testing.assert_allclose(found.correlation[:3, :3], [[1, -1, 0], [-1, 1, 0], [0, 0, 1]], atol=1e-12)
    assert np.isnan(found.correlation[3]).all(), "what never moved goes with nothing, nor with itself"
    assert (found.n == 20).all()
    short = comparison.together(rows[:, 1:])
    assert (short.n == 19).all()
    assert np.isnan(short.correlation).all(), "under twenty returns in common nothing is known"


def test_correlation_is_that_of_pandas() -> None:
    random = np.random.default_rng(3)
    returns = random.normal(0, 0.02, (6, 80)) + random.normal(0, 0.02, 80)
    returns[random.random(returns.shape) < 0.3] = NAN
    found = comparison.together(returns)
    expected = pd.DataFrame(returns.T).corr(min_periods=20).to_numpy()
    assert np.isfinite(expected).any()
    np.testing.assert_allclose(found.correlation, expected, atol=1e-12)
    known = np.isfinite(returns)
    assert found.n[0, 1] == (known[0] & known[1]).sum()


@given(PRICES, st.floats(0.01, 100))
def test_rebasing_does_not_see_the_unit(closes: Floats, unit: float) -> None:
    first, second = rebased(closes), rebased(closes * unit)
    assert (first is None) == (second is None)
    if first is None or second is None:
        return
    np.testing.assert_allclose(second, first, rtol=1e-9)
    assert (first[:, 0] == 100).all()
    # Between known closes nothing is made up: only the beginning may stand on a price from before.
    start = closes.shape[1] - first.shape[1]
    np.testing.assert_array_equal(np.isfinite(first[:, 1:]), np.isfinite(closes[:, start + 1 :]))
    np.testing.assert_allclose(
        comparison.figures(second, 3_600).change, comparison.figures(first, 3_600).change, atol=1e-9
    )


@given(PRICES)
def test_correlations_are_symmetric_and_one_with_itself(closes: Floats) -> None:
    found = comparison.together(comparison.simple_returns(closes))
    matrix = found.correlation
    np.testing.assert_array_equal(matrix, matrix.T)
    np.testing.assert_array_equal(found.n, found.n.T)
    diagonal = np.diagonal(matrix)
    np.testing.assert_allclose(diagonal[np.isfinite(diagonal)], 1)
    known = np.isfinite(matrix)
    assert (np.abs(matrix[known]) <= 1).all()
    assert not known[found.n < 20].any()
