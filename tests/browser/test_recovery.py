"""kill -9 of each part under an open page: it says so where there is something to say, and comes back by itself."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from db.embedded.programs import read_pid
from db.embedded.servers import Embedded
from tests.conftest import Site, start_site, stop_site, wait_for
from tests.patience import within
from tests.resilience.support import RECOVERY, kill

pytestmark = pytest.mark.slow
CHIP = "[data-live-chip]"
MOVED = """() => { window.moved = []; document.addEventListener("tracera:price",
    (event) => Date.now() - Date.parse(event.detail.timestamp) < 5000 && window.moved.push(Date.now())); }"""
SETTINGS = {"TRACERA_DEMO_HISTORY_DAYS": "2", "TRACERA_METRICS_SECONDS": "5"}


def begin(folder: Path, port: int | None = None, **settings: str) -> Site:
    site = start_site(folder, port, **(SETTINGS | settings))
    wait_for(lambda: site.get("/readyz")[0] == 200, 60, f"not ready; see {site.log}")
    return site


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An instance with its own servers."""
    site = begin(tmp_path_factory.mktemp("alone") / "data")
    yield site
    stop_site(site)


class Outside:
    """A PostgreSQL and a Valkey that somebody else runs, which may stay away for as long as a test wants."""

    def __init__(self, folder: Path) -> None:
        self.parts = {
            "postgres": Embedded(folder / "postgres", redis=False).start(),
            "valkey": Embedded(folder / "valkey", postgres=False).start(),
        }

    def settings(self) -> dict[str, str]:
        return {
            "TRACERA_DATABASE_URL": self.parts["postgres"].endpoints().database_url,
            "TRACERA_REDIS_URL": self.parts["valkey"].endpoints().redis_url,
        }

    def kill(self, name: str) -> None:
        part = self.parts[name]
        files = {"postgres": part.data_dir / "postgres/postmaster.pid", "valkey": part.run_dir / "valkey.pid"}
        pid = read_pid(files[name])
        assert pid
        os.kill(pid, signal.SIGKILL)
        part.stop()  # or it would be back at once

    def bring_back(self, name: str) -> None:
        self.parts[name].start()

    def stop(self) -> None:
        for part in self.parts.values():
            part.stop()


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Outside]]:
    """An instance on servers that it was told of."""
    folder = tmp_path_factory.mktemp("outside")
    servers = Outside(folder)
    site = begin(folder / "data", None, **servers.settings())
    yield site, servers
    stop_site(site)
    servers.stop()


def open_page(page: Page, site: Site) -> None:
    page.goto(site.url + "/items")
    page.evaluate(MOVED)
    expect(page.locator(CHIP)).to_have_attribute("data-live-state", "live")
    moves_after(page, 0, 20)


def moves_after(page: Page, moment: float, seconds: float) -> float:
    """Seconds from a moment (Unix time) until a fresh price came."""
    script = "(at) => window.moved.find((moved) => moved > at)"
    page.wait_for_function(script, arg=moment * 1000, timeout=within(seconds) * 1000)
    moved: float = page.evaluate(script, moment * 1000) / 1000
    return moved - moment


def recovered(page: Page, since: float, what: str) -> None:
    """The page is live and moving within ten seconds."""
    seconds = moves_after(page, since, RECOVERY)
    print(f"{what}: prices on the page {seconds:.1f} s after its return")
    # A page that polls has prices before its socket is back.
    left = 1000 * (since + within(RECOVERY) - time.time())
    expect(page.locator(CHIP)).to_have_attribute("data-live-state", "live", timeout=max(left, 1))
    expect(page.locator(CHIP)).to_contain_text("Simulated market")


@pytest.mark.parametrize("part", ["postgres", "valkey"])
def test_a_server_that_is_started_again_is_hardly_noticed(page: Page, alone: Site, part: Any) -> None:
    open_page(page, alone)
    kill(alone, part)
    recovered(page, time.time() + 0.5, f"own {part}")


def test_a_killed_process_is_said_and_its_return_noticed(page: Page, alone: Site) -> None:
    open_page(page, alone)
    port = int(alone.url.rsplit(":", 1)[1])
    kill(alone, "process")
    expect(page.locator(CHIP)).to_have_attribute("data-live-state", "reconnecting")
    expect(page.locator(CHIP)).to_have_attribute("data-live-state", "offline")
    page.wait_for_timeout(12_000)  # the waits between its attempts are at their longest then
    expect(page.locator(CHIP)).to_contain_text("Offline")
    alone.process = begin(alone.data_dir, port).process
    recovered(page, time.time(), "process")


@pytest.mark.parametrize("part", ["postgres", "valkey"])
def test_a_server_that_stays_away_makes_the_page_stale(page: Page, outside: tuple[Site, Outside], part: str) -> None:
    site, servers = outside
    open_page(page, site)
    servers.kill(part)
    expect(page.locator(CHIP)).to_have_attribute("data-live-state", "stale")
    expect(page.locator(CHIP)).to_contain_text("Stale")
    page.wait_for_timeout(5000)
    servers.bring_back(part)
    recovered(page, time.time(), part)
    wait_for(lambda: site.get("/readyz")[0] == 200, RECOVERY, "not ready again")
