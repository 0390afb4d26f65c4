"""Concurrency limit: how many requests run at a time, over real HTTP, and when the next one starts."""

import asyncio
import http.client
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from flask import Flask, Response

from app.live.settings import LiveSettings
from app.security.access import Group
from app.security.policy import ROUTES
from app.server.concurrency import MAX_CONCURRENT, ConcurrencyLimit, Slot
from tests.live.support import Live, serving

WORKERS = 12


class Work:
    """Counts requests that run at the same time."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.inside = self.most = 0
        self.released = threading.Event()

    def short(self) -> str:
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        time.sleep(0.02)
        with self.lock:
            self.inside -= 1
        return "done"

    def waits(self) -> Response:
        def parts() -> Iterator[bytes]:
            yield b"first"
            assert self.released.wait(10)

        return Response(parts())


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def long(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow this machine is, nothing takes long."""
    monkeypatch.setattr("app.server.wsgi_bridge.HOLD_SECONDS", 60)


@pytest.fixture
def site(settings: LiveSettings, work: Work) -> Iterator[Live]:
    server = Flask("concurrency-test")
    server.add_url_rule("/short", "short", work.short)
    server.add_url_rule("/waits", "waits", work.waits)
    with serving(server, replace(settings, wsgi_workers=WORKERS)) as live:
        yield live
        work.released.set()


def get(port: int, path: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    body = connection.getresponse().read()
    connection.close()
    return body


@pytest.mark.usefixtures("long")
def test_at_most_max_concurrent_requests_run(site: Live, work: Work) -> None:
    with ThreadPoolExecutor(WORKERS) as clients:
        bodies = list(clients.map(lambda _: get(site.port, "/short"), range(3 * WORKERS)))
    assert bodies == [b"done"] * (3 * WORKERS)
    assert work.most == MAX_CONCURRENT


def test_waiting_requests_give_their_slots_to_others(site: Live, work: Work) -> None:
    with ThreadPoolExecutor(2 * MAX_CONCURRENT) as clients:
        waiting = [clients.submit(get, site.port, "/waits") for _ in range(2 * MAX_CONCURRENT)]
        assert get(site.port, "/short") == b"done"
        assert not any(one.done() for one in waiting)
        work.released.set()
        assert [one.result() for one in waiting] == [b"first"] * (2 * MAX_CONCURRENT)


def test_operations_are_answered_while_every_worker_waits(settings: LiveSettings, work: Work) -> None:
    paths = [path for (_, path), row in ROUTES.items() if row.group is Group.OPERATIONS]
    server = Flask("operations-test")
    server.add_url_rule("/waits", "waits", work.waits)
    for path in paths:
        server.add_url_rule(path, path, lambda: "well")
    with serving(server, replace(settings, wsgi_workers=1)) as live, ThreadPoolExecutor(1) as clients:
        waiting = clients.submit(get, live.port, "/waits")
        bodies = {path: get(live.port, path) for path in paths}
        assert not waiting.done()
        work.released.set()
        assert waiting.result() == b"first"
    alive = dict.fromkeys(("/healthz", "/api/v1/health"), b'{"status":"ok"}')
    assert bodies == dict.fromkeys(paths, b"well") | alive


def test_a_failed_request_releases_its_slot() -> None:
    async def fail_then_go_on() -> None:
        limit = ConcurrencyLimit(at_once=1, hold_seconds=60)
        for _ in range(3):
            with pytest.raises(RuntimeError):
                async with asyncio.timeout(5), Slot(limit):
                    raise RuntimeError
        assert not limit.free.locked()

    asyncio.run(fail_then_go_on())


def test_a_slot_is_released_once() -> None:
    async def take_long() -> None:
        limit = ConcurrencyLimit(at_once=1, hold_seconds=0)
        async with Slot(limit):
            await asyncio.sleep(0.01)
            assert not limit.free.locked()
        await limit.free.acquire()
        assert limit.free.locked()

    asyncio.run(take_long())
