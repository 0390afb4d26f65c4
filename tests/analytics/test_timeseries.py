"""Time series: each figure once more from its definition, one value at a time."""

import itertools
import math
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.analytics.arrays import Floats
from app.analytics.timeseries.autocorrelation import autocorrelation, chi_squared_tail
from app.analytics.timeseries.cone import rolling_volatility, volatility_cone
from app.analytics.timeseries.distribution import distribution
from app.analytics.timeseries.returns import log_returns
from app.analytics.timeseries.seasonality import by_hour, by_weekday
from app.analytics.timeseries.underwater import underwater

GAPS = st.lists(st.one_of(st.none(), st.integers(1, 500)), min_size=1, max_size=60)


def series(days: int = 400, seed: int = 3, missing: float = 0.1, *, fat: bool = False) -> Floats:
    random = np.random.default_rng(seed)
    steps = random.standard_t(3, days) * 0.02 if fat else random.normal(0.001, 0.03, days)
    closes = 1_000 * np.exp(np.cumsum(steps))
    closes[1:][random.random(days - 1) < missing] = np.nan
    return closes


def slow_returns(closes: Sequence[float]) -> list[float | None]:
    found: list[float | None] = [None]
    for before, after in itertools.pairwise(closes):
        found.append(None if math.isnan(before) or math.isnan(after) else math.log(after / before))
    return found


def test_returns_are_of_neighbours_alone() -> None:
    closes = series()
    found = log_returns(closes)
    for one, other in zip(found.tolist(), slow_returns(closes.tolist()), strict=True):
        assert math.isnan(one) if other is None else one == pytest.approx(other, abs=1e-12)
    assert np.isnan(log_returns(np.array([5.0, 0.0, 5.0, -1.0, 5.0]))).all()


@pytest.mark.parametrize("fat", [False, True])
def test_distribution(*, fat: bool) -> None:
    returns = log_returns(series(fat=fat))
    known = sorted(value for value in returns.tolist() if not math.isnan(value))
    n, found = len(known), distribution(returns)
    assert found
    mean, sigma = statistics.fmean(known), statistics.stdev(known)
    assert found.n == n
    assert (found.mean, found.stddev) == pytest.approx((mean, sigma))
    # G1 and G2 by sums of standardised values, as spreadsheets define SKEW and KURT.
    cubes, fourths = (sum(((value - mean) / sigma) ** power for value in known) for power in (3, 4))
    assert found.skewness == pytest.approx(n / ((n - 1) * (n - 2)) * cubes)
    wanted = n * (n + 1) / ((n - 1) * (n - 2) * (n - 3)) * fourths - 3 * (n - 1) ** 2 / ((n - 2) * (n - 3))
    assert found.kurtosis == pytest.approx(wanted)
    assert found.counts.sum() == n
    for place, (low, high) in enumerate(itertools.pairwise(found.edges.tolist())):
        last = place == len(found.counts) - 1
        assert found.counts[place] == sum(low <= value < high or (last and value == high) for value in known)
    for tail in found.tails:
        worst = [1 - math.exp(value) for value in known[: math.ceil(n * tail.tail)]]
        assert tail.value_at_risk == pytest.approx(worst[-1])
        assert tail.expected_shortfall == pytest.approx(statistics.fmean(worst))
        z = statistics.NormalDist(mean, sigma).inv_cdf(tail.tail)
        assert tail.normal == pytest.approx(1 - math.exp(z))


def test_distribution_says_nothing_of_too_few() -> None:
    assert distribution(np.full(19, 0.01)) is None
    few = distribution(np.random.default_rng(1).normal(0, 0.01, 50))
    assert few
    assert few.tails[0].value_at_risk is not None
    assert (few.tails[1].value_at_risk, few.tails[1].normal) == (None, None), "50 days hold no hundredth"
    still = distribution(np.zeros(40))
    assert still
    assert (still.stddev, still.skewness, still.kurtosis, len(still.counts)) == (0.0, None, None, 0)
    assert (still.tails[0].value_at_risk, still.tails[0].normal) == (0.0, None)


def test_cone() -> None:
    returns = log_returns(series(500))[1:]
    for point in volatility_cone(returns):
        windows = []
        for start in range(len(returns) - point.days + 1):
            known = [value for value in returns[start : start + point.days].tolist() if not math.isnan(value)]
            enough = len(known) >= max(2, math.ceil(0.8 * point.days))
            windows.append(statistics.stdev(known) * math.sqrt(365) if enough else None)
        known_windows = [value for value in windows if value is not None]
        assert point.windows == len(known_windows)
        assert point.independent == int(np.isfinite(returns).sum()) // point.days
        assert point.newest == (None if windows[-1] is None else pytest.approx(windows[-1]))
        if point.days == 365:
            assert point.quantiles is None, "a year fits once into 500 days"
            continue
        quarters = statistics.quantiles(known_windows, n=4, method="inclusive")
        assert point.quantiles == pytest.approx((min(known_windows), *quarters, max(known_windows)))


def test_cone_of_what_never_moved_and_of_little() -> None:
    assert rolling_volatility(np.zeros(30), 7).tolist() == [0.0] * 24
    assert len(rolling_volatility(np.zeros(3), 7)) == 0
    assert all(point.quantiles is None and point.newest is None for point in volatility_cone(np.empty(0)))


