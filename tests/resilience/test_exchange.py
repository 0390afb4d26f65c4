"""A served instance on a stand-in exchange: cut, killed and started again, it has every minute as the exchange has it."""

import asyncio
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.conftest import Site, start_site, stop_site, wait_for
from tests.exchange.generator import invented, trade_on
from tests.exchange.market import Market
from tests.exchange.server import running

pytestmark = pytest.mark.slow

PAIRS = ("C000USDT", "C001USDT", "C002USDT")
HISTORY = 180


def candles(site: Site, symbol: str, **query: Any) -> dict[str, Any]:
    text = "".join(f"&{name}={value}" for name, value in query.items())
    body = site.get(f"/api/v1/candles?symbol={symbol}&interval=1m&limit=5000{text}")[1]
    found: dict[str, Any] = orjson.loads(body or b"{}")
    return found


def feeds(site: Site) -> list[tuple[str, int, int]]:
    states = orjson.loads(site.get("/stats")[1])["exchanges"]
    return [(state["exchange"], state["symbols"], state["off_grid"]) for state in states]


def closed_until(site: Site, symbol: str) -> int:
    """When the newest stored minute ends, in milliseconds."""
    found = candles(site, symbol)
    data = found.get("data") or [[0]]
    return int(data[-1][0]) + (60_000 if found.get("finished") else 0)


def said_by(market: Market, symbol: str, since: int, until: int) -> list[list[Any]]:
    return [row[:6] for row in market.rows(symbol, "1m", since, until - 1, 5_000)]


def in_units(found: dict[str, Any]) -> list[list[Any]]:
    price, volume = Decimal(found["price_scale"]), Decimal(found["volume_scale"])
    return [
        [at, *(Decimal(value) / price for value in prices), Decimal(size) / volume]
        for at, *prices, size in found["data"]
    ]


def exactly(rows: list[list[Any]]) -> list[list[Any]]:
    return [[row[0], *(Decimal(text) for text in row[1:])] for row in rows]


def test_no_minute_is_missing_after_cuts_and_a_kill(tmp_path: Path) -> None:
    market = invented(len(PAIRS), minutes=HISTORY, live=True)
    with running(market) as exchange:
        assert exchange.loop
        trading = asyncio.run_coroutine_threadsafe(trade_on(market, rate=30), exchange.loop)
        addresses: dict[str, Any] = {
            "TRACERA_PROVIDERS": "binance",
            "TRACERA_BINANCE_URL": exchange.url,
            "TRACERA_BINANCE_STREAM_URL": exchange.stream_url,
            "TRACERA_BINANCE_SYMBOLS": "C000USDT,C001USDT,C002USDT",
        }
        site = start_site(tmp_path / "data", **addresses)
        try:
            wait_for(
                lambda: len(candles(site, PAIRS[2]).get("data", ())) > HISTORY - 2, 60, f"no candles; see {site.log}"
            )
            begin = candles(site, PAIRS[0])["data"][0][0]
            exchange.call(exchange.streams.cut)
            minute = int(time.time()) // 60 * 60_000
            wait_for(lambda: all(closed_until(site, pair) > minute for pair in PAIRS), 90, "no minute after the cut")
            site.process.kill()
            site.process.wait()
            time.sleep(62 - time.time() % 60)  # a minute passes without us
            site = start_site(tmp_path / "data", **addresses)
            minute = int(time.time()) // 60 * 60_000
            wait_for(
                lambda: all(closed_until(site, pair) >= minute for pair in PAIRS), 60, "the minute was not repaired"
            )
            for pair in PAIRS:
                found = candles(site, pair, to=minute)
                assert in_units(found) == exactly(said_by(market, pair, begin, minute)), pair
                times = [row[0] for row in found["data"]]
                assert times == list(range(begin, minute, 60_000))
            expected = [("binance", 3, 0)]
            wait_for(lambda: feeds(site) == expected, 20, "the feed says nothing of itself")
        finally:
            stop_site(site)
            exchange.loop.call_soon_threadsafe(trading.cancel)
