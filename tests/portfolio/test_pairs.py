"""A portfolio that holds pairs beside items: valued at their exchange, in whole units, a tether for a dollar."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from app.portfolio.overview import overview
from app.portfolio.risk import read_return_history
from db.candles import store, symbols
from db.candles.columns import CandleColumns
from db.core.pool import Database, Row
from db.items.markets import BINANCE_SPOT, STEAM_MARKET
from db.portfolio import portfolios, prices
from db.portfolio.transactions import Transaction
from jobs.valuation import Valuation
from tests.portfolio.conftest import Caller, Person
from tests.portfolio.shop import AK, FEES, NOW, Shop, add
from tests.portfolio.test_api import buy

PAIRS = (
    symbols.PairRow("BTCUSDT", "BTC", "USDT", 100, 100_000, "trading", None),
    symbols.PairRow("PEPEUSDT", "PEPE", "USDT", 100_000_000, 1, "trading", None),
    symbols.PairRow("BTCEUR", "BTC", "EUR", 100, 100_000, "trading", None),
    symbols.PairRow("ETHBTC", "ETH", "BTC", 1_000_000, 10_000, "trading", None),
)
PRICES = {"BTCUSDT": 6_400_000, "PEPEUSDT": 1_234, "BTCEUR": 5_900_000, "ETHBTC": 48_000}


@pytest.fixture
def pairs(database: Database) -> dict[str, int]:
    """Four pairs of one exchange, each with a price of NOW."""
    with database.connection() as connection, connection.transaction():
        items = symbols.save(connection, BINANCE_SPOT, "binance", PAIRS)
        rows = [
            (items[name], int(NOW.timestamp()), price, -1, -1, price, price, price, 1) for name, price in PRICES.items()
        ]
        symbols.save_tickers(connection, "binance", rows)
    return items


def entry(name: str, quantity: int = 1, **more: Any) -> dict[str, Any]:
    return buy(name, quantity) | more


def held(me: Caller) -> dict[str, Any]:
    return {row["market_hash_name"]: row for row in me.json("GET", "/portfolio")["holdings"]}


def test_pairs_are_held_beside_items(me: Caller, shop: Shop, pairs: dict[str, int]) -> None:
    shop.price(shop.item(AK), 1_250)
    news = [
        entry(AK, 2),
        entry("btcusdt", 3, price=5_000_000),
        entry("PEPEUSDT", 1_000_000),
        entry("BTCEUR"),
        entry("ETHBTC"),
    ]
    me.json("POST", "/portfolio/transactions", 201, json={"transactions": news})
    seen = me.json("GET", "/portfolio")
    rows = {row["market_hash_name"]: row for row in seen["holdings"]}
    assert rows.keys() == {AK, *PRICES}
    bitcoin = rows["BTCUSDT"]
    assert (bitcoin["item_id"], bitcoin["price_source"]) == (pairs["BTCUSDT"], "binance")
    assert (bitcoin["current_price"], bitcoin["total_value"]) == (6_400_000, 19_200_000)
    assert (bitcoin["cost_basis"], bitcoin["unrealized_pnl"]) == (15_000_000, 4_200_000)
    # A million at 0.00001234: rounded once, not unit by unit.
    assert (rows["PEPEUSDT"]["current_price"], rows["PEPEUSDT"]["total_value"]) == (0, 1_234)
    # No rate of the euro is known here, and none of bitcoin anywhere.
    assert rows["BTCEUR"]["total_value"] is rows["ETHBTC"]["total_value"] is None
    assert seen["unpriced"] == ["BTCEUR", "ETHBTC"]
    assert seen["total_value"] == 2 * 1_250 + 19_200_000 + 1_234
    assert seen["counted_as_dollars"] == ["USDT"]
    assert bitcoin["weapon_type"] == "Crypto"


def test_a_pair_in_euros_takes_the_euro_s_rate(me: Caller, database: Database, pairs: dict[str, int]) -> None:
    database.execute("INSERT INTO currency_rates VALUES ('EUR', %s, 920000, 'ecb')", [NOW.date()])
    me.json("POST", "/portfolio/transactions", 201, json={"transactions": [entry("BTCEUR")]})
    assert held(me)["BTCEUR"]["total_value"] == round(5_900_000 / 0.92)
    assert me.json("GET", "/portfolio")["counted_as_dollars"] == []


@pytest.mark.parametrize("source", ["best", "skinport", "reference"])
def test_a_pair_is_valued_at_its_exchange_whatever_items_are(
    database: Database, person: Person, shop: Shop, pairs: dict[str, int], source: str
) -> None:
    shop.price(shop.item(AK), 1_000, source="skinport")
    portfolios.default(database, person.id)
    database.execute("UPDATE portfolios SET price_source = %s", [source])
    mine = portfolios.default(database, person.id)
    add(database, mine, transaction("BTCUSDT", 2))
    rows = overview(database, mine, FEES, NOW).holdings
    assert [(row["price_source"], row["total_value"]) for row in rows] == [("binance", 12_800_000)]


def transaction(name: str, quantity: int) -> Transaction:
    return Transaction(NOW - timedelta(days=1), "buy", name, quantity, 100, 0, "USD")


def test_the_job_values_pairs_as_the_page_does(
    database: Database, mine: Row, pairs: dict[str, int], shop: Shop
) -> None:
    shop.price(shop.item(AK), 1_250)
    add(database, mine, transaction("BTCUSDT", 2), transaction("PEPEUSDT", 1_000_000), transaction(AK, 1))
    Valuation(database, FEES).run(NOW)
    row = database.row("SELECT value, priced, unpriced FROM portfolio_snapshots WHERE portfolio_id = %s", [mine["id"]])
    assert row == {"value": 12_800_000 + 1_234 + 1_250, "priced": 3, "unpriced": 0}
    assert row["value"] == overview(database, mine, FEES, NOW).totals["total_value"]
    # A rise at the exchange is a gain, and no money that came in.
    database.execute("UPDATE tickers SET price = 7000000 WHERE item_id = %s", [pairs["BTCUSDT"]])
    Valuation(database, FEES).run(NOW + timedelta(minutes=5))
    state = database.row(
        "SELECT value, deposits, withdrawals FROM portfolio_state WHERE portfolio_id = %s", [mine["id"]]
    )
    assert state is not None
    assert state["value"] == 14_000_000 + 1_234 + 1_250
    assert (state["deposits"], state["withdrawals"]) == (row["value"], 0)


def test_an_unknown_pair_is_joined_when_an_exchange_lists_it(me: Caller, database: Database) -> None:
    me.json("POST", "/portfolio/transactions", 201, json={"transactions": [entry("BTCUSDT")]})
    assert held(me)["BTCUSDT"]["item_id"] is None
    with database.connection() as connection, connection.transaction():
        items = symbols.save(connection, BINANCE_SPOT, "binance", PAIRS[:1])
    Valuation(database, {}).run(datetime.now(UTC))
    assert held(me)["BTCUSDT"]["item_id"] == items["BTCUSDT"]


def test_a_fraction_is_refused_with_the_reason(me: Caller, pairs: dict[str, int]) -> None:
    refused = me.json(
        "POST", "/portfolio/transactions", 400, json={"transactions": [entry("BTCUSDT") | {"quantity": 0.5}]}
    )
    assert "transactions.0.quantity: " in refused["error"]
    assert "got 0.5" in refused["error"]
    text = "date,type,item,quantity,price\n2026-01-01,buy,BTCUSDT,0.5,64000\n"
    told = me.json("POST", "/portfolio/transactions/csv?preview=true", data=text.encode())
    assert told["bad_lines"] == [
        {
            "line": 2,
            "message": "'0.5' is not a whole number; fractions of a unit cannot be recorded",
            "text": "2026-01-01,buy,BTCUSDT,0.5,64000",
        }
    ]


def days_of(closes: list[int], first: datetime) -> CandleColumns:
    at = [int((first + timedelta(days=day)).timestamp()) for day in range(len(closes))]
    return CandleColumns.of([(time, close, close, close, close, 10, 1) for time, close in zip(at, closes, strict=True)])


def test_daily_closes_of_pairs_and_of_one_market(database: Database, shop: Shop, pairs: dict[str, int]) -> None:
    first = NOW.replace(hour=0) - timedelta(days=3)
    bitcoin = pairs["BTCUSDT"]
    with database.connection() as connection, connection.transaction():
        candles = days_of([6_000_000, 6_100_000, 6_200_000], first)
        store.store(connection, "binance", np.full(3, bitcoin), candles, interval="1d")
    item = shop.item(AK)
    shop.closed(item, 1_000, first, "price_24h")
    ids, closes, _ = prices.daily(database, [bitcoin], first, 4)
    assert ids.tolist() == [bitcoin]
    assert closes.tolist() == [[6_000_000, 6_100_000, 6_200_000, 6_400_000]]  # today's is the newest price
    of_steam, *_ = prices.daily(database, None, first, 4, market=STEAM_MARKET)
    assert of_steam.tolist() == [item]
    of_pairs, *_ = prices.daily(database, None, first, 4, market=BINANCE_SPOT)
    assert of_pairs.tolist() == sorted([bitcoin, pairs["PEPEUSDT"]])  # in one currency alone
    found = read_return_history(database, [bitcoin], NOW)
    assert bitcoin not in found.unused.used
