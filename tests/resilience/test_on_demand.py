"""Two serving processes on a stand-in exchange: a pair opened at either of them is streamed by the one that runs the feed."""

import json
import time
from pathlib import Path
from typing import Any

import orjson
import pytest
from websockets.sync.client import connect
from websockets.typing import Origin

from db.candles import listed
from db.core.pool import Database
from tests.conftest import Site, start_site, stop_site, wait_for
from tests.exchange.generator import invented
from tests.exchange.server import Exchange, running
from tests.patience import within

pytestmark = pytest.mark.slow


def exchange_state(site: Site) -> dict[str, Any]:
    states = orjson.loads(site.get("/stats")[1] or b"{}").get("exchanges") or [{}]
    found: dict[str, Any] = states[0]
    return found


def streams(exchange: Exchange) -> set[str]:
    return {name for client in list(exchange.streams.clients) for name in list(client.streams)}


def test_a_pair_opened_in_any_process_is_live_within_five_seconds(tmp_path: Path) -> None:
    market = invented(3, minutes=90, live=True)
    with running(market) as exchange:
        settings: dict[str, Any] = {
            "TRACERA_PROVIDERS": "binance",
            "TRACERA_BINANCE_URL": exchange.url,
            "TRACERA_BINANCE_STREAM_URL": exchange.stream_url,
            "TRACERA_BINANCE_SYMBOLS": "C000USDT",
            "TRACERA_ON_DEMAND_SECONDS": "5",
        }
        first = start_site(tmp_path / "data", **settings)
        wait_for(lambda: len(streams(exchange)) == 3, 60, f"nothing is streamed; see {first.log}")
        addresses = first.endpoints()
        shared: dict[str, Any] = {
            "TRACERA_DATABASE_URL": addresses.database_url,
            "TRACERA_REDIS_URL": addresses.redis_url,
        }
        second = start_site(tmp_path / "second", **settings, **shared)
        try:
            wait_for(lambda: second.get("/readyz")[0] == 200, 60, f"not ready; see {second.log}")
            assert orjson.loads(second.get("/readyz")[1])["checks"]["exchanges"]["feeds"][0]["behind"] == []
            database = Database(addresses.database_url, size=1)
            item = listed.adopt(database, "C002USDT")
            database.close()
            with connect(second.url.replace("http", "ws") + "/api/v1/ws", origin=Origin(second.url)) as socket:
                socket.send(json.dumps({"action": "subscribe", "item_ids": [item]}))
                begun = time.monotonic()
                wait_for(lambda: "c002usdt@miniTicker" in streams(exchange), 5, "it is not streamed")
                exchange.call(lambda: market.trade("C002USDT", "123.45"))
                while (message := json.loads(socket.recv(5))).get("price") != 12_345:
                    assert message["type"] != "error"
                assert time.monotonic() - begun < within(6)
                wait_for(lambda: exchange_state(second).get("on_demand") == 1, 5, "it is not told")
            wait_for(lambda: len(streams(exchange)) == 3, 15, "it is streamed on")
        finally:
            stop_site(second)
            stop_site(first)
