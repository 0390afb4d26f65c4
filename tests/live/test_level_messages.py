"""Levels of a served instance on an exchange: what a price changes of them reaches a socket, as the pages' routes have it."""

import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.api.udf_stage import BTC, Stage, stage
from tests.commands.support import environment
from tests.conftest import wait_for
from tests.live.support import hear, say

__all__ = ["stage"]  # a fixture
pytestmark = pytest.mark.slow
INTERVAL = 0.25
"""Seconds between two messages of a symbol at least, but for the network's haste."""


@pytest.fixture
def socket(stage: Stage) -> Any:
    address = stage.site.url.replace("http://", "ws://")
    with connect(f"{address}/api/v1/ws", origin=Origin(stage.site.url), compression=None, max_queue=None) as client:
        say(client, "subscribe", item(stage))
        yield client


def item(stage: Stage) -> int:
    found = orjson.loads(stage.site.get("/api/v1/symbols")[1])
    return next(int(one["item_id"]) for one in found if one["symbol"] == BTC)


def told(client: ClientConnection, level: str = "", seconds: float = 15) -> dict[str, Any]:
    """The next levels message, or the next that tells of this level."""
    deadline = time.monotonic() + seconds
    while True:
        message = hear(client, max(0.001, deadline - time.monotonic()))
        if message["type"] == "levels" and (not level or any(event["level"] == level for event in message["events"])):
            return message


def loaded(stage: Stage, client: ClientConnection, price: int) -> None:
    """Trade higher and higher until the past is in, and with it the levels."""
    for step in range(60):
        stage.trade(str(price + step))
        try:
            told(client, seconds=1)
        except TimeoutError:
            continue
        return
    pytest.fail("nothing is said of levels")


def prices(message: dict[str, Any], kind: str) -> dict[str, int]:
    return {event["level"]: event["price"] for event in message["events"] if event["kind"] == kind}


def test_new_highs_a_new_day_and_an_approach(stage: Stage, socket: ClientConnection, tmp_path: Path) -> None:
    loaded(stage, socket, 50_200)
    endpoints = stage.site.endpoints()
    settings = {"TRACERA_DATABASE_URL": endpoints.database_url, "TRACERA_REDIS_URL": endpoints.redis_url}
    command = [sys.executable, "-m", "app.cli", "watch", BTC]
    with (tmp_path / "out").open("wb") as output:
        watching = subprocess.Popen(command, env=environment(settings), cwd=tmp_path, stdout=output)
        try:
            shown = tmp_path / "out"

            def is_shown() -> bytes:
                stage.trade("50000")
                return shown.read_bytes()

            wait_for(is_shown, 20, "watch shows nothing")
            follow(stage, socket)
            for words in (b"new day high 60,000.00", b"near previous day high 60,000.00"):
                wait_for(partial(is_said, shown, words), 10, f"watch does not say {words.decode()}")
        finally:
            watching.terminate()
            watching.wait(10)


def is_said(shown: Path, words: bytes) -> bool:
    return words in shown.read_bytes()


def follow(stage: Stage, socket: ClientConnection) -> None:
    """A new high of everything, the next day, and back to the high of the day before."""
    stage.trade("60000")
    message = told(socket, "all_time_high")
    assert (message["item_id"], message["source"], message["price"]) == (item(stage), "binance", 6_000_000)
    names = [*(f"{period}_high" for period in ("day", "week", "month", "year")), "all_time_high"]
    assert prices(message, "high") == dict.fromkeys(names, 6_000_000)
    wait_for(lambda: enigma(stage)["ath"] == 6_000_000, 10, "no new all-time high")
    assert message["enigma"] == enigma(stage)["level"] == 100.0
    stage.trade("55000")
    stage.next_day()
    stage.trade("55001")
    message = told(socket, "day_open")
    assert prices(message, "start")["day_open"] in {
        5_500_000,
        5_500_100,
    }  # the first trade's, or the quiet minute's before
    stage.trade("59900")
    assert prices(told(socket, "previous_day_high"), "approach")["previous_day_high"] == 6_000_000


def enigma(stage: Stage) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(stage.site.get(f"/api/v1/symbols/{BTC}/enigma")[1])
    return found


def test_a_rising_price_is_no_flood(stage: Stage, socket: ClientConnection) -> None:
    loaded(stage, socket, 61_000)
    begun = time.monotonic()
    moments: list[float] = []
    price = 61_100
    while time.monotonic() - begun < 4:
        price += 1
        stage.trade(str(price))
        try:
            told(socket, seconds=0.005)
        except TimeoutError:
            continue
        moments.append(time.monotonic())
    assert price > 61_200
    assert 3 < len(moments) <= 4 / INTERVAL + 2
    while prices(told(socket), "high").get("day_high") != 100 * price:  # the last one says where it ended
        pass
