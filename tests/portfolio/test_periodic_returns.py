from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from app.analytics.portfolio.returns import monthly
from app.portfolio.periodic_returns import months, years

START = datetime(2025, 11, 20, 12, tzinfo=UTC)


def snapshot(days: float, value: int, growth: float, deposits: int = 0, withdrawals: int = 0) -> dict[str, Any]:
    return {"time": START + timedelta(days=days), "value": value, "growth": growth, "deposits": deposits,
            "withdrawals": withdrawals}  # fmt: skip


COURSE = [
    snapshot(0, 1000, 1.0, 1000),
    snapshot(10, 1100, 1.1, 1000),  # 30 November
    snapshot(20, 1600, 1.1, 1500),  # 10 December: 500 came in
    snapshot(40, 1200, 0.99, 1500, 240),  # 30 December: 10 % lost, 240 taken out
    snapshot(45, 1320, 1.089, 1500, 240),  # 4 January
]


def test_months_and_years_by_hand() -> None:
    found = months(COURSE)
    assert list(found) == [(2025, 11), (2025, 12), (2026, 1)]
    assert [month.earned for month in found.values()] == [pytest.approx(part) for part in (0.1, -0.1, 0.1)]
    assert [(month.deposits, month.withdrawals, month.gain) for month in found.values()] == [
        (0, 0, 100), (500, 240, -160), (0, 0, 120)]  # fmt: skip
    assert (found[2025, 12].first, found[2025, 12].last) == (COURSE[1]["time"], COURSE[3]["time"])
    first, second = years(COURSE).values()
    assert [first.earned, second.earned] == pytest.approx([-0.01, 0.1])
    assert (first.gain + second.gain, first.deposits) == (60, 500)


def test_it_is_what_the_engine_says_of_months() -> None:
    times = [row["time"].timestamp() for row in COURSE]
    chain = np.array([row["growth"] for row in COURSE])
    expected = monthly(times, chain)
    assert {month: period.earned for month, period in months(COURSE).items()} == pytest.approx(expected)


def test_too_little_is_nothing_and_an_empty_portfolio_earns_unknown() -> None:
    assert months([]) == {} == years(COURSE[:1])
    assert months([COURSE[0], COURSE[2]])[2025, 12].earned == pytest.approx(0.1)
    empty = months([snapshot(0, 0, 1.0), snapshot(2, 0, 1.0), snapshot(4, 500, 1.0, 500)])
    assert empty[2025, 11].earned is None
    assert empty[2025, 11].deposits == 500


def test_a_first_valuation_alone_in_its_month_opens_the_next() -> None:
    found = months([snapshot(0, 100, 1.0), snapshot(20, 150, 1.5)])
    assert list(found) == [(2025, 12)]
    assert found[2025, 12].first == START
