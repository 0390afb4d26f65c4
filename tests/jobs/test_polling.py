"""Single items are asked for beside the pass over the market: what people hold first, within the limit, and never in spite of a refusal."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
import redis

from app.providers.base import ItemProvider
from db.accounts import watchlist
from db.core.pool import Database
from db.operations import polling, providers
from jobs.ingest import Ingest
from jobs.polling import SHORTEST, Poller
from tests.providers.conftest import Upstream


@pytest.fixture
def ingest(database: Database, redis_client: redis.Redis, upstream: Upstream) -> Ingest:
    """The market read once: sixty items, an hour ago."""
    made = Ingest(database, redis_client, heartbeat=timedelta(0))

    async def once() -> None:
        provider = upstream.provider("steam")
        await made.cycle(provider)
        await provider.aclose()

    asyncio.run(once())
    database.execute(
        "UPDATE price_latest SET time = time - interval '1 hour', stored_time = stored_time - interval '1 hour'"
    )
    upstream.app.seen.clear()
    return made


def held(database: Database, *items: int) -> None:
    """One person holds these."""
    user = database.row("INSERT INTO users (name, session_key) VALUES ('Ann', 'a') RETURNING id")
    assert user
    for item in items:
        database.execute(
            "INSERT INTO user_portfolio_holdings (user_id, steam_asset_id, item_id, market_hash_name, quantity, imported_at, created_at,"
            " updated_at) SELECT %s, id::text, id, market_hash_name, 1, now(), now(), now() FROM items WHERE id = %s",
            [user["id"], item],
        )


def watched(database: Database, *items: int) -> None:
    user = database.row("INSERT INTO users (name, session_key) VALUES ('Bob', 'b') RETURNING id")
    assert user
    for item in items:
        assert watchlist.add(database, user["id"], item, 100)


def ids(database: Database, count: int) -> list[int]:
    return [row["id"] for row in database.rows("SELECT id FROM items ORDER BY id LIMIT %s", [count])]


def steps(upstream: Upstream, ingest: Ingest, count: int, **told: Any) -> list[float]:
    """The waits between steps of a poller that has half of a thousand requests a minute."""
    extras = {"requests_per_minute": 1_000, "poll_percent": 50, **told}

    async def run() -> list[float]:
        provider = cast("ItemProvider", upstream.provider("steam", **extras))
        poller = Poller(provider, ingest.database, ingest)
        waits = []
        for _ in range(count):
            waits.append(await poller.step())
            await asyncio.sleep(min(waits[-1], 0.2))
        await provider.aclose()
        return waits

    return asyncio.run(run())


def asked(upstream: Upstream) -> list[str]:
    return [one.query["market_hash_name"] for one in upstream.app.seen if one.path == "/market/priceoverview/"]


def test_what_people_hold_and_watch_is_asked_for_and_kept(upstream: Upstream, ingest: Ingest) -> None:
    first, second, third = ids(ingest.database, 3)
    held(ingest.database, first)
    watched(ingest.database, second)
    cursor = providers.cursor_of(ingest.database, "steam")
    steps(upstream, ingest, 8)
    names = {
        row["id"]: row["market_hash_name"] for row in ingest.database.rows("SELECT id, market_hash_name FROM items")
    }
    assert sorted(asked(upstream)) == sorted([names[first], names[second]])
    now = datetime.now(UTC)
    latest = {row["item_id"]: row for row in ingest.database.rows("SELECT * FROM price_latest WHERE source = 'steam'")}
    for item in (first, second):
        assert now - latest[item]["time"] < timedelta(minutes=30)
        assert latest[item]["volume_rolling"]
    assert now - latest[third]["time"] > timedelta(minutes=59)
    assert providers.cursor_of(ingest.database, "steam") == cursor
    (plan,) = polling.plans(ingest.database)
    assert (plan["provider"], round(plan["per_minute"]), plan["demanded"], plan["others"]) == ("steam", 500, 2, 0)
    assert plan["demanded_median"] == pytest.approx(SHORTEST)
    (row,) = polling.of_item(ingest.database, first, ["steam"])
    assert row["in_demand"]
    assert now - row["polled_at"] < timedelta(minutes=30)
    (row,) = polling.of_item(ingest.database, third, ["steam"])
    assert row["own_interval"] is None


def test_an_item_is_not_asked_for_twice_within_its_interval(upstream: Upstream, ingest: Ingest) -> None:
    held(ingest.database, *ids(ingest.database, 2))
    begun = time.monotonic()
    steps(upstream, ingest, 12)
    assert 2 <= len(asked(upstream)) <= 2 * (1 + (time.monotonic() - begun) // SHORTEST)


def test_requests_keep_their_share_of_the_limit(upstream: Upstream, ingest: Ingest) -> None:
    held(ingest.database, *ids(ingest.database, 60))
    begun = time.monotonic()
    steps(upstream, ingest, 30, requests_per_minute=240)
    assert 0 < len(asked(upstream)) <= (time.monotonic() - begun) * 2 + 1


def test_a_market_that_refuses_is_left_alone(upstream: Upstream, ingest: Ingest) -> None:
    held(ingest.database, *ids(ingest.database, 5))
    upstream.app.faults.add("429", "steam", retry_after="77")
    begun = time.monotonic()
    waits = steps(upstream, ingest, 6)
    assert 1 <= len(asked(upstream)) <= 1 + (time.monotonic() - begun) // 77
    assert waits[-1] > 0
    assert not ingest.database.rows("SELECT FROM poll_plan_items WHERE polled_at IS NOT NULL")


def test_an_item_that_the_market_does_not_know_keeps_nobody_waiting(upstream: Upstream, ingest: Ingest) -> None:
    first, second = ids(ingest.database, 2)
    held(ingest.database, first, second)
    ingest.database.execute("UPDATE items SET market_hash_name = 'Nobody Knows It' WHERE id = %s", [first])
    ingest.database.execute("UPDATE price_latest SET time = time - interval '1 day' WHERE item_id = %s", [first])
    steps(upstream, ingest, 8)
    assert len(asked(upstream)) == 2
    assert asked(upstream)[0] == "Nobody Knows It"


def test_nobody_asks_where_nothing_is_held_watched_or_traded(upstream: Upstream, ingest: Ingest) -> None:
    waits = steps(upstream, ingest, 3)
    assert asked(upstream) == []
    assert waits[-1] > 0
    assert polling.plans(ingest.database)[0]["demanded"] == 0


def test_a_plan_that_no_longer_has_an_item_forgets_it(upstream: Upstream, ingest: Ingest) -> None:
    first, second = ids(ingest.database, 2)
    watched(ingest.database, first, second)
    steps(upstream, ingest, 1)
    ingest.database.execute("DELETE FROM user_watchlist WHERE item_id = %s", [first])
    steps(upstream, ingest, 1)
    rows = ingest.database.rows("SELECT item_id FROM poll_plan_items")
    assert [row["item_id"] for row in rows] == [second]
