import random
from datetime import UTC, datetime

import numpy as np
import pytest

from app.analytics.portfolio.returns import annualised, growth, money_weighted, monthly, split, time_weighted
from tests.portfolio.reference import twr, xirr

DAY = 86_400.0


def test_time_weighted_by_hand() -> None:
    # 100 grows to 110; 50 come in (160); that falls to 144; 44 go out (100); that grows to 120: 1.1 · 0.9 · 1.2.
    values, flows = np.array([100.0, 160, 144, 100, 120]), np.array([0.0, 50, 0, -44, 0])
    assert time_weighted(values, flows) == pytest.approx(0.188)
    parts = split([100, 160, 144, 100, 120], [0, 50, 0, -44, 0])
    assert (parts.deposits, parts.withdrawals, parts.gain) == (50, 44, 14)


def test_a_deposit_is_not_a_gain() -> None:
    assert time_weighted(np.array([100.0, 1_000_100]), np.array([0.0, 1_000_000])) == 0.0


def test_an_empty_portfolio_starts_anew() -> None:
    values, flows = np.array([0.0, 100, 110, 0, 200, 220]), np.array([0.0, 100, 0, -110, 200, 0])
    assert time_weighted(values, flows) == pytest.approx(1.1 * 1.1 - 1)
    assert time_weighted(np.array([5.0]), np.array([5.0])) is None
    assert time_weighted(np.array([0.0, 0.0]), np.array([0.0, 0.0])) is None


def test_money_weighted_by_hand() -> None:
    year = 365 * DAY
    assert money_weighted(np.array([0.0]), np.array([1000.0]), year, 1100) == pytest.approx(0.1)
    # 1,000, a year later 1,000 more, after two years 2,310: 1000 x² + 1000 x = 2310, x = 1.1.
    assert money_weighted(np.array([0.0, year]), np.array([1000.0, 1000]), 2 * year, 2310) == pytest.approx(0.1)
    # The example of Excel's XIRR: 37.34 %.
    dates = [
        datetime(2008, 1, 1, tzinfo=UTC),
        datetime(2008, 3, 1, tzinfo=UTC),
        datetime(2008, 10, 30, tzinfo=UTC),
        datetime(2009, 2, 15, tzinfo=UTC),
        datetime(2009, 4, 1, tzinfo=UTC),
    ]
    seconds = np.array([date.timestamp() for date in dates])
    found = money_weighted(seconds, np.array([10000.0, -2750, -4250, -3250, -2750]), float(seconds[-1]), 0)
    assert found == pytest.approx(0.373362535, abs=1e-8)


def test_no_money_weighted_return_without_both_signs() -> None:
    assert money_weighted(np.array([0.0]), np.array([100.0]), DAY, 0) is None
    assert money_weighted(np.array([]), np.array([]), DAY, 100) is None
    assert money_weighted(np.array([DAY]), np.array([100.0]), DAY, 120) is None


def test_a_thousand_histories_against_the_plain_implementation() -> None:
    for seed in range(1000):
        rng = random.Random(seed)
        days = sorted(rng.sample(range(2000), rng.randint(2, 30)))
        values, flows = [rng.randint(100, 10**7)], [0]
        for _ in days[1:]:
            grown = values[-1] * rng.randint(50, 170) // 100
            flow = rng.choice([0, 0, rng.randint(1, 10**6), -rng.randint(0, grown)])
            values.append(grown + flow)
            flows.append(flow)
        chain = growth(np.array(values, dtype=np.float64), np.array(flows, dtype=np.float64))
        assert chain[-1] - 1 == pytest.approx(float(twr(values, flows)), rel=1e-12)
        parts = split(values, flows)
        assert parts.end - parts.start == parts.deposits - parts.withdrawals + parts.gain
        months = monthly([day * DAY for day in days], chain)
        assert np.prod([1 + step for step in months.values()]) == pytest.approx(chain[-1])


@pytest.mark.slow
def test_a_thousand_money_weighted_returns_against_plain_bisection() -> None:
    compared = 0
    for seed in range(1000):
        rng = random.Random(seed)
        days = sorted(rng.sample(range(2000), rng.randint(1, 12)))
        # Deposits first, then withdrawals: one sign change, one solution.
        turn = rng.randint(1, len(days))
        flows = [rng.randint(1, 10**6) * (1 if at < turn else -1) for at in range(len(days))]
        end, value = days[-1] + rng.randint(30, 400), rng.randint(0, 5 * 10**6)
        if value == 0 and turn == len(days):
            continue
        found = money_weighted(np.array(days) * DAY, np.array(flows, dtype=np.float64), end * DAY, value)
        expected = xirr(days, flows, end, value)
        if expected > 900_000 or expected < -0.99999:
            continue
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-9), seed
        compared += 1
    assert compared > 900


def test_months_and_years() -> None:
    times = [datetime(2024, 1, 30, tzinfo=UTC), datetime(2024, 1, 31, tzinfo=UTC), datetime(2024, 2, 29, tzinfo=UTC)]
    found = monthly([time.timestamp() for time in times], np.array([1.0, 1.1, 0.99]))
    assert found == {(2024, 1): pytest.approx(0.1), (2024, 2): pytest.approx(-0.1)}
    assert annualised(0.21, 2 * 365 * DAY) == pytest.approx(0.1)
    assert annualised(0.5, 5 * DAY) is None
