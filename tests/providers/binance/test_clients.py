"""The exchange's own client reads from the stand-in by changing the address alone: it speaks the exchange's language."""

import asyncio
from typing import Any

import pytest
from binance_common.configuration import ConfigurationRestAPI, ConfigurationWebSocketStreams
from binance_sdk_spot.spot import Spot

from app.providers.binance.provider import BinanceExchange
from app.providers.binance.settings import BinanceSettings
from app.providers.exchange import Kline
from tests.exchange.generator import invented
from tests.exchange.market import Market
from tests.exchange.server import Exchange, running
from tests.providers.binance.conftest import PATIENCE

pytestmark = pytest.mark.slow

COUNT = 50


def prepared() -> Market:
    return invented(3, minutes=COUNT)


def ours(exchange: Exchange) -> list[Kline]:
    """The same candles as the adapter reads them."""

    async def run() -> list[Kline]:
        adapter = BinanceExchange(BinanceSettings(rest_url=exchange.url))
        symbol = (await adapter.symbols())[0]
        now = exchange.market.now // 1000
        bars = await adapter.klines(symbol, "1m", now - COUNT * 60, now)
        await adapter.aclose()
        return bars

    return asyncio.run(run())


def test_the_exchanges_own_client_reads_candles() -> None:
    with running(prepared()) as exchange:
        api: Any = Spot(config_rest_api=ConfigurationRestAPI(base_path=exchange.url, timeout=3000)).rest_api
        start = exchange.market.now - COUNT * 60_000
        rows: Any = api.klines(symbol="C000USDT", interval="1m", start_time=start, limit=COUNT).data()
        bars = ours(exchange)
        assert [row[0] for row in rows] == [bar.open_time * 1000 for bar in bars]
        assert [row[4] for row in rows] == [f"{bar.close // 100}.{bar.close % 100:02d}000000" for bar in bars]
        listed: Any = api.exchange_info().data()
        assert [entry.symbol for entry in listed.symbols] == list(exchange.market.listings)
        day = exchange.market.ticker_24h("C000USDT")
        ticker: Any = api.ticker24hr(symbol="C000USDT").data().actual_instance
        assert (ticker.last_price, ticker.price_change) == (day["lastPrice"], day["priceChange"])
        book: Any = api.ticker_book_ticker(symbol="C000USDT").data().actual_instance
        assert (book.bid_price, book.ask_price) == (day["bidPrice"], day["askPrice"])


def test_the_exchanges_own_client_reads_streams() -> None:
    market = prepared()
    market.says_trades = True

    async def run() -> None:
        async with Exchange(market) as exchange:
            streams: Any = Spot(
                config_ws_streams=ConfigurationWebSocketStreams(stream_url=exchange.stream_url)
            ).websocket_streams
            connection = await streams.create_connection()
            got: list[Any] = []
            for stream in (
                await connection.kline(symbol="c000usdt", interval="1m"),
                await connection.mini_ticker(symbol="c000usdt"),
                await connection.book_ticker(symbol="c000usdt"),
                await connection.agg_trade(symbol="c000usdt"),
            ):
                stream.on("message", got.append)
            async with asyncio.timeout(PATIENCE):
                while not any(len(client.streams) == 4 for client in exchange.streams.clients):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
                seen = list(exchange.streams.clients)
                market.trade("C000USDT", "101.5")
                while len(got) < 4:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            await connection.close_connection(close_session=True)
            said = {type(event).__name__.removesuffix("Response"): event for event in got}
            assert (said["Kline"].k.c, said["Kline"].k.x) == ("101.50000000", False)
            assert (said["MiniTicker"].c, said["AggTrade"].p) == ("101.50000000", "101.50000000")
            assert (said["BookTicker"].b, said["BookTicker"].a) == ("101.49000000", "101.51000000")
            assert all(client.combined for client in seen)

    asyncio.run(run())