@given(GAPS)
def test_underwater(prices: list[int | None]) -> None:
    seen = [(at, price) for at, price in enumerate(prices) if price is not None]
    found = underwater(np.array([np.nan if price is None else price for price in prices], dtype=np.float64))
    if len(seen) < 2:
        assert found is None
        return
    assert found
    deepest, longest, peak, high = 0.0, 0, seen[0], seen[0][1]
    fall: tuple[int, int, int] | None = None
    below = False
    for at, price in seen:
        if price >= high:
            longest = max(longest, at - peak[0]) if below else longest
            high, peak, below = price, (at, price), False
        else:
            below = True
            if 1 - price / high > deepest + 1e-15:
                deepest, fall = 1 - price / high, (peak[0], at, high)
        assert found.depth[at] == pytest.approx(price / high - 1)
    longest = max(longest, seen[-1][0] - peak[0]) if below else longest
    assert found.longest == longest
    if fall is None:
        assert found.deepest is None
        return
    assert found.deepest
    assert (found.deepest.peak, found.deepest.bottom) == fall[:2]
    assert found.deepest.depth == pytest.approx(deepest)
    back = next((at for at, price in seen if at > fall[1] and price >= fall[2]), None)
    assert found.deepest.recovery == back
    assert np.isnan(found.depth).sum() == len(prices) - len(seen)


def test_underwater_needs_positive_closes() -> None:
    assert underwater(np.array([5.0, 0.0])) is None


@pytest.mark.parametrize(("by", "groups", "first"), [(by_weekday, 7, 20_000), (by_hour, 24, 480_001)])
def test_seasonality(by: object, groups: int, first: int) -> None:
    returns = log_returns(series(300))
    found = by_weekday(returns, first) if by is by_weekday else by_hour(returns, first)
    held: list[list[float]] = [[] for _ in range(groups)]
    for at, value in enumerate(returns.tolist()):
        if not math.isnan(value):
            moment = datetime.fromtimestamp((first + at) * (86_400 if groups == 7 else 3_600), UTC)
            held[moment.weekday() if groups == 7 else moment.hour].append(value)
    assert found.n.tolist() == [len(values) for values in held]
    assert found.mean == pytest.approx([statistics.fmean(values) for values in held])
    errors = [statistics.stdev(values) / math.sqrt(len(values)) for values in held]
    assert found.error == pytest.approx(errors)
    assert found.distinct == sum(
        abs(statistics.fmean(values)) > 1.96 * error for values, error in zip(held, errors, strict=True)
    )


def test_seasonality_of_one_return() -> None:
    found = by_weekday(np.array([np.nan, 0.1]), 0)
    assert found.n.tolist() == [0, 0, 0, 0, 1, 0, 0], "2 January 1970 was a Friday"
    assert np.isnan(found.error).all()
    assert np.isfinite(found.mean).tolist() == [False, False, False, False, True, False, False]
    assert found.distinct == 0


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_autocorrelation(missing: float) -> None:
    returns = log_returns(series(300, missing=missing))[1:]
    found = autocorrelation(returns)
    assert found
    values = returns.tolist()
    known = [value for value in values if not math.isnan(value)]
    assert (found.n, len(found.returns)) == (len(known), 20)
    for power, coefficients in ((1, found.returns), (2, found.squares)):
        mean = statistics.fmean(value**power for value in known)
        spread = statistics.fmean((value**power - mean) ** 2 for value in known)
        for lag in range(1, 21):
            pairs = [
                (one**power - mean) * (other**power - mean)
                for one, other in zip(values, values[lag:], strict=False)
                if not math.isnan(one) and not math.isnan(other)
            ]
            assert found.pairs[lag - 1] == len(pairs)
            assert coefficients[lag - 1] == pytest.approx(sum(pairs) / (len(pairs) + lag) / spread)
    n = len(known)
    q = n * (n + 2) * sum(float(found.returns[lag - 1]) ** 2 / (n - lag) for lag in range(1, 11))
    assert found.statistic == pytest.approx(q)
    assert found.bound == pytest.approx(1.96 / math.sqrt(n))


def test_a_course_that_repeats_is_found() -> None:
    found = autocorrelation(np.tile([0.02, -0.01, 0.0, -0.01], 60))
    assert found
    assert found.returns[3] == pytest.approx(1, abs=0.02)
    assert found.p_value is not None
    assert found.p_value < 1e-6


def test_autocorrelation_of_too_few_or_of_nothing() -> None:
    assert autocorrelation(np.full(100, 0.01)) is None
    assert autocorrelation(np.arange(19.0)) is None
    few = autocorrelation(np.random.default_rng(2).normal(0, 1, 24))
    assert few
    assert (len(few.returns), few.statistic, few.p_value) == (6, None, None)
    # Of two values of one size the squares never move.
    coin = autocorrelation(np.random.default_rng(2).choice([-0.01, 0.01], 60))
    assert coin
    assert np.isnan(coin.squares).all()


@pytest.mark.parametrize(("value", "degrees", "tail"), [(18.307, 10, 0.05), (23.209, 10, 0.01), (5.991, 2, 0.05)])
def test_chi_squared_as_tables_have_it(value: float, degrees: int, tail: float) -> None:
    assert chi_squared_tail(value, degrees) == pytest.approx(tail, abs=2e-5)
