"""What an outage left out is asked of Steam's price history, once, of what people hold first, and lands in gaps alone."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import cast

import numpy as np
import pytest
import redis
from pydantic import SecretStr

from app.providers.base import Batch, HistoryProvider, Quote
from db.core.pool import Database
from db.operations import outages, providers
from db.operations.polling import Planned
from db.operations.polling import save as save_plan
from jobs.gap_filling import IDLE, PAUSE, Filler
from jobs.ingest import Ingest, Report
from tests.providers.conftest import Upstream

HOUR = timedelta(hours=1)
NAMES = ("Held Case", "Traded Case")
FIRST, LAST = 60, 40
"""Of the outage, in hours ago."""


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


@pytest.fixture
def gapped(database: Database, redis_client: redis.Redis, upstream: Upstream, now: datetime) -> Database:
    """Two items quoted each hour but in an outage of twenty; Steam knows every hour of both, and sells at 7.77."""
    hours = [hour for hour in range(2, 200) if not LAST <= hour < FIRST]
    quotes = [Quote(name, "steam", 500, now - hour * HOUR) for name in NAMES for hour in hours]
    Ingest(database, redis_client, heartbeat=timedelta(0)).store(None, Batch(quotes), Report("steam", now))
    providers.register(database, "steam", simulated=False, interval=60)
    outages.begin(database, "steam", now - FIRST * HOUR + HOUR / 2, cause="throttled", detail="429")
    outages.end(database, "steam", now - LAST * HOUR + HOUR / 2)
    points = tuple(((now - hour * HOUR).strftime("%b %d %Y %H: +0"), 7.772, "1,003") for hour in range(200, 0, -1))
    upstream.world.histories.update(dict.fromkeys(NAMES, points))
    ids = [row["id"] for row in database.rows("SELECT id FROM items ORDER BY market_hash_name")]
    demand = np.array([True, False])
    planned = Planned(np.array(ids), np.array([600.0, 60.0]), demand, np.zeros(2), np.zeros(2))
    save_plan(database, "steam", planned, at=now, per_minute=7.5, pass_seconds=9)
    return database


def steps(upstream: Upstream, database: Database, count: int, cookie: str = "secret") -> list[float]:
    async def run() -> list[float]:
        provider = cast("HistoryProvider", upstream.provider("steam", cookie=SecretStr(cookie)))
        assert provider.tells_history == bool(cookie)
        filler = Filler(provider, database)
        waits = [await filler.step() for _ in range(count)]
        await provider.aclose()
        return waits

    return asyncio.run(run())


def filled(database: Database, name: str) -> list[tuple[int, int]]:
    """Price and volume of what was added, oldest first."""
    rows = database.rows(
        "SELECT h.price, h.volume FROM price_history h JOIN items i ON i.id = h.item_id"
        " WHERE i.market_hash_name = %s AND h.price <> 500 ORDER BY time",
        [name],
    )
    return [(row["price"], row["volume"]) for row in rows]


def test_a_gap_is_filled_from_what_steam_tells_of_the_past(
    upstream: Upstream, gapped: Database, redis_client: redis.Redis
) -> None:
    listener = redis_client.pubsub()  # type: ignore[no-untyped-call]
    listener.subscribe("prices")
    assert steps(upstream, gapped, 1) == [PAUSE]
    assert filled(gapped, NAMES[0]) == [(777, 1003)] * (FIRST - LAST)
    assert filled(gapped, NAMES[1]) == [], "what people hold comes first"
    assert steps(upstream, gapped, 2) == [PAUSE, IDLE]
    assert filled(gapped, NAMES[1]) == [(777, 1003)] * (FIRST - LAST)
    asked = [one for one in upstream.app.seen if one.path == "/market/pricehistory/"]
    assert len(asked) == 2
    assert asked[0].headers["cookie"] == "steamLoginSecure=secret"
    rows = gapped.rows("SELECT cause, candles, until - since AS time FROM candle_repairs")
    assert {(row["cause"], row["candles"], row["time"]) for row in rows} == {
        ("outage", FIRST - LAST, timedelta(hours=20))
    }
    heard = [message["type"] for _ in range(3) if (message := listener.get_message(timeout=0.1))]
    assert "message" not in heard, "the past is no live price"
    listener.close()


def test_what_is_no_gap_of_the_item_stays_as_it_was(upstream: Upstream, gapped: Database, now: datetime) -> None:
    gapped.execute("DELETE FROM candle_repairs")
    gapped.execute(
        "UPDATE provider_outages SET since = since - interval '30 hours', until = until + interval '30 hours'"
    )
    steps(upstream, gapped, 1)
    assert len(filled(gapped, NAMES[0])) == FIRST - LAST


def test_an_item_without_sales_is_asked_for_once(upstream: Upstream, gapped: Database) -> None:
    upstream.world.histories[NAMES[0]] = (("Jul 02 2014 01: +0", 1.0, "1"),)
    assert steps(upstream, gapped, 3) == [PAUSE, PAUSE, IDLE]
    assert filled(gapped, NAMES[0]) == []


def test_a_cookie_that_is_taken_no_more_waits_longer_each_time(upstream: Upstream, gapped: Database) -> None:
    assert steps(upstream, gapped, 3, cookie="expired") == [IDLE, 2 * IDLE, 4 * IDLE]
    assert gapped.rows("SELECT FROM candle_repairs") == []


def test_short_and_running_outages_are_left_alone(upstream: Upstream, gapped: Database) -> None:
    gapped.execute("UPDATE provider_outages SET until = since + interval '2 hours'")
    assert steps(upstream, gapped, 1) == [IDLE]
    gapped.execute("UPDATE provider_outages SET until = NULL")
    assert steps(upstream, gapped, 1) == [IDLE]


def test_without_a_cookie_it_tells_nothing(upstream: Upstream) -> None:
    provider = cast("HistoryProvider", upstream.provider("steam"))
    assert not provider.tells_history
