"""Invented prices count in nothing beside real ones, and nothing of them is left behind."""

from datetime import UTC, datetime, timedelta

import pytest
import redis

from app.portfolio.overview import overview
from app.portfolio.risk import read_return_history
from app.providers.sources import SIMULATED
from db.core import redis as cache
from db.core.pool import Database, Row
from db.items import items, market, simulated
from db.items.rankings import MarketWindow
from jobs import cache_rebuild, measures
from jobs.valuation import Valuation
from tests.portfolio.conftest import Person
from tests.portfolio.shop import AK, CASE, FEES, Shop, own

GATE = {"least_samples": 0, "least_coverage": 0.0, "least_price": 0.0, "least_volume": 0.0}
DAY = MarketWindow("steam:730", "24h", 1)


def _closes(shop: Shop, item: int, source: str, now: datetime, step: int) -> None:
    hour = now.replace(minute=0, second=0, microsecond=0)
    for back in range(200):
        for table, at in (
            ("price_1h", hour - timedelta(hours=back)),
            ("price_24h", hour.replace(hour=0) - timedelta(days=back)),
        ):
            price = 1000 + step * back
            shop.database.execute(
                f"INSERT INTO {table} VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 0, 10, false, 1, %s, %s, null)",  # noqa: S608
                [item, source, at, price, price, price, price, float(price), at, at],
            )


@pytest.mark.slow
def test_real_and_simulated_never_mix(
    database: Database,
    redis_client: redis.Redis,
    shop: Shop,
    person: Person,
    mine: Row,
) -> None:
    now = datetime.now(UTC)
    ak, case = shop.item(AK, "demo"), shop.item(CASE, "demo")
    for item in (ak, case):
        shop.price(item, 1000, "demo", now)
        _closes(shop, item, "demo", now, 3)
    own(database, person, (AK, 1), (CASE, 1))
    valuation = Valuation(database, FEES)

    def count() -> tuple[int, int, int, int | None]:
        measures.run(database, redis_client, now)
        found = market.overview(database, DAY, GATE)
        ranked = int(redis_client.zcard("rankings:percent_change:24h"))
        past = read_return_history(database, [ak, case], now)
        return (
            found["index_items"],
            ranked,
            len(past.item_id),
            overview(database, mine, FEES, now).totals["total_value"],
        )

    assert count() == (2, 2, 2, 2000)
    valuation.run(now - timedelta(minutes=10))
    shop.price(ak, 400, "steam", now)
    _closes(shop, ak, "steam", now, 0)
    assert count() == (1, 1, 1, 400)
    valuation.run(now - timedelta(minutes=5))
    valuation.run(now)
    seen = overview(database, mine, FEES, now)
    assert seen.totals["unpriced"] == [CASE]
    assert seen.performance["time_weighted"] == 0.0
    assert (seen.performance["gain"], seen.performance["deposits"]) == (0, 0)
    with database.connection() as connection:
        items.adopt_source(connection, [case], "demo", ["demo"])
        assert simulated.forget_simulated(connection, SIMULATED) == 2
    assert count() == (1, 1, 1, 400)
    row = database.row("SELECT count(*) AS n FROM items WHERE reference_source = 'demo'")
    assert row == {"n": 0}


def test_leaving_before_a_real_price_leaves_nothing(database: Database, redis_client: redis.Redis, shop: Shop) -> None:
    now = datetime.now(UTC)
    ak = shop.item(AK, "demo")
    shop.price(ak, 1000, "demo", now)
    _closes(shop, ak, "demo", now, 3)
    with database.connection() as connection:
        simulated.forget_simulated(connection, SIMULATED)
    measures.run(database, redis_client, now)
    assert market.overview(database, DAY, GATE)["index_items"] == 0
    assert redis_client.zcard("rankings:percent_change:24h") == 0


def test_a_real_price_silences_simulated_ones_in_redis_too(
    database: Database, redis_client: redis.Redis, shop: Shop
) -> None:
    now = datetime.now(UTC)
    ak, case = shop.item(AK, "demo"), shop.item(CASE, "demo")
    for item in (ak, case):
        shop.price(item, 1000, "demo", now)
        _closes(shop, item, "demo", now, 3)
    assert cache_rebuild.rebuild_latest(database, redis_client) == 2
    shop.price(ak, 400, "steam", now)
    _closes(shop, ak, "steam", now, 0)
    measures.run(database, redis_client, now)
    assert cache.all_latest(redis_client).keys() == {ak}
    assert cache_rebuild.latest_differences(database, redis_client) == []
