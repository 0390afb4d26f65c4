"""The page of edges, and an item's edges under its sources."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from db.core.pool import Database
from tests.browser.support import DESKTOP, PHONE, grave, overflow
from tests.browser.test_markets import opened
from tests.conftest import Site, start_site, stop_site, wait_for
from tests.items.edge_market import fill

ROWS = ".edges tbody tr"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, dict[str, int]]]:
    """An instance that asks nobody, with the hand-made market."""
    started = start_site(
        tmp_path_factory.mktemp("edges") / "data",
        TRACERA_PROVIDERS="skinport",
        TRACERA_SKINPORT_URL="http://127.0.0.1:9",
    )
    try:
        wait_for(lambda: started.get("/healthz")[0] == 200, 60, f"no start; see {started.log}")
        wait_for(lambda: started.get("/api/v1/edges")[0] == 200, 60, f"no database; see {started.log}")
        database = Database(started.endpoints().database_url, size=1)
        ids = fill(database, datetime.now(UTC))
        database.close()
        wait_for(lambda: b"Plain" in started.get("/api/v1/edges?limit=99")[1], 30, "no edges")
        yield started, ids
    finally:
        stop_site(started)


def test_edges_are_filtered_by_the_address(made: tuple[Site, dict[str, int]], page: Page) -> None:
    site, ids = made
    opened(page, site.url, "/edges", f"{ROWS} >> nth=6")
    expect(page.locator(ROWS).first).to_contain_text("Cheap")
    expect(page.locator("#edges-body .ranking-note")).to_contain_text("9 of 10")
    expect(page.locator("#edges-body .ranking-note")).to_contain_text("1 with a stale price, 1 with a single listing")
    page.get_by_role("textbox", name="Net spread, at least").click()
    page.get_by_role("option", name="10 %", exact=True).click()
    expect(page).to_have_url(f"{site.url}/edges?spread=10")
    expect(page.locator(ROWS)).to_have_count(4)
    opened(page, site.url, "/edges?spread=10&gated=yes&buy=steam", f"{ROWS} >> nth=5")
    expect(page.locator(".edge-gate", has_text="stale price")).to_have_count(1)
    for size in (PHONE, DESKTOP):
        page.set_viewport_size(size)
        assert overflow(page) == 0
        assert grave(page) == []
    page.locator(ROWS, has_text="In euros").locator(".rank-link").click()
    expect(page).to_have_url(f"{site.url}/item/{ids['In euros']}")


def test_an_item_has_its_edges_under_its_sources(made: tuple[Site, dict[str, int]], page: Page) -> None:
    site, ids = made
    opened(page, site.url, f"/item/{ids['Plain']}", ".edge-ways tbody tr >> nth=5")
    expect(page.locator(".edge-ways tbody tr").first).to_contain_text("steam → skinport")
    assert grave(page, ".edge-ways") == []
    opened(page, site.url, f"/item/{ids['Spoofed']}", ".edge-left >> nth=0")
    expect(page.locator(".edge-left").first).to_contain_text("csfloat: three times off the median")


def test_one_source_says_what_is_needed(site: str, page: Page) -> None:
    opened(page, site, "/edges", "#edges-body .state-title")
    expect(page.locator("#edges-body .state-title")).to_have_text("Two sources are needed")
    expect(page.locator("#edges-body .state-text")).to_contain_text("So far only demo quotes them.")
