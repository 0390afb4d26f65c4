"""An exchange's list of pairs over days, and levels from the first sight on: a real feed, a stand-in, and what the API says."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
import redis
from flask.testing import FlaskClient

from app.providers.binance.provider import BinanceExchange
from app.providers.binance.settings import BinanceSettings
from app.runtime import Runtime
from components.candles.view import NOT_TRADING, pair_head
from components.ui import markup
from db.candles import repairs, symbols
from db.core.pool import Database
from jobs.exchange import feed as feed_module
from jobs.exchange.feed import ExchangeFeed
from jobs.exchange.listing import refresh
from jobs.exchange.past import FIRST_DAY
from jobs.exchange.selection import FeedOptions
from tests.conftest import wait_for
from tests.exchange.candles import DAY, Bar
from tests.exchange.feeds import feeding
from tests.exchange.market import Listing, Market
from tests.exchange.server import Exchange, running

pytestmark = pytest.mark.slow
OPTIONS = FeedOptions(frozenset({"BTCUSDT", "ETHUSDT"}), minute_days=1, hour_days=1, first_day=FIRST_DAY)
DAYS = 1_500
PEAK, TROUGH = 700, 300
"""Days before today with the highest and the lowest price."""


def with_years(symbol: str, base: str) -> Market:
    """A pair with a trade on each of many days, and minutes of the last hours."""
    market = Market(Listing(symbol, base), Listing("ETHUSDT", "ETH"), live=True)
    today = market.now // DAY * DAY
    for back in range(1, DAYS):
        price = Decimal({PEAK: 900, TROUGH: 100}.get(back, 500 + back % 7))
        opened = today - back * DAY + 43_200_000
        market.bars[symbol][opened] = Bar(opened, price, price + 1, price - 1, price, Decimal(1), price, 1)
    market.fill(symbol, min(60, (market.now - today) // 60_000), price="500")
    market.fill("ETHUSDT", 30, price="30")
    return market


@contextmanager
def fed(exchange: Exchange, database: Database, client: redis.Redis) -> Iterator[ExchangeFeed]:
    """The feed on an event loop of its own, until the block ends."""
    settings = BinanceSettings(rest_url=exchange.url, stream_url=exchange.stream_url)
    with feeding(BinanceExchange(settings), database, client, OPTIONS) as feed:
        yield feed


def enigma(client: FlaskClient) -> dict[str, Any]:
    return client.get("/api/v1/symbols/BTCUSDT/enigma").get_json() or {}


def status(client: FlaskClient, symbol: str) -> str | None:
    rows = client.get("/api/v1/symbols").get_json()
    return next((row["status"] for row in rows if row["symbol"] == symbol), None)


def streamed(exchange: Exchange) -> set[str]:
    """Symbols that anybody is subscribed to."""
    clients = exchange.call(lambda: [set(client.streams) for client in exchange.streams.clients])
    return {name.partition("@")[0].upper() for streams in clients for name in streams}


def test_levels_of_all_time_come_with_the_first_sight_and_live_prices_move_them(
    runtime: Runtime, redis_client: redis.Redis, client: FlaskClient
) -> None:
    database = runtime.services.database
    market = with_years("BTCUSDT", "BTC")
    today = market.now // DAY * DAY // 1000
    with running(market) as exchange:
        with fed(exchange, database, redis_client):
            wait_for(lambda: enigma(client).get("ath") == 90_100, 30, "no levels")
            found = enigma(client)
            assert (found["ath_time"], found["atl"], found["atl_time"]) == (
                today - PEAK * 86_400,
                9_900,
                today - TROUGH * 86_400,
            )
            assert 0 < found["level"] < 100
            year = client.get("/api/v1/symbols/BTCUSDT/levels?period=year").get_json()
            assert year["previous"]["high"] is not None
            exchange.call(lambda: market.trade("BTCUSDT", "950"))
            wait_for(lambda: enigma(client)["ath"] == 95_000, 15, "the live price is not in the levels")
            found = enigma(client)
            assert (found["ath_time"], found["level"]) == (today, 100.0)
        asked = [query for _, path, query in exchange.rest.requests if path == "/api/v3/klines"]
        days = [query for query in asked if query["interval"] == "1d" and query["symbol"] == "BTCUSDT"]
        assert len(days) == 2
        database.execute(
            "UPDATE candle_repairs SET repaired_at = repaired_at + interval '1 day'"
        )  # as if it was yesterday
        exchange.rest.requests.clear()
        with fed(exchange, database, redis_client) as feed:
            wait_for(lambda: len(streamed(exchange)) == 2, 20, "no streams")
            time.sleep(1)
            assert feed.exchange.connections()
        assert "1d" not in {query.get("interval") for _, _, query in exchange.rest.requests}
        assert "backfill" not in {row["cause"] for row in repairs.newest(database)}


def test_what_trades_no_more_keeps_its_history_and_says_so_until_it_is_back(
    runtime: Runtime, redis_client: redis.Redis, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "RELIST_INTERVAL", 0.3)
    database = runtime.services.database
    market = with_years("BTCUSDT", "BTC")
    with running(market) as exchange, fed(exchange, database, redis_client):
        wait_for(lambda: streamed(exchange) == {"BTCUSDT", "ETHUSDT"}, 30, "no streams")
        wait_for(lambda: enigma(client).get("ath") == 90_100, 30, "no history")
        for change, word in ((("BREAK", True), "halted"), (("", False), "delisted")):
            name, listed = change
            gone = Listing("BTCUSDT", "BTC", status=name)
            exchange.call(lambda listed=listed, gone=gone: put(market, gone, listed=listed))  # type: ignore[misc]  # bound now
            wait_for(lambda word=word: status(client, "BTCUSDT") == word, 10, f"it is not {word}")  # type: ignore[misc]  # bound now
            wait_for(lambda: streamed(exchange) == {"ETHUSDT"}, 10, "its stream is still asked for")
            assert enigma(client)["ath"] == 90_100
            pair = symbols.find(database, "BTCUSDT")
            assert pair
            assert NOT_TRADING[word] in markup.to_html(pair_head(pair, None))
            assert client.get("/api/v1/symbols").get_json()[0]["is_active"] is False
        exchange.call(lambda: put(market, Listing("BTCUSDT", "BTC"), listed=True))
        wait_for(lambda: status(client, "BTCUSDT") == "trading", 10, "it is not back")
        wait_for(lambda: streamed(exchange) == {"BTCUSDT", "ETHUSDT"}, 10, "it is not streamed again")
        exchange.call(lambda: market.trade("BTCUSDT", "77"))
        wait_for(
            lambda: (symbols.tickers(database, "binance:spot") or [{}])[0].get("price") == 7_700, 20, "no price of it"
        )


def put(market: Market, listing: Listing, *, listed: bool) -> None:
    if listed:
        market.listings = {listing.symbol: listing} | {
            name: one for name, one in market.listings.items() if name != listing.symbol
        }
    else:
        market.listings = {name: one for name, one in market.listings.items() if name != listing.symbol}


def test_a_pair_of_a_source_that_runs_here_stays_with_it(database: Database) -> None:
    market = Market(Listing("BTCUSDT", "BTC", tick="0.00010000"), Listing("ETHUSDT", "ETH"))
    with database.connection() as connection, connection.transaction():
        row = symbols.PairRow("BTCUSDT", "BTC", "USDT", 100, 1_000, "trading", None)
        symbols.save(connection, "binance:spot", "demo", [row])
    with running(market) as stand_in:
        exchange = BinanceExchange(BinanceSettings(rest_url=stand_in.url))

        async def read(spare: tuple[str, ...]) -> list[tuple[str, int, int]]:
            try:
                listing = await refresh(exchange, database, spare=spare)
            finally:
                await exchange.aclose()
            return [(one.symbol, one.price_scale, one.volume_scale) for one in listing.symbols]

        scales = [("BTCUSDT", 100, 1_000), ("ETHUSDT", 100, 100_000)]
        assert asyncio.run(read(("demo",))) == scales
        assert {pair.symbol: pair.source for pair in symbols.every(database)} == {
            "BTCUSDT": "demo",
            "ETHUSDT": "binance",
        }
        assert asyncio.run(read(())) == scales
        assert {pair.source for pair in symbols.every(database)} == {"binance"}
