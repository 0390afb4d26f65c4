import math

import numpy as np
import pytest

from app.analytics import measure
from tests.analytics import reference
from tests.analytics.support import HOUR, Row, assert_identical, assert_same, matrix, row_of


def one(*closes: float | None) -> dict[str, float | None]:
    return row_of(measure(matrix(closes), bucket_seconds=HOUR))


@pytest.mark.parametrize("row", [[None] * 24, [None, 100.0, None]], ids=["none", "one"])
def test_too_few_closes_are_unknown_and_never_zero(row: Row) -> None:
    got = one(*row)
    samples = len([close for close in row if close is not None])
    assert got.pop("samples") == samples
    assert got.pop("coverage") == samples / len(row)
    assert got == dict.fromkeys(got)


def test_two_points() -> None:
    got = one(100, 110)
    assert_same(
        got, {"rolling_stddev": 5, "coefficient_of_variation": 5 / 105, "percent_change": 10, "max_drawdown": 0}
    )
    assert_same(got, {"trend_slope": math.log(1.1) * 24 * 100, "trend_r2": 1, "trend_score": math.log(1.1) * 24 * 100})
    assert_same(got, dict.fromkeys(("return_volatility", "ewma_volatility", "sharpe", "bollinger_middle", "percent_b")))


def test_change_counts_from_the_close_before_the_window() -> None:
    closes = matrix([None, 120, 110], [None, 120, 110], [None, None, 110], [None, None, 110], [None] * 3, [1, 2, 3])
    before = np.array([100, math.nan, 100, math.nan, 100, 0])
    change = measure(closes, bucket_seconds=HOUR, previous_close=before).percent_change
    np.testing.assert_allclose(change, [10, -100 / 12, 10, math.nan, math.nan, math.nan])


def test_a_return_across_a_gap_counts_by_its_length() -> None:
    # A rise of √Δ in ln p over Δ buckets, up and down in turn, is the same volatility for every Δ.
    for gap in (1, 4, 9):
        row: list[float | None] = [None] * (12 * gap + 1)
        row[::gap] = [1000 * math.exp(math.sqrt(gap) * 0.01 * (at % 2)) for at in range(13)]
        got = one(*row)
        assert_same(got, {"return_volatility": 0.01 * math.sqrt(12 / 11 * 24), "ewma_volatility": 0.01 * math.sqrt(24)})


def test_gaps_have_their_time_in_the_trend() -> None:
    growth = [100 * 1.01**at for at in range(30)]
    holes = [close if at in {3, 4, 11, 29} else None for at, close in enumerate(growth)]
    assert_same(one(*holes), {"trend_slope": math.log(1.01) * 2400, "trend_r2": 1})


def test_bands_count_the_last_20_observed_closes() -> None:
    closes = [float(100 + at * at % 37) for at in range(20)]
    spread: list[float | None] = [close for pair in zip(closes, [None] * 20, strict=True) for close in pair]
    expected = reference.bollinger(closes)
    assert_same(one(*spread), expected)
    assert_same(one(1e6, *spread), expected)
    assert one(*spread[:-2])["bollinger_middle"] is None


def test_one_spike() -> None:
    row = [1770.0] * 40
    row[20] = 5880.0
    got = one(*row)
    assert_same(got, reference.measures(row, HOUR))
    assert got["max_drawdown"] == pytest.approx(1 - 1770 / 5880)


@pytest.mark.parametrize("bad", [0.0, -5.0])
def test_prices_without_a_logarithm(bad: float) -> None:
    row = [100.0 + at % 3 for at in range(40)]
    row[7] = bad
    got = one(*row)
    assert_same(got, reference.measures(row, HOUR))
    for name in ("return_volatility", "ewma_volatility", "sharpe", "trend_slope", "trend_r2", "max_drawdown"):
        assert got[name] is None
    assert got["rolling_stddev"] is not None


def test_sharpe_begins_with_the_30th_return() -> None:
    closes = [100.0 + at * 7 % 5 for at in range(31)]
    assert one(*closes[:30])["sharpe"] is None
    assert_same(one(*closes), {"sharpe": reference.measures(closes, HOUR)["sharpe"]})


