"""Pairs that nobody configured: streamed while somebody has them open or on a watchlist, with their past, within a bound."""

import time

import pytest
import redis

from app.candles import demand
from db.accounts import users, watchlist
from db.candles import listed, symbols
from db.core.pool import Database
from jobs.exchange.selection import FeedOptions
from tests.conftest import wait_for
from tests.exchange.feeds import Fed, fed
from tests.exchange.market import Listing, Market

pytestmark = pytest.mark.slow

BTC = frozenset({"BTCUSDT"})


def market_of(*names: str, minutes: int = 200) -> Market:
    made = Market(*(Listing(f"{name}USDT", name) for name in ("BTC", *names)))
    for symbol in made.listings:
        made.fill(symbol, minutes)
    return made


def options(on_demand: int = 10, linger: float = 2.0) -> FeedOptions:
    return FeedOptions(BTC, minute_days=2, hour_days=1, on_demand=on_demand, linger=linger)


def opened(database: Database, symbol: str) -> int:
    item = listed.adopt(database, symbol)
    assert item
    return item


def keep_open(it: Fed, *items: int) -> bool:
    demand.tell_watched(it.client, items, time.time())
    return True


def test_a_pair_is_streamed_within_seconds_of_being_opened_and_no_more_after_it_was_left(
    database: Database, redis_client: redis.Redis
) -> None:
    with fed(market_of("SOL"), database, redis_client, options()) as it:
        assert it.streamed() == BTC
        assert symbols.find(database, "SOLUSDT") is None
        item = opened(database, "solusdt")
        keep_open(it, item)
        wait_for(lambda: it.streamed() == {"BTCUSDT", "SOLUSDT"}, 5, "it is not streamed")
        wait_for(lambda: keep_open(it, item) and it.is_whole("SOLUSDT"), 10, "its history is not there")
        assert len(it.stored("SOLUSDT")) == 200
        wait_for(
            lambda: keep_open(it, item) and demand.progress_of(it.client, item) is None, 5, "its history does not end"
        )
        it.exchange.call(lambda: it.market.trade("SOLUSDT", "77"))
        wait_for(
            lambda: keep_open(it, item) and (symbols.ticker(database, item) or {}).get("price") == 7700, 10, "no price"
        )
        wait_for(lambda: keep_open(it, item) and it.state()["on_demand"] == 1, 5, "it is not told")
        wait_for(lambda: it.streamed() == BTC, 10, "it is streamed on")
        assert [pair.symbol for pair in symbols.every(database)] == ["BTCUSDT", "SOLUSDT"], "it stays an item"
        it.pass_minutes(3)
        keep_open(it, item)
        wait_for(lambda: keep_open(it, item) and it.is_whole("SOLUSDT"), 15, "what was traded meanwhile is missing")


def test_history_is_told_from_the_beginning_and_waits_out_a_ban(database: Database, redis_client: redis.Redis) -> None:
    with fed(market_of("SOL"), database, redis_client, options()) as it:
        it.exchange.call(lambda: it.exchange.ban(6))
        item = opened(database, "SOLUSDT")
        wait_for(lambda: keep_open(it, item) and "SOLUSDT" in it.streamed(), 5, "it is not streamed")
        wait_for(
            lambda: keep_open(it, item) and demand.progress_of(it.client, item),
            2,
            "not told",
        )
        told = demand.progress_of(it.client, item)
        assert told
        assert told.done == 0
        wait_for(lambda: keep_open(it, item) and it.is_whole("SOLUSDT"), 15, "its history is not there")
        wait_for(
            lambda: keep_open(it, item) and demand.progress_of(it.client, item) is None, 10, "its history does not end"
        )
        assert it.exchange.rest.broken_bans <= 2


def test_a_watchlist_is_demand_too(database: Database, redis_client: redis.Redis) -> None:
    with fed(market_of("SOL"), database, redis_client, options()) as it:
        with database.connection() as connection, connection.transaction():
            user = users.create(connection, name="Ann", email=None, avatar_url=None)
        item = opened(database, "SOLUSDT")
        watchlist.add(database, user, item, 500)
        wait_for(lambda: "SOLUSDT" in it.streamed(), 5, "it is not streamed")
        time.sleep(3)
        assert "SOLUSDT" in it.streamed()
        watchlist.remove(database, user, item)
        wait_for(lambda: it.streamed() == BTC, 5, "it is streamed on")


def test_a_full_house_keeps_its_guests_and_tells_others(database: Database, redis_client: redis.Redis) -> None:
    with fed(market_of("SOL", "ADA", "XRP"), database, redis_client, options(on_demand=2)) as it:
        sol, ada, xrp = (opened(database, f"{name}USDT") for name in ("SOL", "ADA", "XRP"))
        keep_open(it, sol, ada)
        wait_for(lambda: len(it.streamed()) == 3, 5, "they are not streamed")
        for _ in range(4):
            keep_open(it, xrp, sol, ada)
            time.sleep(0.7)
            assert it.streamed() == {"BTCUSDT", "SOLUSDT", "ADAUSDT"}
        waiting = demand.progress_of(it.client, xrp)
        assert "2 other pairs" in str(waiting)
        assert it.state()["left_out"] == 1
        wait_for(lambda: keep_open(it, xrp, ada) and "XRPUSDT" in it.streamed(), 10, "no room came")
        assert it.streamed() == {"BTCUSDT", "ADAUSDT", "XRPUSDT"}
        wait_for(lambda: demand.progress_of(it.client, xrp) is None, 5, "it is still told to wait")


def test_what_is_open_is_known_to_the_feeds_next_owner(database: Database, redis_client: redis.Redis) -> None:
    chosen = options(linger=60)
    with fed(market_of("SOL"), database, redis_client, chosen) as it:
        keep_open(it, opened(database, "SOLUSDT"))
        wait_for(lambda: "SOLUSDT" in it.streamed(), 5, "it is not streamed")
    with fed(market_of("SOL"), database, redis_client, chosen) as it:
        wait_for(lambda: "SOLUSDT" in it.streamed(), 5, "it is forgotten")


def test_while_redis_is_silent_nothing_is_dropped(database: Database, redis_client: redis.Redis) -> None:
    with fed(market_of("SOL"), database, redis_client, options(linger=1)) as it:
        keep_open(it, opened(database, "SOLUSDT"))
        wait_for(lambda: "SOLUSDT" in it.streamed(), 5, "it is not streamed")
        it.feed.selection._redis = redis.Redis(port=1)
        time.sleep(4)
        assert "SOLUSDT" in it.streamed()


def test_listed_pairs_are_found_in_any_case_and_blanks(database: Database, redis_client: redis.Redis) -> None:
    market = market_of("SOL", "SOLV", "ADA")
    market.listings["ADAUSDT"].status = "BREAK"
    with fed(market, database, redis_client, options()):
        found = listed.search(database, "binance:spot", "sol / usdt", 10)
        assert [(one.symbol, one.item_id) for one in found] == [("SOLUSDT", None)]
        assert [one.symbol for one in listed.unopened(database, "sol", 10)] == ["SOLUSDT", "SOLVUSDT"]
        assert listed.unopened(database, "ada", 10) == []
        assert listed.search(database, "binance:spot", "%", 10) == []
        assert listed.adopt(database, "NOBODYUSDT") is None
        assert opened(database, "ADAUSDT") == opened(database, "ADAUSDT")
