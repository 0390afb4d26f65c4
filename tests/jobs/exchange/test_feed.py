"""An exchange's feed into real PostgreSQL and Redis: what is stored is what the exchange says, through every break."""

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import orjson
import pytest
import redis

from app.candles import series
from app.providers.base import ProviderError
from app.providers.demo.exchange import DemoExchange
from app.providers.exchange import Connected, ConnectionState, Event, Kline, Symbol, Ticker
from app.providers.settings import ProviderSettings
from db.candles import read, repairs, symbols
from db.candles.intervals import INTERVALS, NAMES, floor
from db.candles.read import Span
from db.core.pool import Database
from jobs.exchange.feed import ExchangeFeed
from jobs.exchange.selection import FeedOptions
from tests.conftest import wait_for

pytestmark = pytest.mark.slow

HOUR = 3_600


class Scripted:
    """An exchange that says what a test puts into it, with the simulated one's past."""

    name = "demo"
    market = "binance:spot"
    simulated = True

    def __init__(self, pairs: int = 2) -> None:
        extras: dict[str, Any] = {"pairs": pairs}
        self.demo = DemoExchange(ProviderSettings(base_url=None, key=None, interval=None, timeout=None, extras=extras))
        self.said: asyncio.Queue[Event] = asyncio.Queue()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.asked: list[tuple[str, str, int, int]] = []
        self.holes: set[int] = set()
        self.refuses = False

    async def symbols(self) -> list[Symbol]:
        self.loop = asyncio.get_running_loop()
        if self.refuses:
            self.refuses = False
            raise ProviderError("http", "demo: 503")
        return await self.demo.symbols()

    async def klines(self, symbol: Symbol, interval: str, start: int, end: int) -> list[Kline]:
        self.asked.append((symbol.symbol, interval, start, end))
        found = await self.demo.klines(symbol, interval, start, end)
        return [one for one in found if one.open_time not in self.holes]

    async def watch(self, symbols: Collection[Symbol]) -> None:
        await self.said.put(Connected(tuple(one.symbol for one in symbols), "start"))

    async def events(self) -> AsyncIterator[Event]:
        while True:
            yield await self.said.get()

    def connections(self) -> list[ConnectionState]:
        return []

    def now(self) -> float:
        return self.demo.now()

    def lateness(self) -> dict[str, float]:
        return {}

    def counts(self) -> dict[str, int]:
        return {}

    async def aclose(self) -> None:
        return

    def say(self, *events: Event) -> None:
        assert self.loop
        for event in events:
            self.loop.call_soon_threadsafe(self.said.put_nowait, event)

    def true(self, symbol: str, interval: str, start: int, end: int) -> list[Kline]:
        by_name = {one.symbol: one for one in asyncio.run(self.demo.symbols())}
        return asyncio.run(self.demo.klines(by_name[symbol], interval, start, end))


@contextmanager
def running(exchange: Scripted, database: Database, client: redis.Redis) -> Iterator[ExchangeFeed]:
    """The feed on an event loop of its own, until the block ends."""
    feed = ExchangeFeed(exchange, database, client, FeedOptions(minute_days=2, hour_days=7))
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    task = asyncio.run_coroutine_threadsafe(feed.run(), loop)
    try:
        yield feed
    finally:
        task.cancel()
        time.sleep(0.2)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def item(database: Database, symbol: str) -> int:
    pair = symbols.find(database, symbol)
    return pair.item_id if pair else 0


def stored(database: Database, symbol: str, since: int, until: int, interval: str = "1m") -> list[tuple[int, ...]]:
    return read.candles(
        database, item(database, symbol), "demo", interval, since=since, until=until, limit=5_000
    ).rows()


def rows(klines: list[Kline]) -> list[tuple[int, ...]]:
    return [(k.open_time, k.open, k.high, k.low, k.close, k.volume, k.trades or 0) for k in klines if k.final]


def settled(database: Database, exchange: Scripted) -> int:
    """Wait until the past is in; returns when it ends."""
    now = int(time.time()) // 60 * 60
    week = floor(floor(now, "1d") - 8 * 86_400, "1w")
    wait_for(
        lambda: stored(database, "ETHUSDT", week, week + HOUR, "1h") and stored(database, "BTCUSDT", now - 60, now),
        30,
        "no history",
    )
    for symbol in ("BTCUSDT", "ETHUSDT"):
        wait_for(lambda name=symbol: len(stored(database, name, now - 6 * HOUR, now)) == 360, 30, "no minutes")  # type: ignore[misc]  # bound now
    return now


