import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest

from app.providers.binance.provider import BinanceExchange
from app.providers.binance.settings import BinanceSettings
from app.providers.exchange import Connected, Event, Kline, Symbol
from tests.exchange.market import Listing, Market
from tests.exchange.server import Exchange

_E = TypeVar("_E")
# Fast enough for a test, slow enough for a busy machine.
QUICK: dict[str, Any] = {
    "request_attempts": 2,
    "request_timeout": 5.0,
    "open_timeout": 5.0,
    "reply_timeout": 5.0,
    "backoff": 0.02,
    "backoff_max": 0.2,
    "overlap": 0.1,
    "attempts_per_five_minutes": 0,
}
BTC = Symbol("BTCUSDT", "BTC", "USDT", 100, 100_000, "trading", 500)
PATIENCE = 20.0


@dataclass
class Session:
    """The stand-in and an adapter on it, with every event that the adapter's stream gave so far."""

    exchange: Exchange
    adapter: BinanceExchange
    events: list[Event] = field(default_factory=list)

    @property
    def market(self) -> Market:
        return self.exchange.market

    def of(self, kind: type[_E]) -> list[_E]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def finals(self) -> list[Kline]:
        return [bar for bar in self.of(Kline) if bar.final]

    async def until(self, condition: Callable[[], object], seconds: float = PATIENCE) -> None:
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - of many different things
                await asyncio.sleep(0.01)

    async def settled(self) -> None:
        """What was sent until now has come: nothing new for a moment."""
        count = -1
        while count != len(self.events):
            count = len(self.events)
            await asyncio.sleep(0.15)

    async def watch(self) -> list[Symbol]:
        """Stream all that is listed; returns when that has begun."""
        symbols = await self.adapter.symbols()
        await self.adapter.watch(symbols)
        wanted = {symbol.symbol for symbol in symbols if symbol.status == "trading"}
        await self.until(lambda: wanted <= {name for event in self.of(Connected) for name in event.symbols})
        return symbols


@asynccontextmanager
async def session(market: Market, **settings: Any) -> AsyncIterator[Session]:
    async with Exchange(market) as exchange:
        chosen = {"rest_url": exchange.url, "stream_url": exchange.stream_url, **QUICK, **settings}
        adapter = BinanceExchange(BinanceSettings(**chosen))
        run = Session(exchange, adapter)

        async def read() -> None:
            async for event in adapter.events():
                run.events.append(event)

        reading = asyncio.create_task(read())
        try:
            yield run
        finally:
            await adapter.aclose()
            await asyncio.wait_for(reading, PATIENCE)


@pytest.fixture(name="session")
def _session() -> Callable[..., Any]:
    return session


@pytest.fixture
def market() -> Market:
    """Two pairs with three minutes of history."""
    made = Market(Listing("BTCUSDT", "BTC"), Listing("ETHUSDT", "ETH"))
    for symbol in made.listings:
        made.fill(symbol, 3)
    return made
