import csv
import gzip
from datetime import UTC, datetime

import numpy as np
import pytest

from app.analytics.arrays import Floats
from app.analytics.portfolio import batch
from app.analytics.portfolio.history import forward_fill, return_history
from app.analytics.portfolio.index import index_returns, market_index
from app.analytics.portfolio.risk import beta, drawdown, measure, percentile, tail_losses, value_path
from app.analytics.portfolio.what_if import ChangeError, apply
from tests.conftest import DATA

DAYS = 120


def recorded(number: int) -> Floats:
    """Daily prices of the last `DAYS` recorded days, in cents, (items, days); a day's last point counts."""
    points: dict[str, dict[int, int]] = {}
    with gzip.open(DATA / f"steam_pricehistory_{number}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        for name, when, price, _ in rows:
            if when >= "2024-08":
                day = datetime.fromisoformat(when).replace(tzinfo=UTC).toordinal()
                points.setdefault(name, {})[day] = round(float(price) * 100)
    last = max(max(days) for days in points.values())
    prices = np.full((len(points), DAYS), np.nan)
    for row, days in enumerate(points.values()):
        for day, cents in days.items():
            if last - day < DAYS:
                prices[row, DAYS - 1 - (last - day)] = cents
    return prices


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.skipif(not DATA.exists(), reason="the recorded histories are absent")
def test_real_histories_equal_the_textbook(number: int) -> None:
    prices = recorded(number)
    assert prices.shape[0] > 900
    found = return_history(prices)
    assert found.used.sum() > 800
    rng = np.random.default_rng(number)
    values = np.round(found.prices[:, -1] * rng.integers(1, 20, len(found.prices)))
    market = index_returns(market_index(prices, np.ones(len(prices))))[-found.returns.shape[1] :]
    risk = measure(values, found.returns, market)
    # The textbook: every figure from the whole covariance matrix.
    weights = values / values.sum()
    covariance = np.cov(found.returns)
    sigma = np.sqrt(weights @ covariance @ weights)
    course = weights @ found.returns
    assert risk.volatility == pytest.approx(sigma, rel=1e-10)
    np.testing.assert_allclose(risk.contributions, weights * (covariance @ weights) / sigma, rtol=1e-8, atol=1e-15)
    assert risk.contributions.sum() == pytest.approx(sigma, rel=1e-10)
    pair = np.cov(course, market)
    assert risk.beta == pytest.approx(pair[0, 1] / pair[1, 1], rel=1e-10)
    assert risk.diversification == pytest.approx(weights @ found.returns.std(axis=1, ddof=1) / sigma)
    moving = found.returns.std(axis=1) > 0
    expected = np.corrcoef(found.returns[moving])
    np.testing.assert_allclose(risk.correlation[np.ix_(moving, moving)], expected, atol=1e-10)
    worst = sorted(course)[: -(-len(course) // 20)]
    assert risk.value_at_risk == pytest.approx(-worst[-1])
    assert risk.expected_shortfall == pytest.approx(-np.mean(worst))
    # The portfolio's volatility is not a weighted mean of its items'.
    assert sigma < 0.8 * (weights @ found.returns.std(axis=1, ddof=1))


def test_volatility_by_hand() -> None:
    # Two holdings that move against each other by the same amount: no risk together.
    moves = np.tile([0.1, -0.1], 15)
    risk = measure(np.array([50.0, 50.0]), np.array([moves, -moves]))
    assert risk.volatility == pytest.approx(0)
    assert risk.correlation[0, 1] == pytest.approx(-1)
    # One alone: the sample deviation of ±0.1 over 30 days.
    alone = measure(np.array([70.0]), moves[np.newaxis])
    assert alone.volatility == pytest.approx(0.1 * np.sqrt(30 / 29))
    assert alone.diversification == pytest.approx(1)
    assert alone.contributions.sum() == pytest.approx(alone.volatility)


def test_tails_by_hand() -> None:
    course = np.array([-0.10, -0.04, *[0.01] * 38])
    # 40 days: the two worst are the tail.
    np.testing.assert_allclose(tail_losses(course), (0.04, 0.07))
    assert tail_losses(np.arange(1, 21) / 100) == (-0.01, -0.01)


def test_drawdown_of_todays_holdings() -> None:
    returns = np.array([[0.0, 1.0, -0.5], [0.0, 0.0, 0.0]])
    course = value_path(np.array([100.0, 100.0]), returns)
    np.testing.assert_allclose(course, [200, 200, 300, 200])
    assert drawdown(course) == pytest.approx(1 / 3)


def test_too_little_is_unknown() -> None:
    risk = measure(np.array([1.0]), np.zeros((1, 19)))
    assert (risk.volatility, risk.beta, risk.value_at_risk, risk.max_drawdown) == (None, None, None, None)
    assert measure(np.array([0.0]), np.zeros((1, 40))).volatility is None
    still = measure(np.array([5.0]), np.zeros((1, 40)))
    assert (still.volatility, still.diversification) == (0.0, None)
    assert np.isnan(still.correlation[0, 0])
    assert beta(np.ones(40), np.full(40, np.nan)) is None
    assert beta(np.ones(40), np.zeros(40)) is None


def test_gaps_carry_the_last_price_on_and_long_ones_leave_out() -> None:
    nan = np.nan
    np.testing.assert_array_equal(forward_fill(np.array([[nan, 1, nan, nan, 2]])), [[nan, 1, 1, 1, 2]])
    days = 60
    whole, gappy, sparse, late, dead = np.full((5, days), 100.0)
    gappy[10:20] = nan
    sparse[np.arange(days) % 3 > 0] = nan
    late[:14] = nan
    dead[40:] = nan
    found = return_history(np.array([whole, gappy, sparse, late, dead]))
    assert found.used.tolist() == [True, True, False, True, False]
    assert found.returns.shape == (3, days - 14 - 1)
    assert np.isfinite(found.returns).all()


def test_index_by_hand() -> None:
    nan = np.nan
    prices = np.array([[100, 110, 110, 121], [50, 50, nan, 50], [nan, nan, 7000, 7700.0]])
    # Day 1: (2·110 + 50) / (2·100 + 50); day 2: only the first; day 3: the first and third, a new one moves nothing before.
    levels = market_index(prices, np.array([2.0, 1.0, 1.0]))
    np.testing.assert_allclose(levels, [100, 108, 108, 108 * (242 + 7700) / (220 + 7000)])
    assert np.isnan(market_index(np.full((1, 2), nan), np.ones(1))).all()
    np.testing.assert_allclose(market_index(np.array([[nan, 5, 10.0]]), np.ones(1)), [nan, 100, 200])


def test_percentile_needs_twenty_others() -> None:
    assert percentile(5.0, np.arange(19.0)) is None
    assert percentile(5.0, np.arange(20.0)) == pytest.approx(5.5 / 20)
    assert percentile(-1.0, np.arange(20.0)) == 0


def test_what_if() -> None:
    assert apply({1: 3, 2: 1}, {1: -1, 2: -1, 3: 4}) == {1: 2, 3: 4}
    with pytest.raises(ChangeError, match="only 3 of item 1"):
        apply({1: 3}, {1: -4})


def test_many_at_once_are_each_alone() -> None:
    rng = np.random.default_rng(3)
    returns = rng.normal(0, 0.05, (300, 60))
    portfolio = np.repeat(np.arange(700), 30)
    column = rng.integers(0, 300, len(portfolio))
    worth = rng.integers(0, 10_000, len(portfolio))
    worth[portfolio == 5] = 0
    offsets = np.searchsorted(portfolio, np.arange(701))
    found = batch.volatility(batch.Holdings(offsets, column, worth), returns)
    for number in (0, 255, 256, 699):
        mine = portfolio == number
        # An item may be held twice: its entries count together.
        each = np.bincount(column[mine], weights=worth[mine], minlength=300).astype(np.float64)
        assert found[number] == pytest.approx(measure(each, returns).volatility, rel=1e-12)
    assert np.isnan(found[5])
