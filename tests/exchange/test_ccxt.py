"""ccxt reads from the stand-in by changing the address alone: what it makes of the answers is what the stand-in traded."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
from ccxt.base.errors import BadSymbol, DDoSProtection
from ccxt.pro.binance import binance

from tests.exchange.generator import invented
from tests.exchange.market import Market
from tests.exchange.server import Exchange

pytestmark = pytest.mark.slow

MINUTES = 50
HOURS = 150
"""Minutes that hold the beginning of two hours, whatever time it is."""
SYMBOL, OTHER = "C000/USDT", "C001/USDT"
Reader = Callable[[Any, Exchange], Awaitable[None]]


@asynccontextmanager
async def client_of(exchange: Exchange) -> AsyncIterator[Any]:
    """A client of spot markets that knows nothing but the address."""
    spot = {"defaultType": "spot", "fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False}
    client = binance({"options": spot | {"watchTrades": {"name": "aggTrade"}}})
    client.urls["api"]["public"] = f"{exchange.url}/api/v3"
    client.urls["api"]["ws"]["spot"] = (
        f"{exchange.stream_url}/ws/stream"  # it tells spot by this word, of the host else
    )
    try:
        yield client
    finally:
        await client.close()


def read(market: Market, reader: Reader) -> None:
    async def run() -> None:
        async with asyncio.timeout(30), Exchange(market) as exchange, client_of(exchange) as client:
            await reader(client, exchange)
            assert exchange.streams.breaches == []

    asyncio.run(run())


def test_symbols_with_their_steps() -> None:
    async def reader(client: Any, exchange: Exchange) -> None:
        markets = await client.load_markets()
        assert sorted(one["id"] for one in markets.values()) == sorted(exchange.market.listings)
        found = markets[SYMBOL]
        assert (found["base"], found["quote"], found["active"], found["spot"]) == ("C000", "USDT", True, True)
        assert (found["precision"]["price"], found["precision"]["amount"]) == (0.01, 0.00001)
        assert found["limits"]["cost"]["min"] == 5.0
        assert abs(await client.fetch_time() - exchange.market.now) == 0

    read(invented(3, minutes=MINUTES), reader)


@pytest.mark.parametrize(("interval", "minutes"), [("1m", 1), ("5m", 5), ("1h", 60)])
def test_candles(interval: str, minutes: int) -> None:
    async def reader(client: Any, exchange: Exchange) -> None:
        start = exchange.market.now - HOURS * 60_000
        found = await client.fetch_ohlcv(SYMBOL, interval, since=start, limit=1000)
        rows = exchange.market.rows("C000USDT", interval, start, None, 1000)
        assert found == [[row[0], *(float(text) for text in row[1:6])] for row in rows]
        assert {row[0] % (minutes * 60_000) for row in found} == {0}
        assert len(found) == sum(at % (minutes * 60_000) == 0 for at in range(start, exchange.market.now, 60_000))

    read(invented(1, minutes=HOURS), reader)


def test_tickers() -> None:
    async def reader(client: Any, exchange: Exchange) -> None:
        day = exchange.market.ticker_24h("C000USDT")
        one = await client.fetch_ticker(SYMBOL)
        said = {"last": "lastPrice", "open": "openPrice", "high": "highPrice", "low": "lowPrice", "bid": "bidPrice"}
        said |= {"ask": "askPrice", "baseVolume": "volume", "quoteVolume": "quoteVolume", "vwap": "weightedAvgPrice"}
        assert {name: one[name] for name in said} == {name: float(day[text]) for name, text in said.items()}
        assert one["change"] == pytest.approx(one["last"] - one["open"])
        assert one["percentage"] == pytest.approx(100 * (one["last"] / one["open"] - 1), abs=1e-3)
        many = await client.fetch_tickers([SYMBOL, OTHER])
        assert set(many) == {SYMBOL, OTHER}
        rounded = {"average": None}  # ccxt rounds it in one of the two
        assert many[SYMBOL] | rounded == one | rounded
        sides = (await client.fetch_bids_asks([OTHER]))[OTHER]
        assert (sides["bid"], sides["ask"]) == (many[OTHER]["bid"], many[OTHER]["ask"])
        assert (await client.fetch_last_prices([SYMBOL]))[SYMBOL]["price"] == one["last"]

    read(invented(3, minutes=MINUTES), reader)


def test_what_is_refused_is_an_error_of_its_kind() -> None:
    async def reader(client: Any, exchange: Exchange) -> None:
        await client.load_markets()
        del exchange.market.listings["C001USDT"]
        with pytest.raises(BadSymbol, match="Invalid symbol"):
            await client.fetch_ohlcv(OTHER, "1m")
        exchange.rest.limit = 0
        with pytest.raises(DDoSProtection, match="429"):
            await client.fetch_ohlcv(SYMBOL, "1m")

    read(invented(2, minutes=2), reader)


async def heard(market: Market, watching: Awaitable[Any]) -> Any:
    """What the client hears of a pair that trades on meanwhile."""
    task = asyncio.ensure_future(watching)
    price = Decimal(100)
    while not task.done():
        price += Decimal("0.01")
        market.trade("C000USDT", price, "0.5")
        await asyncio.sleep(0.02)
    return task.result()


def test_streams() -> None:
    async def reader(client: Any, exchange: Exchange) -> None:
        market = exchange.market
        market.says_trades = True
        await client.load_markets()
        bars = await heard(market, client.watch_ohlcv(SYMBOL, "1m"))
        bar = market.bars["C000USDT"][market.now]
        assert bars[-1][:2] == [market.now, float(bar.open)]
        assert bars[-1][5] == pytest.approx(0.5 * round(bars[-1][5] / 0.5))
        ticker = await heard(market, client.watch_ticker(SYMBOL, {"name": "miniTicker"}))
        assert ticker["last"] > ticker["open"] > 0
        book = (await heard(market, client.watch_bids_asks([SYMBOL])))[SYMBOL]
        assert book["ask"] - book["bid"] == pytest.approx(0.02)
        trade = (await heard(market, client.watch_trades(SYMBOL)))[-1]
        assert (trade["symbol"], trade["amount"]) == (SYMBOL, 0.5)
        names = {name for one in exchange.streams.clients for name in one.streams}
        assert {f"c000usdt@{kind}" for kind in ("kline_1m", "miniTicker", "bookTicker", "aggTrade")} <= names

    read(invented(2, minutes=MINUTES), reader)
