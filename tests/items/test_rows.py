"""Rows of chosen items: the screener's, and pairs of exchanges in the same form."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.items import rows
from app.items.screener import table
from db.core.pool import Database

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def item(database: Database, market: str, name: str, currency: str, scale: int) -> int:
    row = database.row(
        "INSERT INTO items (market, market_hash_name, match_key, slug, currency, price_scale, reference_source)"
        " VALUES (%s, %s, %s, %s, %s, %s, 'demo') RETURNING id",
        [market, name, name.lower(), name.lower(), currency, scale],
    )
    assert row
    return int(row["id"])


def measured(database: Database, item_id: int, window: str, **values: Any) -> None:
    columns = ", ".join(values)
    marks = ", ".join(["%s"] * len(values))
    database.execute(
        f'INSERT INTO item_metrics (item_id, source, "window", reference, samples, coverage, as_of, computed_at, {columns})'  # noqa: S608
        f" VALUES (%s, 'demo', %s, true, 24, 1, %s, %s, {marks})",
        [item_id, window, AT, AT, *values.values()],
    )


@pytest.fixture
def stocked(database: Database) -> tuple[Database, int, int, int]:
    case = item(database, "steam:730", "Case A", "USD", 100)
    database.execute(
        "INSERT INTO price_latest (item_id, source, time, stored_time, price) VALUES (%s, 'demo', %s, %s, 1250)",
        [case, AT, AT],
    )
    pair, bare = (item(database, "binance:spot", name, "USDT", 10_000) for name in ("BTCUSDT", "ETHUSDT"))
    for number in (pair, bare):
        database.execute(
            "INSERT INTO symbols (item_id, base_currency, quote_currency, volume_scale, status)"
            " VALUES (%s, 'BTC', 'USDT', 100, 'trading')",
            [number],
        )
    database.execute(
        "INSERT INTO tickers (item_id, source, time, price, open, high, low, volume) VALUES (%s, 'demo', %s, 1100, 1000, 1200, 900, 5)",
        [pair, AT],
    )
    measured(database, pair, "24h", turnover=2.5, return_volatility=0.02, percent_change=9.0, last_price=1090)
    measured(database, pair, "7d", return_volatility=0.05, percent_change=25.0, last_price=1090)
    return database, case, pair, bare


def test_items_and_pairs_come_in_one_form_and_in_the_order_asked_for(stocked: tuple[Database, int, int, int]) -> None:
    database, case, pair, bare = stocked
    found = rows.of_items(database, [pair, 2_000_000_000, case, bare, pair], "24h")
    assert [row["id"] for row in found] == [pair, case, bare]
    (screened,) = table.of(database).page(table.Query(), 0, 10).rows
    assert found[1] == screened
    assert {frozenset(row) for row in found} == {frozenset(screened)}


def test_a_pairs_figures_are_those_of_the_window(stocked: tuple[Database, int, int, int]) -> None:
    database, _, pair, bare = stocked
    day, week = (rows.of_items(database, [pair], window)[0] for window in ("24h", "7d"))
    names = ("price", "base", "percent_change", "return_volatility", "turnover", "currency", "scale", "volume", "at")
    at = int(AT.timestamp() * 1000)
    assert [day[name] for name in names] == [1100, 1000, pytest.approx(10), 0.02, 25_000, "USDT", 10_000, None, at]
    assert [week[name] for name in names] == [1100, 872, 25.0, 0.05, 25_000, "USDT", 10_000, None, at]
    (unknown,) = rows.of_items(database, [bare], "7d")
    assert [unknown[name] for name in names] == [None, None, None, None, None, "USDT", 10_000, None, None]
    assert (unknown["spark"], unknown["samples"], unknown["simulated"]) == (None, 0, False)