def test_steady_growth_has_no_volatility_to_divide_by() -> None:
    got = one(*[100 * 1.01**at for at in range(60)])
    assert (got["return_volatility"], got["sharpe"]) == (0.0, None)


@pytest.mark.parametrize("level", [0, 10**8, 10**12])
def test_small_moves_on_a_large_price_keep_their_digits(level: int) -> None:
    row = [float(level + 5 + (at * at) % 7) for at in range(720)]
    assert_same(one(*row), reference.measures(row, HOUR), rel=1e-9)


def test_drift_far_above_the_noise_keeps_its_digits() -> None:
    row = [100 * math.exp(0.01 * at + 1e-8 * (-1) ** at) for at in range(200)]
    expected = reference.measures(row, HOUR)["return_volatility"]
    assert one(*row)["return_volatility"] == pytest.approx(expected, rel=1e-6, abs=0)


def test_infinite_and_masked_closes_are_gaps() -> None:
    plain = measure(matrix([1, None, 3, 7, None, 5]), bucket_seconds=HOUR)
    assert_identical(measure(matrix([1, math.inf, 3, 7, -math.inf, 5]), bucket_seconds=HOUR), plain)
    mask = np.array([[True, False, True, True, False, True]])
    assert_identical(measure(matrix([1, 9, 3, 7, 9, 5]), bucket_seconds=HOUR, observed=mask), plain)


def test_the_true_range_reaches_from_the_last_observed_close() -> None:
    # Each candle is 2 high and lies 10 above or below the last close, so its true range is 11, gaps or not.
    closes: list[float | None] = [100.0 + 10 * (at % 2) for at in range(40)]
    closes[5:7] = [None, None]
    middle = matrix(closes)
    assert_same(row_of(measure(middle, high=middle + 1, low=middle - 1, bucket_seconds=HOUR)), {"atr": 11.0})


def test_negative_candles_have_no_logarithm() -> None:
    closes = -matrix([100.0 + at for at in range(20)])
    got = row_of(measure(closes, high=closes + 2, low=closes - 2, bucket_seconds=HOUR))
    assert_same(got, {"parkinson": None, "atr": 4.0})


def test_half_a_candle_is_unknown() -> None:
    closes = matrix([100.0 + at for at in range(20)])
    high, low = closes + 2, closes - 2
    assert_same(row_of(measure(closes, high=high, low=low, bucket_seconds=HOUR)), {"atr": 4.0})
    high[0, 9] = math.nan
    got = row_of(measure(closes, high=high, low=low, bucket_seconds=HOUR))
    assert (got["atr"], got["parkinson"]) == (None, None)


@pytest.mark.parametrize(("rows", "buckets"), [(0, 24), (3, 1), (2, 13), (5, 719)])
def test_any_number_of_rows_and_buckets(rows: int, buckets: int) -> None:
    closes = np.arange(1.0, rows * buckets + 1).reshape(rows, buckets)
    got = measure(closes, bucket_seconds=HOUR)
    assert got.samples.tolist() == [buckets] * rows
    for row in range(rows):
        assert_same(row_of(got, row), reference.measures(closes[row].tolist(), HOUR))


def test_input_is_left_alone() -> None:
    closes = np.random.default_rng(1).uniform(1, 9, (50, 30))
    kept = closes.copy()
    measure(closes, high=closes, low=closes, bucket_seconds=HOUR)
    np.testing.assert_array_equal(closes, kept)
    # A view with strides, too: every second bucket of a longer row.
    assert_identical(measure(closes[:, ::2], bucket_seconds=HOUR), measure(closes[:, ::2].copy(), bucket_seconds=HOUR))


def test_shapes_that_do_not_fit_are_refused() -> None:
    closes = np.ones((2, 3))
    for wrong in (np.ones(3), np.ones((2, 0))):
        with pytest.raises(ValueError, match="closes must be"):
            measure(wrong, bucket_seconds=HOUR)
    with pytest.raises(ValueError, match="come together"):
        measure(closes, high=closes, bucket_seconds=HOUR)
    with pytest.raises(ValueError, match=r"previous_close has shape \(3,\), expected \(2,\)"):
        measure(closes, previous_close=np.ones(3), bucket_seconds=HOUR)
    with pytest.raises(ValueError, match="must be positive"):
        measure(closes, bucket_seconds=0)
