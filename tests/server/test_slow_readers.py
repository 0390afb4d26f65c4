"""Slow readers: clients that do not read their answers, and too many connections."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.server.bounds import HttpBounds
from tests.conftest import Site, start_site, stop_site, wait_for
from tests.patience import within
from tests.server.wire import ask, connected, memory_of, read_all, seconds_of, status_of

BOUNDS = HttpBounds()
MEGABYTE = 1024 * 1024
LIBRARY = "/_dash-component-suites/plotly/package_data/plotly.min.js"
CROWD = 100


def get(path: str, *more: bytes) -> bytes:
    return b"\r\n".join([b"GET %s HTTP/1.1" % path.encode(), b"Host: x", *more, b"", b""])


@contextlib.contextmanager
def crowd(site: Site) -> Iterator[contextlib.ExitStack]:
    """Clients that ask for a large file and read nothing of it; what is entered into the stack ends with them."""
    with contextlib.ExitStack() as held:
        for number in range(CROWD):
            one = held.enter_context(connected(site, buffer=4096))
            # Each with another fingerprint and query: none of them makes the server keep the file once more.
            path = LIBRARY.replace(".min", f".v1_{number}m17000000{number:02d}.min")
            one.sendall(get(f"{path}?x={number}"))
        time.sleep(1)
        yield held


@pytest.mark.slow
def test_clients_that_never_read_cost_little_and_are_closed(live_site: Site) -> None:
    assert ask(live_site, "GET", LIBRARY)[0] == 200
    with crowd(live_site):  # what the process needs for so many connections once, it keeps
        pass
    before = memory_of(live_site)
    with crowd(live_site) as held:
        assert memory_of(live_site) - before < 60 * MEGABYTE
        assert seconds_of(live_site, "/api/v1/items?limit=1") < within(2)
        first = held.enter_context(connected(live_site, buffer=4096))
        first.sendall(get(LIBRARY))
        time.sleep(BOUNDS.stall_seconds + 4)
        assert len(read_all(first)) < 3 * MEGABYTE  # what lay in the kernel's buffers, and no more
    wait_for(lambda: memory_of(live_site) - before < 30 * MEGABYTE, 20, "memory is not given back")


def test_small_answers_that_nobody_reads_are_bounded(live_site: Site) -> None:
    before = memory_of(live_site)
    with connected(live_site, buffer=4096) as one, contextlib.suppress(TimeoutError, ConnectionError):
        one.settimeout(2)
        for _ in range(5_000):
            one.sendall(get("/assets/tracera.css"))
    assert memory_of(live_site) - before < 20 * MEGABYTE


@pytest.mark.slow
def test_one_address_has_a_bound_on_connections(tmp_path: Path) -> None:
    site = start_site(
        tmp_path / "data", TRACERA_LIMIT_CONNECTIONS="20", TRACERA_DEMO_HISTORY_DAYS="0", TRACERA_SCHEDULER="0"
    )
    try:
        wait_for(lambda: site.get("/healthz")[0] == 200, 60, f"see {site.log}")
        with contextlib.ExitStack() as held:
            several = [held.enter_context(connected(site)) for _ in range(40)]
            for one in several:
                one.sendall(b"GET /healthz HTTP/1.1\r\n")
            time.sleep(0.5)
            refused = [one for one in several[20:] if status_of(one.recv(65536)) == 503]
            assert len(refused) == 20
            several[0].sendall(b"Host: x\r\n\r\n")
            assert status_of(several[0].recv(65536)) == 200
        wait_for(lambda: site.get("/healthz")[0] == 200, 10, "the places are not free again")
    finally:
        stop_site(site)
