"""Risk through the API, of holdings with three months of daily closes, among the instance's other users."""

import math
from datetime import UTC, datetime, timedelta

import pytest

from app.analytics.portfolio.risk import MIN_PEERS
from db.core.pool import Database
from db.portfolio import portfolios
from jobs.valuation import Valuation
from tests.portfolio.conftest import Caller, Person, add_person
from tests.portfolio.shop import AK, CASE, KNIFE, Shop, own

NOW = datetime.now(UTC)
TODAY = NOW.replace(hour=0, minute=0, second=0, microsecond=0)


def swinging(shop: Shop, name: str, swing: float, days: range = range(91)) -> int:
    """An item whose price goes up and down every day by a share of it, priced now."""
    item = shop.item(name)
    for day in days:
        price = round(100_000 * (1 + swing * (day % 2) + 0.001 * math.sin(day)))
        shop.closed(item, price, TODAY - timedelta(days=90 - day), "price_24h")
    shop.price(item, 100_000, at=NOW)
    return item


def people(database: Database, count: int, name: str, first: int = 0) -> list[Person]:
    """People who hold one item each."""
    found = [add_person(database, str(76561198100000000 + first + number)) for number in range(count)]
    for person in found:
        portfolios.default(database, person.id)
        own(database, person, (name, 1))
    return found


@pytest.mark.slow
def test_the_percentile_appears_with_twenty_others(me: Caller, database: Database) -> None:
    shop = Shop(database)
    for name, swing in ((AK, 0.05), (CASE, 0.01), (KNIFE, 0.2)):
        swinging(shop, name, swing)
    own(database, me.person, (AK, 1))
    me.json("GET", "/portfolio")  # makes the main portfolio
    people(database, 14, CASE)
    people(database, 5, KNIFE, first=100)
    Valuation(database, {}).run(NOW)
    assert me.json("GET", "/portfolio/risk")["percentile"] is None, "nineteen are too few"
    people(database, MIN_PEERS - 19, KNIFE, first=200)
    Valuation(database, {}).run(NOW + timedelta(minutes=1))
    risk = me.json("GET", "/portfolio/risk")
    # 14 calmer people, 6 wilder ones.
    assert risk["percentile"] == pytest.approx(14 / 20)
    assert me.json("GET", "/portfolio")["performance"]["volatility"] == pytest.approx(risk["volatility"])


def test_what_is_left_out_is_named_with_the_reason(me: Caller, database: Database) -> None:
    shop = Shop(database)
    swinging(shop, AK, 0.05)
    swinging(shop, "seldom quoted", 0.05, range(60, 91))
    swinging(shop, "long silent", 0.05, range(70))
    shop.price(shop.item("never closed"), 100, at=NOW)
    database.execute("DELETE FROM price_latest WHERE item_id = %s", [swinging(shop, "no price now", 0.05)])
    own(database, me.person, (AK, 1), ("seldom quoted", 1), ("long silent", 1), ("never closed", 1), ("no price now", 1),
        ("unheard of", 1))  # fmt: skip
    risk = me.json("GET", "/portfolio/risk")
    assert {row["market_hash_name"]: row["reason"] for row in risk["left_out_reasons"]} == {
        "long silent": "no price for 21 days on end; at most 14 are carried over",
        "never closed": "no daily price in the last three months",
        "no price now": "no price from this portfolio's price source now",
        "seldom quoted": "quoted on 31 of 91 days; at least half of them are needed",
        "unheard of": "no source has a price for it",
    }
    assert risk["left_out"] == [row["market_hash_name"] for row in risk["left_out_reasons"]]
    assert [row["market_hash_name"] for row in risk["contributions"]] == [AK]
