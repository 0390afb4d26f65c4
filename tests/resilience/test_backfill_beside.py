"""The past of a pair comes in beside a running instance that streams it: live prices go on, and no minute is missing or doubled."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.commands.support import environment
from tests.conftest import Site, start_site, stop_site, wait_for
from tests.exchange import past
from tests.exchange.generator import invented, trade_on
from tests.exchange.server import running
from tests.patience import within
from tests.resilience.support import age

pytestmark = pytest.mark.slow
PAIR = "C000USDT"
DAYS = 21
FRESH = 8.0
"""Seconds: tickers are stored every five."""


def test_live_prices_go_on_beside_a_backfill(tmp_path: Path) -> None:
    market = invented(2, minutes=DAYS * 1440, live=True)
    with running(market) as exchange:
        assert exchange.loop
        trading = asyncio.run_coroutine_threadsafe(trade_on(market, rate=20), exchange.loop)
        settings: dict[str, Any] = {
            "TRACERA_PROVIDERS": "binance",
            "TRACERA_BINANCE_URL": exchange.url,
            "TRACERA_BINANCE_STREAM_URL": exchange.stream_url,
            "TRACERA_BINANCE_SYMBOLS": "*",
        }
        site = start_site(tmp_path / "data", **settings)
        try:
            wait_for(lambda: price_age(site) < within(FRESH), 60, f"no prices; see {site.log}")
            command = [sys.executable, "-m", "app.cli", "backfill", "--source", "binance", "--symbol", PAIR]
            there = environment(settings | {"TRACERA_DATA_DIR": str(site.data_dir)})
            loading = subprocess.Popen(command, env=there, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
            oldest = 0.0
            while loading.poll() is None:
                oldest = max(oldest, price_age(site))
                time.sleep(0.2)
            output, _ = loading.communicate()
            assert loading.returncode == 0, output
            assert oldest < within(FRESH)
            assert "deadlock" not in site.log.read_text()
            assert "broke off" not in site.log.read_text()
            minute = int(time.time()) // 60 * 60_000
            wait_for(lambda: len(times(site, minute)) == len(said(market, minute)), 90, "not all minutes are there")
            assert times(site, minute) == said(market, minute)
        finally:
            stop_site(site)
            exchange.loop.call_soon_threadsafe(trading.cancel)


def price_age(site: Site) -> float:
    status, body = site.get(f"/api/v1/symbols/{PAIR}/price")
    return age(orjson.loads(body)["timestamp"]) if status == 200 else 1e9


def said(market: Any, until: int) -> list[int]:
    return [row[0] for row in past.minutes(market, PAIR) if row[0] < until]


def times(site: Site, until: int) -> list[int]:
    found: list[int] = []
    while True:
        body = site.get(f"/api/v1/candles?symbol={PAIR}&interval=1m&limit=5000&to={until}")[1]
        page = [row[0] for row in orjson.loads(body)["data"]]
        found = page + found
        if len(page) < 5000:
            return found
        until = page[0]
