"""Edges: figures by hand, and what holds for all of them."""

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.analytics.edges import chance_of_loss, cost_of, net_spread, off_median, usable_volatility, worst_case
from app.analytics.portfolio.fees import net_proceeds_all

NAN = float("nan")
PRICES = st.integers(3, 10**9)
FEES = st.integers(0, 9_999)


def whole(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def test_figures_by_hand() -> None:
    cost, proceeds = cost_of(whole(1000, 999, -1), 250), whole(1104, 1024, 5)
    assert cost.tolist() == [1025, 1024, -1]  # 999 · 1.025 = 1023.975, rounded up
    spread = net_spread(cost, proceeds)
    assert spread[:2] == pytest.approx([100 * (1104 / 1025 - 1), 0])
    assert np.isnan(spread[2])
    sigma = np.array([0.03, 0.03, 0.03])
    # sigma √7 = 0.0793725, ln(1104/1025) = 0.0742457: Φ(-0.935407)
    assert chance_of_loss(spread, sigma, 7)[:2] == pytest.approx([17.4790, 50], abs=1e-3)
    assert worst_case(spread, sigma, 7)[0] == pytest.approx(-5.471, abs=1e-2)


def test_what_is_not_known_stays_unknown() -> None:
    spread = np.array([10.0, NAN, 10.0])
    sigma = np.array([NAN, 0.02, 0.02])
    assert np.isnan(chance_of_loss(spread, sigma, 7)).tolist() == [True, True, False]
    assert np.isnan(worst_case(spread, sigma, 7)).tolist() == [True, True, False]
    usable = usable_volatility(np.array([0.0, 0.02, 0.02, NAN]), whole(99, 7, 8, 99))
    assert np.isnan(usable).tolist() == [True, True, False, True]


def test_no_day_in_between_leaves_no_chance() -> None:
    spread = np.array([-1.0, 0.0, 5.0])
    assert chance_of_loss(spread, np.full(3, NAN), 0).tolist() == [100, 0, 0]
    assert worst_case(spread, np.full(3, NAN), 0).tolist() == [-1, 0, 5]


def test_quotes_off_the_median() -> None:
    prices = [[100, 105, 900], [100, 105, 20], [100, 290, NAN], [100, 300, NAN], [100, NAN, NAN], [NAN, NAN, NAN]]
    found = off_median(np.array(prices, dtype=np.float64))
    assert found.tolist() == [
        [False, False, True], [False, False, True], [False, False, False], [True, True, False], [False] * 3, [False] * 3,
    ]  # fmt: skip


@given(PRICES, PRICES, FEES, FEES, st.sampled_from(["steam", "skinport"]))
def test_a_higher_fee_never_raises_the_spread(buy: int, sell: int, one: int, other: int, source: str) -> None:
    low, high = sorted((one, other))

    def spread(buyer: int, seller: int) -> float:
        gets = net_proceeds_all(source, whole(sell), {"skinport": seller})
        return float(net_spread(cost_of(whole(buy), buyer), gets)[0])

    assert spread(high, 800) <= spread(low, 800)
    assert spread(0, high) <= spread(0, low)


@given(st.floats(-99, 1000), st.floats(1e-4, 2), st.integers(1, 60))
def test_risk_is_a_chance_and_agrees_with_its_worst_case(spread: float, sigma: float, days: int) -> None:
    spreads, sigmas = np.array([spread]), np.array([sigma])
    chance = float(chance_of_loss(spreads, sigmas, days)[0])
    expected = NormalDist().cdf(-np.log1p(spread / 100) / (sigma * days**0.5))
    assert 0 <= chance <= 100
    assert chance == pytest.approx(100 * expected, abs=1e-6)
    worst = float(worst_case(spreads, sigmas, days)[0])
    assert -100 <= worst < spread
    # The worst case of one in twenty loses exactly where the chance of a loss is above one in twenty.
    if abs(chance - 5) > 1e-6:
        assert (worst < 0) == (chance > 5)
