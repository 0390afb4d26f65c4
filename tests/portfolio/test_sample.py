"""The sample portfolio: what its trades are made of, and that it mixes with nothing of the user's."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from app.portfolio.ledger import make_ledger, read_rates
from app.portfolio.overview import read
from app.portfolio.sample import ITEMS, Market, TooFewPricesError, make_sample, read_market, trades
from app.providers.demo.provider import DemoProvider
from db.core.pool import Database
from db.portfolio import portfolios, transactions
from tests.portfolio.conftest import Caller, Person
from tests.portfolio.shop import Shop

CS2 = "steam:730"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MIDNIGHT = NOW.replace(hour=0)


def stock(shop: Shop, count: int, days: int = 90, now: datetime = NOW) -> dict[str, list[int]]:
    """Items with a close a day up to yesterday; the closes by name, oldest first."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    made = {}
    for number in range(count):
        name = f"AK-47 | Finish {number:02} (Field-Tested)"
        item = shop.item(name)
        closes = [1000 + 100 * number + 3 * day for day in range(days)]
        for day, close in enumerate(closes):
            shop.closed(item, close, midnight - timedelta(days=days - day), "price_24h")
        shop.price(item, closes[-1], at=now)
        made[name] = closes
    return made


def market(count: int, days: int) -> Market:
    closes = np.array([[1000.0 + 50 * item + day for day in range(days)] for item in range(count)])
    return Market([f"Item {number}" for number in range(count)], closes, MIDNIGHT - timedelta(days=days))


@pytest.mark.parametrize(("count", "days"), [(16, 90), (16, 2), (4, 90), (5, 7)])
def test_sixty_trades_that_can_be(count: int, days: int) -> None:
    made = trades(market(count, days))
    assert len(made) == 60
    assert made == trades(market(count, days))
    assert {one.market_hash_name for one in made} == {None, *(f"Item {number}" for number in range(count))}
    assert {one.kind for one in made} == {"buy", "sell", "drop", "trade", "fee"}
    assert [one.time for one in made] == sorted(one.time for one in made)
    assert made[0].time >= MIDNIGHT - timedelta(days=days)
    assert made[-1].time < MIDNIGHT
    rows = [
        {"id": at, "item_id": 1, **{name: getattr(one, name) for name in one.__dataclass_fields__}}
        for at, one in enumerate(made)
    ]
    portfolio = {"currency": "USD", "cost_method": "fifo"}
    ledger = make_ledger(rows, portfolio, read_rates(None, rows, "USD"))  # type: ignore[arg-type]  # no rate is read
    assert ledger.held()


def test_trades_are_made_at_the_closes_of_their_days(database: Database, shop: Shop, person: Person) -> None:
    closes = stock(shop, 20)
    found = read_market(database, CS2, NOW)
    assert (len(found.names), found.closes.shape, found.first) == (ITEMS, (16, 90), MIDNIGHT - timedelta(days=90))
    made = make_sample(database, person.id, CS2, NOW)
    assert (made["name"], made["sample"], made["includes_steam"]) == ("Sample portfolio", True, False)
    for row in transactions.every(database, person.id, made["id"]):
        if row["kind"] in {"buy", "sell"}:
            close = closes[row["market_hash_name"]][(row["time"] - found.first).days]
            assert 0.94 < row["price"] / close < 1.05
    seen, course = read(database, made, {}, NOW)
    assert seen.problem is None
    assert {row["basis"] for row in course} == {"transactions"}
    assert len(course) >= 89
    assert all(row["unpriced"] == 0 for row in course)
    assert seen.performance["money_weighted"] is not None


def test_it_reaches_back_as_far_as_most_closes_do(database: Database, shop: Shop) -> None:
    stock(shop, 6, days=10)
    new = shop.item("Sticker | New")
    shop.price(new, 500)
    shop.closed(new, 500, MIDNIGHT - timedelta(days=2), "price_24h")
    shop.closed(new, 500, MIDNIGHT - timedelta(days=1), "price_24h")
    found = read_market(database, CS2, NOW)
    assert found.first == MIDNIGHT - timedelta(days=10)
    assert len(found.names) == 6


def test_a_gap_is_filled_with_the_close_before_it(database: Database, shop: Shop) -> None:
    stock(shop, 5)
    database.execute("DELETE FROM price_24h WHERE bucket = %s", [MIDNIGHT - timedelta(days=40)])
    found = read_market(database, CS2, NOW)
    assert np.isfinite(found.closes).all()
    assert (found.closes[:, 50] == found.closes[:, 49]).all()


def test_the_simulated_past_is_known_before_it_is_kept(database: Database, shop: Shop) -> None:
    provider = DemoProvider(None)
    midnights = provider.history_arrays(MIDNIGHT - timedelta(days=89), MIDNIGHT + timedelta(days=1), timedelta(days=1))
    for at, item in enumerate(provider.items()[:40]):
        number = shop.item(item.market_hash_name, "demo")
        shop.price(number, 500 + at, "demo")
    with pytest.raises(TooFewPricesError):
        read_market(database, CS2, NOW)
    found = read_market(database, CS2, NOW, simulated_days=90)
    assert (found.closes.shape, found.first) == ((16, 90), MIDNIGHT - timedelta(days=90))
    names = [item.market_hash_name for item in provider.items()]
    for name, closes in zip(found.names, found.closes, strict=True):
        assert (closes == midnights.prices[names.index(name)]).all()
    shorter = read_market(database, CS2, NOW, simulated_days=30)
    assert (shorter.closes.shape, shorter.first) == ((16, 30), MIDNIGHT - timedelta(days=30))


def test_too_few_prices_make_none(database: Database, shop: Shop, person: Person) -> None:
    stock(shop, 3)
    with pytest.raises(TooFewPricesError):
        make_sample(database, person.id, CS2, NOW)
    assert portfolios.every(database, person.id) == []


def test_one_of_its_own_beside_what_the_user_has(me: Caller, meet: Callable[..., Caller], database: Database) -> None:
    refused = me.json("POST", "/portfolio/sample", 409)
    assert "too few prices" in refused["error"]
    stock(Shop(database), 8, now=datetime.now(UTC))
    taken = me.json("POST", "/portfolios", 201, json={"name": "Sample portfolio"})
    made = me.json("POST", "/portfolio/sample")
    assert (made["name"], made["sample"], taken["sample"]) == ("Sample portfolio 2", True, False)
    assert me.json("POST", "/portfolio/sample")["id"] == made["id"]
    which = f"?portfolio_id={made['id']}"
    assert len(me.json("GET", f"/portfolio/transactions{which}")) == 60
    assert me.json("GET", f"/portfolio{which}")["sample"] is True
    assert me.json("GET", "/portfolio/transactions") == []
    assert [one["name"] for one in me.json("GET", "/portfolio/export")["portfolios"]] == [
        "My portfolio",
        "Sample portfolio",
    ]
    other = meet("76561198000000002")
    assert other.ask("GET", f"/portfolio{which}").status_code == 404
    assert other.ask("DELETE", f"/portfolios/{made['id']}").status_code == 404
    reader = meet("76561198000000003", scope="read")
    assert reader.ask("POST", "/portfolio/sample").status_code == 403
    assert me.client.post("/api/v1/portfolio/sample").status_code == 401
    assert me.ask("DELETE", f"/portfolios/{made['id']}").status_code == 204
    assert [one["name"] for one in me.json("GET", "/portfolios")] == ["My portfolio", "Sample portfolio"]