def test_the_past_the_present_and_what_came_between(database: Database, redis_client: redis.Redis) -> None:
    exchange = Scripted()
    with running(exchange, database, redis_client):
        now = settled(database, exchange)
        assert stored(database, "BTCUSDT", now - 6 * HOUR, now) == rows(
            exchange.true("BTCUSDT", "1m", now - 6 * HOUR, now)
        )
        true = exchange.true("BTCUSDT", "1m", now - 60, now)[0]
        ticker = Ticker("BTCUSDT", (now + 5) * 1000, 5_000_000, 4_900_000, 5_100_000, 4_800_000, 77)
        pubsub = redis_client.pubsub()  # type: ignore[no-untyped-call]
        pubsub.subscribe("prices")
        exchange.say(ticker, Kline("BTCUSDT", now, 5_000_000, 5_000_001, 4_999_999, 5_000_000, 12, 3, final=False))
        heard: list[dict[str, Any]] = []
        wait_for(
            lambda: heard.extend(orjson.loads(found["data"])) if (found := message(pubsub)) else heard,
            10,
            "nothing published",
        )
        expected = {
            "type": "price",
            "item_id": item(database, "BTCUSDT"),
            "price": 5_000_000,
            "volume": 77,
            "source": "demo",
        }
        assert expected.items() <= heard[0].items()
        pair = symbols.find(database, "btcusdt")
        assert pair
        wait_for(lambda: series.running_minute(redis_client, pair.item_id) is not None, 5, "no running minute")
        last = series.candles(database, redis_client, pair, "1m", Span(limit=2)).rows()
        assert last == [*rows([true]), (now, 5_000_000, 5_000_001, 4_999_999, 5_000_000, 12, 3)]
        hour = series.candles(database, redis_client, pair, "1h", Span(limit=1)).rows()[0]
        assert (hour[0], hour[4]) == (floor(now, "1h"), 5_000_000)
        wait_for(lambda: (symbols.ticker(database, pair.item_id) or {}).get("price") == 5_000_000, 10, "no ticker")


def message(pubsub: Any) -> dict[str, Any] | None:
    found: dict[str, Any] | None = pubsub.get_message(ignore_subscribe_messages=True, timeout=0.2)
    return found


def test_after_a_break_nothing_is_missing_and_the_repair_is_listed(
    database: Database, redis_client: redis.Redis
) -> None:
    exchange = Scripted()
    with running(exchange, database, redis_client):
        now = settled(database, exchange)
    database.execute("DELETE FROM candles_1m WHERE open_time >= to_timestamp(%s)", [now - 30 * 60])
    exchange = Scripted()
    with running(exchange, database, redis_client):
        wait_for(lambda: len(stored(database, "ETHUSDT", now - HOUR, now)) == 60, 20, "not repaired")
        for interval in NAMES:
            since = floor(now - 5 * HOUR, interval)
            got = stored(database, "ETHUSDT", since, now, interval)
            assert [row[0] for row in got] == list(range(since, now, INTERVALS[interval])), interval
        assert stored(database, "ETHUSDT", now - HOUR, now) == rows(exchange.true("ETHUSDT", "1m", now - HOUR, now))
        wait_for(
            lambda: {row["symbol"] for row in repairs.newest(database, 2)} == {"BTCUSDT", "ETHUSDT"}, 10, "not listed"
        )
        assert {row["cause"] for row in repairs.newest(database, 2)} == {"start"}


def test_late_doubled_and_reordered_finals_change_nothing_wrongly(
    database: Database, redis_client: redis.Redis
) -> None:
    exchange = Scripted(pairs=1)
    with running(exchange, database, redis_client):
        now = settled_one(database)
        made = exchange.true("BTCUSDT", "1m", now - 600, now)
        odd = Kline("BTCUSDT", now - 601, 1, 1, 1, 1, 1, 1, final=True)
        running_minute = Kline("BTCUSDT", now - 300, 1, 1, 1, 1, 1, 1, final=False)
        unknown = Kline("NOBODYUSDT", now, 1, 1, 1, 1, 1, 1, final=True)
        exchange.say(*reversed(made), *made, odd, running_minute, unknown, made[0])
        time.sleep(2.5)
        assert stored(database, "BTCUSDT", now - 600, now) == rows(made)
        corrected = Kline("BTCUSDT", now - 120, 10, 20, 5, 15, 99, 4, final=True)
        exchange.say(corrected)
        wait_for(lambda: stored(database, "BTCUSDT", now - 120, now - 60) == rows([corrected]), 5, "not corrected")


def settled_one(database: Database) -> int:
    now = int(time.time()) // 60 * 60
    wait_for(lambda: len(stored(database, "BTCUSDT", now - HOUR, now)) == 60, 30, "no minutes")
    time.sleep(0.5)
    return now


def test_a_refusal_at_first_is_tried_again(
    database: Database, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.exchange.feed.RETRY_DELAY", 0.2)
    exchange = Scripted(pairs=1)
    exchange.refuses = True
    with running(exchange, database, redis_client):
        settled_one(database)


def test_a_hole_of_the_exchange_is_asked_for_once(database: Database, redis_client: redis.Redis) -> None:
    exchange = Scripted(pairs=1)
    now = int(time.time()) // 60 * 60
    exchange.holes = {now - 3 * HOUR + 60 * at for at in range(5)}
    with running(exchange, database, redis_client) as feed:
        settled_one(database)
        wait_for(lambda: len(stored(database, "BTCUSDT", now - 4 * HOUR, now)) == 235, 20, "no minutes")
        ask = asyncio.run_coroutine_threadsafe
        assert exchange.loop
        for expected in (1, 0):
            repair = feed.repair
            pairs = asyncio.run(exchange.demo.symbols())
            found = ask(repair.gaps(pairs, now - 5 * HOUR, now - HOUR, "hourly"), exchange.loop).result(10)
            assert len(found) == expected
            for one in found:
                ask(repair.fill(one), exchange.loop).result(10)
