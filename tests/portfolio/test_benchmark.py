"""The market beside a portfolio's history."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from flask import Flask

from app.portfolio import benchmark
from app.portfolio.benchmark import at_times, market_levels, thinned, timeline
from db.core.pool import Database
from db.items.markets import STEAM_MARKET
from tests.portfolio.shop import Shop

START = datetime(2026, 3, 1, tzinfo=UTC)


def snapshot(
    hours: float, value: int, *, deposits: int = 0, withdrawals: int = 0, growth: float = 1.0
) -> dict[str, Any]:
    return {
        "time": START + timedelta(hours=hours), "value": value, "deposits": deposits, "withdrawals": withdrawals, "growth": growth,
    }  # fmt: skip


def test_the_same_money_in_the_market() -> None:
    # The market doubles in the first day and stays; 500 come in at its end, 300 leave a day later.
    history = [
        snapshot(0, 1000, growth=1.1),
        snapshot(24, 1600, deposits=500, growth=1.21),
        snapshot(48, 1300, deposits=500, withdrawals=300, growth=1.21),
    ]
    first = START.timestamp()
    found = timeline(history, (np.array([first, first + 86_400, first + 2 * 86_400]), np.array([50.0, 100.0, 100.0])))
    assert found["benchmark"] == [1000, 2500, 2200]
    assert found["market"] == pytest.approx([0, 1, 1])
    assert found["growth"] == pytest.approx([0, 0.1, 0.1])
    assert [move["amount"] for move in found["moves"]] == [500, -300]
    assert found["moves"][0]["time"] == first + 86_400


def test_small_moves_are_not_marked_but_counted() -> None:
    first = START.timestamp()
    levels = (np.array([first, first + 86_400]), np.array([1.0, 1.0]))
    found = timeline([snapshot(0, 100_000), snapshot(24, 100_100, deposits=100)], levels)
    assert found["moves"] == []
    assert found["benchmark"] == [100_000, 100_100]


def test_no_market_no_benchmark() -> None:
    found = timeline([snapshot(0, 10), snapshot(1, 20)], None)
    assert found["benchmark"] == found["market"] == [None, None]
    assert timeline([], None)["time"] == []
    later = START.timestamp() + 10
    assert at_times((np.array([later, later + 1]), np.array([1.0, 2.0])), np.array([later - 10])) is None


def test_nothing_is_left_of_more_than_there_was() -> None:
    first = START.timestamp()
    levels = (np.array([first, first + 86_400]), np.array([100.0, 50.0]))
    found = timeline([snapshot(0, 1000), snapshot(24, 100, withdrawals=900)], levels)
    assert found["benchmark"] == [1000, 0]


def test_a_long_history_keeps_its_ends_and_its_sums() -> None:
    many = [snapshot(hour, 1000 + hour, deposits=hour) for hour in range(4000)]
    kept = thinned(many)
    assert len(kept) <= benchmark.MAX_POINTS
    assert (kept[0], kept[-1]) == (many[0], many[-1])
    first = START.timestamp()
    found = timeline(many, (np.array([first, first + 4000 * 3600]), np.array([1.0, 1.0])))
    assert found["benchmark"][-1] == 1000 + 3999


def test_levels_follow_daily_closes(database: Database) -> None:
    now = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    shop = Shop(database)
    item = shop.item("AK-47 | Redline (Field-Tested)")
    for days, price in ((2, 1000), (1, 1100), (0, 1210)):
        shop.closed(item, price, now.replace(hour=0) - timedelta(days=days), "price_24h")
    with Flask("x").app_context():
        found = market_levels(database, STEAM_MARKET, now - timedelta(days=1), now)
        assert found is not None
        times, levels = found
        assert levels / levels[0] == pytest.approx([1, 1.1, 1.21])
        assert times[-1] == now.timestamp()
        assert market_levels(database, STEAM_MARKET, now - timedelta(days=800), now) is None
        # Kept for a while: what changes meanwhile does not show at once.
        database.execute("UPDATE price_24h SET close = 5000")
        again = market_levels(database, STEAM_MARKET, now - timedelta(days=1), now)
        assert again is not None
        assert again[1] is levels
