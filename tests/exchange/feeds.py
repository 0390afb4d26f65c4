"""A feed on the stand-in exchange, in real PostgreSQL and Valkey; its clock goes with the market's."""

import asyncio
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from threading import Thread
from typing import Any, TypeVar

import redis

from app.candles import feeds
from app.providers.binance.clock import ServerClock
from app.providers.binance.provider import BinanceExchange
from app.providers.binance.settings import BinanceSettings
from app.providers.exchange import Exchange
from db.candles import read, symbols
from db.core.pool import Database
from jobs.exchange.feed import ExchangeFeed
from jobs.exchange.selection import FeedOptions
from tests.conftest import wait_for
from tests.exchange import server
from tests.exchange.candles import MINUTE
from tests.exchange.market import Market

T = TypeVar("T")
PATIENCE = 30.0
LOOPS: dict[ExchangeFeed, asyncio.AbstractEventLoop] = {}
"""Where each feed runs."""
QUICK: dict[str, Any] = {"backoff": 0.05, "backoff_max": 0.5, "overlap": 0.1, "attempts_per_five_minutes": 0}


@contextmanager
def feeding(
    exchange: Exchange, database: Database, client: redis.Redis, options: FeedOptions | None = None
) -> Iterator[ExchangeFeed]:
    """A feed on an event loop of its own, until the block ends."""
    feed = ExchangeFeed(exchange, database, client, options)
    loop = asyncio.new_event_loop()
    LOOPS[feed] = loop
    thread = Thread(target=loop.run_forever)
    thread.start()
    task = asyncio.run_coroutine_threadsafe(feed.run(), loop)
    try:
        yield feed
    finally:
        task.cancel()
        time.sleep(0.2)
        asyncio.run_coroutine_threadsafe(exchange.aclose(), loop).result(PATIENCE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        del LOOPS[feed]
        loop.close()


@dataclass(slots=True)
class Fed:
    """A market, the stand-in that serves it, and a feed that reads it."""

    exchange: server.Exchange
    feed: ExchangeFeed
    database: Database
    client: redis.Redis
    shift: list[float]

    @property
    def market(self) -> Market:
        return self.exchange.market

    def pass_minutes(self, count: int, *, with_trades: bool = True) -> None:
        """So many minutes go by at once, on the exchange's clock and on what the feed knows of it."""
        for _ in range(count):
            if with_trades:
                for symbol in self.market.listings:
                    price = str(100 + self.market.now // MINUTE % 7)
                    self.exchange.call(lambda symbol=symbol, price=price: self.market.trade(symbol, price, "2"))  # type: ignore[misc]
            self.shift[0] += (MINUTE - self.market.now % MINUTE) / 1000
            self.exchange.call(self.market.next_minute)

    def stored(self, symbol: str, interval: str = "1m") -> list[tuple[Decimal, ...]]:
        """Final candles in the exchange's units: open time in ms, open, high, low, close, volume."""
        pair = symbols.find(self.database, symbol)
        assert pair
        found = read.candles(self.database, pair.item_id, "binance", interval, since=None, until=None, limit=5_000)
        return [
            (
                Decimal(at * 1000),
                *(Decimal(value) / pair.price_scale for value in prices),
                Decimal(size) / pair.volume_scale,
            )
            for at, *prices, size, _ in found.rows()
        ]

    def true(self, symbol: str) -> list[tuple[Decimal, ...]]:
        """What the exchange's REST has of the minutes that are over."""
        rows = self.exchange.call(lambda: self.market.rows(symbol, "1m", None, None, 5_000))
        return [tuple(Decimal(value) for value in row[:6]) for row in rows if row[6] < self.market.now]

    def is_whole(self, symbol: str) -> bool:
        return symbols.find(self.database, symbol) is not None and self.stored(symbol) == self.true(symbol)

    def wait_until_whole(self, *names: str, seconds: float = PATIENCE) -> None:
        for symbol in names or tuple(self.market.listings):
            wait_for(lambda symbol=symbol: self.is_whole(symbol), seconds, f"{symbol} is not whole")  # type: ignore[misc]

    def streamed(self) -> set[str]:
        """Symbols that the exchange sends candles of, over all sockets."""
        clients = self.exchange.call(lambda: [set(client.streams) for client in self.exchange.streams.clients])
        return {name.partition("@")[0].upper() for names in clients for name in names if "@kline" in name}

    def asked(self, symbol: str) -> list[tuple[int, int]]:
        """Requests for minutes so far: start and end in milliseconds, inclusive."""
        return [
            (int(query["startTime"]), int(query["endTime"]))
            for _, path, query in list(self.exchange.rest.requests)
            if path == "/api/v3/klines" and query["symbol"] == symbol and query["interval"] == "1m"
        ]

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something in the feed's loop, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, LOOPS[self.feed]).result(PATIENCE)

    def state(self) -> dict[str, Any]:
        """What the feed says of itself."""
        return next(iter(feeds.states(self.client)), {})


@contextmanager
def fed(
    market: Market, database: Database, client: redis.Redis, options: FeedOptions | None = None, **settings: Any
) -> Iterator[Fed]:
    """A feed on a market, once it streams all that trades or is configured."""
    shift = [0.0]
    with server.running(market) as exchange:
        chosen = {"rest_url": exchange.url, "stream_url": exchange.stream_url, **QUICK, **settings}
        adapter = BinanceExchange(BinanceSettings(**chosen), clock=ServerClock(lambda: shift[0]))
        wanted = options or FeedOptions(minute_days=1, hour_days=1)
        with feeding(adapter, database, client, wanted) as feed:
            made = Fed(exchange, feed, database, client, shift)
            trading = {one.symbol for one in market.listings.values() if one.status == "TRADING"}
            expected = trading & wanted.symbols if wanted.symbols else trading
            wait_for(lambda: made.streamed() >= expected, PATIENCE, "nothing is streamed")
            yield made
