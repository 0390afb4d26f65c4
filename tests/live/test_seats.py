"""The bound on open WebSockets of an address and a user, over several processes."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
from websockets.exceptions import InvalidStatus

from app.live.connections import LiveConnections
from app.live.principal import Principal
from app.live.seats import SILENT_SECONDS, Seats
from app.live.settings import LiveSettings
from db.core.redis import WORKERS, heartbeat
from tests.live.support import Live, Valkey, running, until

HOUSE = Principal("10.0.0.1", 7)
KEYS = HOUSE.counted_as()


async def from_the_house(_scope: object) -> Principal:
    return HOUSE


def held(valkey: Valkey, key: str) -> dict[str, int]:
    found: dict[bytes, bytes] = valkey.client.hgetall(f"live:sockets:{key}")  # type: ignore[assignment]
    return {name.decode(): int(count) for name, count in found.items()}


def is_refused(live: Live) -> bool:
    try:
        with live.connect():
            return False
    except InvalidStatus as refused:
        return (refused.response.status_code, "Retry-After" in refused.response.headers) == (429, True)


@pytest.fixture
def processes(settings: LiveSettings, valkey: Valkey) -> Iterator[tuple[Live, Live]]:
    """Two that share a Redis and let each address and each user have two connections."""
    with ExitStack() as stack:
        for name in ("one:1", "two:2"):
            heartbeat(valkey.client, name, time.time())
        options = [replace(settings, max_each=2, worker=name) for name in ("one:1", "two:2")]
        one, two = (stack.enter_context(running(each, authorize=from_the_house)) for each in options)
        yield one, two


def test_connections_of_all_processes_count_together(processes: tuple[Live, Live], valkey: Valkey) -> None:
    one, two = processes
    with one.connect():
        with two.connect():
            assert [held(valkey, key) for key in KEYS] == [{"one:1": 1, "two:2": 1}] * 2
            assert is_refused(one)
            assert is_refused(two)
            assert len(one.hub.connections) == len(two.hub.connections) == 1
        until(lambda: held(valkey, KEYS[0]) == {"one:1": 1})
        with two.connect():
            assert is_refused(one)
    until(lambda: not held(valkey, KEYS[0]) and not held(valkey, KEYS[1]))


def test_a_process_that_is_silent_or_has_left_holds_nothing(processes: tuple[Live, Live], valkey: Valkey) -> None:
    one, two = processes
    with two.connect(), two.connect():
        assert is_refused(one)
        heartbeat(valkey.client, "two:2", time.time() - SILENT_SECONDS - 1)
        assert not is_refused(one)
        assert "two:2" not in held(valkey, KEYS[0])
    until(lambda: len(two.hub.connections) == 0)
    heartbeat(valkey.client, "two:2", time.time())
    with two.connect(), two.connect():
        assert is_refused(one)
        valkey.client.zrem(WORKERS, "two:2")
        assert not is_refused(one)


def test_counts_come_back_after_redis_was_emptied(processes: tuple[Live, Live], valkey: Valkey) -> None:
    one, two = processes
    with one.connect(), one.connect():
        valkey.client.flushall()
        for name in ("one:1", "two:2"):
            heartbeat(valkey.client, name, time.time())
        saying = one.hub.seats.say(one.hub.connections.keys())
        asyncio.run_coroutine_threadsafe(saying, one.loop).result(10)
        assert held(valkey, KEYS[0]) == {"one:1": 2}
        assert is_refused(two)


def test_without_redis_each_process_counts_for_itself(caplog: pytest.LogCaptureFixture) -> None:
    connections = LiveConnections(1)
    seats = Seats("unix:///nonexistent/redis.sock", connections, "one:1")

    async def take() -> list[bool]:
        connections.reserve(HOUSE)
        return [await seats.take(KEYS), await seats.take(KEYS)]

    assert asyncio.run(take()) == [True, True]
    assert not connections.reserve(HOUSE)
    assert [record.levelname for record in caplog.records] == ["WARNING"], "said once"


@pytest.mark.parametrize("change", [{"max_each": 0}, {"worker": ""}], ids=["no limit", "alone"])
def test_where_there_is_nothing_to_share_redis_is_not_asked(
    settings: LiveSettings, valkey: Valkey, change: dict[str, object]
) -> None:
    options = replace(settings, **({"max_each": 2, "worker": "one:1"} | change))  # type: ignore[arg-type]
    with running(options, authorize=from_the_house) as live, live.connect():
        assert not valkey.client.keys("live:sockets:*")
