"""kill -9 of each part while ticks arrive: nothing committed is lost, and prices go on by themselves."""

import time
from collections.abc import Iterator
from datetime import datetime
from functools import partial

import pytest
import redis

from db.core.pool import Database
from db.operations import integrity
from tests.conftest import Site, start_site, stop_site, wait_for
from tests.resilience.support import RECOVERY, Listener, Part, Witness, kill, lost, newest

pytestmark = pytest.mark.slow
MOMENTS = (0.0, 0.37, 0.71)
"""Seconds into the second at which a part is killed: ticks are stored at its beginning."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An instance of this module's own; a test that kills its process starts another in its place."""
    folder = tmp_path_factory.mktemp("kill") / "data"
    site = start_site(folder, TRACERA_DEMO_HISTORY_DAYS="2", TRACERA_METRICS_SECONDS="5")
    wait_for(lambda: site.get("/readyz")[0] == 200, 60, f"not ready; see {site.log}")
    wait_for(lambda: len(site.get("/api/v1/rankings/volatile?window=24h&limit=1")[1]) > 10, 60, "no measures")
    yield site
    stop_site(site)


def restart(site: Site) -> None:
    """What a person or a service manager does after a crash."""
    again = start_site(site.data_dir, TRACERA_DEMO_HISTORY_DAYS="2", TRACERA_METRICS_SECONDS="5")
    site.url, site.process = again.url, again.process


def findings(site: Site) -> list[str]:
    database = Database(site.endpoints().database_url, size=1)
    try:
        return integrity.verify(database)
    finally:
        database.close()


def ticked(site: Site, before: datetime) -> bool:
    at = newest(site)
    return at is not None and at > before


@pytest.mark.parametrize("part", ["postgres", "backend", "valkey", "process"])
def test_no_committed_quote_is_lost_and_ticks_go_on(running: Site, part: Part) -> None:  # fmt: skip
    for moment in MOMENTS:
        witness = Witness(running.endpoints().database_url).start()
        time.sleep((moment - time.time()) % 1)
        killed_at = kill(running, part)
        seen = witness.stop()
        before = max(at for _, _, at, _ in seen)
        if part == "process":
            restart(running)
            wait_for(lambda: running.get("/healthz")[0] == 200, 60, "the process does not answer")
            print(f"process answers {time.monotonic() - killed_at:.2f} s after its end")
            killed_at = time.monotonic()
        wait_for(partial(ticked, running, before), RECOVERY, f"no ticks after {part}")
        print(f"ticks {time.monotonic() - killed_at:.2f} s after the end of {part}")
        assert lost(running, seen) == set()
    wait_for(lambda: running.get("/readyz")[0] == 200, RECOVERY, "not ready")
    assert findings(running) == []


@pytest.mark.parametrize("part", ["postgres", "valkey"])
def test_an_open_websocket_goes_on(running: Site, part: Part) -> None:
    items = list(range(1, 200))
    listener = Listener(running, items).start()
    try:
        killed_at = kill(running, part)
        time.sleep(1)
        wait_for(lambda: listener.heard > killed_at + 1, RECOVERY, f"no prices after {part}")
        print(f"prices {listener.heard - killed_at:.2f} s after the end of {part}")
        assert listener.connections == 1
    finally:
        listener.stop()


def test_what_redis_lost_is_put_back(running: Site) -> None:
    with redis.Redis.from_url(running.endpoints().redis_url) as client:
        kept = len(client.keys("price:latest:*"))
        assert kept > 400
        client.flushall()
        wait_for(lambda: len(client.keys("price:latest:*")) >= kept, RECOVERY, "price:latest is not rebuilt")
        wait_for(lambda: client.exists("rankings:volatile"), RECOVERY, "the rankings are not rebuilt")
