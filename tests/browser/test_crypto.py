"""The page of pairs and a pair's chart, on the simulated exchange: live, wide and narrow, light and dark."""

import re
from collections.abc import Iterator
from typing import Literal

import orjson
import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.support import DESKTOP, PHONE, grave, opened, overflow, pictures
from tests.conftest import Site, start_site, stop_site, wait_for

ROWS = ".pairs tbody tr"
CANDLES = "/api/v1/candles?symbol=BTCUSDT&interval=15m&limit=5"


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An instance with three simulated pairs."""
    started = start_site(
        tmp_path_factory.mktemp("exchange") / "data", TRACERA_DEMO_PAIRS="3", TRACERA_DEMO_HISTORY_DAYS="2"
    )
    try:
        wait_for(lambda: b"BTCUSDT" in started.get("/api/v1/symbols")[1], 60, f"no pairs; see {started.log}")
        wait_for(lambda: len(orjson.loads(started.get(CANDLES)[1]).get("data", ())) == 5, 60, "no candles")
        wait_for(lambda: b"price" in started.get("/api/v1/symbols/BTCUSDT/price")[1], 60, "no prices")
        yield started
    finally:
        stop_site(started)


LOOKS = [(DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light"), (PHONE, "dark")]


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_pairs_are_listed_and_move(
    page: Page, exchange: Site, complaints: list[str], size: ViewportSize, scheme: Literal["light", "dark"]
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(size)
    opened(page, exchange.url, "/crypto")
    expect(page.locator(ROWS)).to_have_count(3)
    price = page.locator(f"{ROWS} [data-live-field=price]").first
    before = price.inner_text()
    expect(price).not_to_have_text(before)
    assert overflow(page) == 0
    assert grave(page) == []
    if (size, scheme) == LOOKS[0]:
        pictures(page, "crypto")


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_a_pair_s_candles(
    page: Page, exchange: Site, complaints: list[str], size: ViewportSize, scheme: Literal["light", "dark"]
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(size)
    opened(page, exchange.url, "/crypto")
    page.get_by_role("link", name="BTC / USDT").click()
    expect(page.get_by_role("heading", name="BTC / USDT")).to_be_visible()
    legend = page.locator("#price-chart-legend")
    expect(legend).to_contain_text("Step1 h")
    page.get_by_role("radiogroup", name="Length of a candle").get_by_text("1m", exact=True).click()
    expect(page).to_have_url(re.compile("window=1m"))
    expect(legend).to_contain_text("Step1 min")
    before = legend.inner_text()
    expect(legend).not_to_have_text(before)
    expect(page.locator(".pair-figures dt")).to_have_text(
        ["Open", "High", "Low", "In range", "Volume", "Bid", "Ask", "Spread"]
    )
    assert overflow(page) == 0
    assert grave(page) == []
    if (size, scheme) == LOOKS[0]:
        pictures(page, "pair")


def symbols_shown(page: Page) -> list[str]:
    return page.locator(".pair-base").all_inner_texts()


def figures(page: Page, column: str) -> list[float]:
    cells = page.locator(f".pairs tbody .pair-{column}").all()
    return [float(cell.get_attribute("data-value") or "nan") for cell in cells]


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["wide", "narrow"])
def test_pairs_are_sorted_by_any_column(page: Page, exchange: Site, complaints: list[str], size: ViewportSize) -> None:
    page.set_viewport_size(size)
    opened(page, exchange.url, "/crypto")
    expect(page.locator(ROWS)).to_have_count(3)
    expect(page.locator(".pair-sparkline svg")).to_have_count(3)
    assert figures(page, "volume") == sorted(figures(page, "volume"), reverse=True)
    head = page.locator(".pairs thead")
    head.get_by_role("button", name="Price").click()
    assert figures(page, "price") == sorted(figures(page, "price"), reverse=True)
    head.get_by_role("button", name="Price").focus()
    page.keyboard.press("Enter")
    assert figures(page, "price") == sorted(figures(page, "price"))
    expect(page).to_have_url(re.compile(r"sort=price&order=asc$"))
    expect(head.locator("th[aria-sort=ascending]")).to_have_text("Price")
    head.get_by_role("button", name="Pair").click()
    assert symbols_shown(page) == ["BNB", "BTC", "ETH"]
    page.locator(".pair-link").first.focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="BTC / USDT")).to_be_focused()
    page.reload()
    expect(page.locator(ROWS)).to_have_count(3)
    expect(head.locator("th[aria-sort=ascending]")).to_have_text("Pair")
    assert symbols_shown(page) == ["BNB", "BTC", "ETH"]
    page.go_back()
    expect(head.locator("th[aria-sort=ascending]")).to_have_text("Price")
    assert overflow(page) == 0
    assert grave(page) == []


def test_another_pair_is_a_click_away_and_search_finds_them(page: Page, exchange: Site, complaints: list[str]) -> None:
    page.set_viewport_size(DESKTOP)
    opened(page, exchange.url, "/crypto")
    page.get_by_role("link", name="ETH / USDT").click()
    page.locator(".item-similar").get_by_text("BNB / USDT").click()
    expect(page.get_by_role("heading", name="BNB / USDT")).to_be_visible()
    page.keyboard.press("Control+k")
    page.keyboard.type("btc")
    expect(page.get_by_role("option").first).to_contain_text("BTCUSDT")


def test_the_status_page_shows_the_stream(page: Page, exchange: Site, complaints: list[str]) -> None:
    page.set_viewport_size(DESKTOP)
    opened(page, exchange.url, "/status")
    connections = page.get_by_role("table", name="Exchanges")
    expect(connections.locator("tbody tr")).to_have_count(1)
    expect(connections).to_contain_text("open")
    expect(page.get_by_role("table", name="Repairs")).to_have_count(0)
    assert grave(page) == []
    pictures(page, "status-exchange")
