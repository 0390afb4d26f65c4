"""The first five minutes: from an empty portfolio to a sample, through all its tabs, and back to one's own."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from db.portfolio import portfolios
from tests.browser.portfolio.market import Stall, market, open_stall
from tests.browser.support import LOOKS, NAMED, Look, grave, overflow

pytestmark = pytest.mark.slow

SAMPLE = "Try with a sample portfolio"
READY = {
    "holdings": ".portfolio-grid > tbody > tr >> nth=8",
    "transactions": ".portfolio-entries tbody tr >> nth=40",
    "risk": ".portfolio-map",
    "what-if": "#portfolio-what-if form",
    "returns": ".portfolio-heat [class^=portfolio-heat-] >> nth=3",
}


@pytest.fixture(scope="module")
def stall(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Stall]:
    with open_stall(tmp_path_factory.mktemp("sample"), browser) as made:
        yield made


@pytest.mark.parametrize("look", LOOKS, ids=NAMED)
def test_a_sample_fills_every_tab_and_goes_in_one_click(
    page: Page, stall: Stall, complaints: list[str], look: Look
) -> None:
    page.emulate_media(color_scheme=look["color_scheme"])
    page.set_viewport_size(look["viewport"])
    mine = stall.enter(page)
    market(stall.database)
    page.goto(f"{stall.url}/portfolio")
    for name in ("Link Steam", "Import a CSV file", "Add a transaction", SAMPLE):
        expect(page.locator("#portfolio-state").get_by_text(name, exact=True)).to_be_visible()
    assert grave(page) == []
    page.get_by_role("button", name=SAMPLE).focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/portfolio\?portfolio=\d+$"))
    banner = page.get_by_role("region", name="Sample portfolio")
    expect(banner).to_contain_text("invented trades")
    expect(page.locator(".portfolio-chart svg")).to_be_visible()
    for tab, selector in READY.items():
        page.locator(f"[role=tab]:has-text('{tab.capitalize()}')").click()
        expect(page.locator(selector).first).to_be_visible()
        assert overflow(page) == 0, tab
        assert grave(page) == [], tab
    for figure in ("total_value", "profit"):
        expect(page.locator(f"[data-portfolio-figure={figure}]")).to_contain_text("$")
    banner.get_by_role("button", name="Replace with mine").click()
    page.wait_for_url(f"{stall.url}/portfolio")
    expect(page.get_by_role("button", name=SAMPLE)).to_be_visible()
    assert [row["id"] for row in portfolios.every(stall.database, mine["user_id"])] == [mine["id"]]


def test_a_file_is_imported_from_the_empty_page(page: Page, stall: Stall, complaints: list[str]) -> None:
    stall.enter(page)
    page.goto(f"{stall.url}/portfolio")
    expect(page.get_by_role("button", name=SAMPLE)).to_have_count(0)  # nothing has a price
    opener = page.locator("#portfolio-state").get_by_role("button", name="Import a CSV file")
    opener.click()
    dialog = page.get_by_role("dialog")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(opener).to_be_focused()
    opener.click()
    dialog.get_by_label("Or paste").fill("date,type,item,quantity,price\n2026-01-01,buy,Glove Case,2,1.00\n")
    dialog.get_by_role("button", name="Check").click()
    dialog.get_by_role("button", name="Import 1 transaction").click()
    expect(page.get_by_text("Nothing here yet")).to_have_count(0)
    expect(page.get_by_text("Without a price (1")).to_be_visible()
