"""Two markets on the pages of the market and of rankings, and an instance that has pairs alone."""

import re
from collections.abc import Iterator
from typing import Literal

import orjson
import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.support import DESKTOP, PHONE, changes, grave, overflow, pictures, until
from tests.conftest import Site, start_site, stop_site, wait_for
from tests.exchange.generator import invented, trade_some
from tests.exchange.server import running

pytestmark = pytest.mark.slow
ROWS, LISTED = ".ranking tbody tr", "#market-volatile .item-row"
PAIRS = "/api/v1/rankings/volatile?market=binance:spot&window=24h"
ITEMS = "/api/v1/rankings/volatile?market=steam:730&window=24h"
LOOKS = [(DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light"), (PHONE, "dark")]


def count(site: Site, path: str) -> int:
    status, body = site.get(path)
    return len(orjson.loads(body)) if status == 200 else 0


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An instance on both simulated markets, with six pairs."""
    started = start_site(
        tmp_path_factory.mktemp("both") / "data",
        TRACERA_DEMO_PAIRS="6",
        TRACERA_DEMO_HISTORY_DAYS="2",
        TRACERA_METRICS_SECONDS="10",
    )
    try:
        wait_for(
            lambda: count(started, PAIRS) == 6 and count(started, ITEMS) > 20, 120, f"no rankings; see {started.log}"
        )
        yield started
    finally:
        stop_site(started)


@pytest.fixture(scope="module")
def crypto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An instance of an exchange alone, which a stand-in answers for."""
    market = invented(12, minutes=1_500)
    with running(market) as exchange:
        started = start_site(
            tmp_path_factory.mktemp("crypto") / "data",
            TRACERA_PROVIDERS="binance",
            TRACERA_BINANCE_URL=exchange.url,
            TRACERA_BINANCE_STREAM_URL=exchange.stream_url,
            TRACERA_BINANCE_SYMBOLS="*",
            TRACERA_METRICS_SECONDS="10",
        )
        try:
            wait_for(lambda: count(started, "/api/v1/rankings/volatile") > 0, 120, f"no rankings; see {started.log}")
            exchange.call(lambda: trade_some(market, 300))
            yield started
        finally:
            stop_site(started)


def opened(page: Page, site: str, path: str, ready: str) -> None:
    """The page at `path`, once `ready` is there."""
    page.goto(site + path)
    expect(page.locator(ready).first).to_be_visible()


def market_of(page: Page, name: str) -> None:
    page.get_by_role("radiogroup", name="Market").get_by_text(name, exact=True).click()


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_the_market_page_shows_either_market(
    page: Page, both: Site, complaints: list[str], size: ViewportSize, scheme: Literal["light", "dark"]
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(size)
    opened(page, both.url, "/", LISTED)
    expect(page.get_by_role("radio", name="CS2")).to_be_checked()
    expect(page.get_by_role("radiogroup", name="Size of the fields")).to_be_visible()
    market_of(page, "Crypto")
    expect(page).to_have_url(f"{both.url}/?market=binance%3Aspot")
    expect(page.locator("#market-volatile .item-row")).to_have_count(6)
    expect(page.locator("#market-volatile .item-row").first).to_contain_text("/ USDT")
    tiles = page.locator("#market-tiles .tile")
    expect(tiles.nth(0)).to_contain_text(re.compile(r"[\d.]+[MB]\sUSDT a day"))
    expect(tiles.nth(3)).to_contain_text("of 1\u00a0exchange")
    expect(page.locator(".map-kind-name")).to_have_text(["USDT"])
    expect(page.locator(".map-field .map-name").first).to_have_text("BTC")
    expect(page.get_by_role("radiogroup", name="Size of the fields")).to_be_hidden()
    expect(page.locator("#market-strip")).to_contain_text("demo")
    assert overflow(page) == 0
    assert grave(page) == []
    if (size, scheme) == LOOKS[0]:
        pictures(page, "market-crypto")


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_rankings_show_either_market(
    page: Page, both: Site, complaints: list[str], size: ViewportSize, scheme: Literal["light", "dark"]
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(size)
    opened(page, both.url, "/rankings?least=5", ROWS)
    expect(page.locator(".ranking caption")).to_contain_text("Items by Volatility")
    market_of(page, "Crypto")
    # What is least is counted in something else, and begins anew.
    expect(page).to_have_url(f"{both.url}/rankings?market=binance%3Aspot")
    expect(page.get_by_role("slider", name="Least million USDT a day")).to_have_attribute("aria-valuenow", "0")
    expect(page.locator(".ranking caption")).to_contain_text("Pairs by Volatility")
    expect(page.locator(".ranking tbody tr")).to_have_count(6)
    expect(page.locator("#rankings-body .ranking-note")).to_contain_text(
        "6 of 6 pairs have at least 8 hourly closes over 90\u00a0%"
    )
    expect(page.locator("#rankings-body .ranking-note")).to_contain_text("100k USDT traded a day")
    page.get_by_role("radiogroup", name="Measure").get_by_text("Volume", exact=True).click()
    expect(page.locator(".ranking tbody tr").first).to_contain_text("BTC")
    assert overflow(page) == 0
    assert grave(page) == []
    if (size, scheme) == LOOKS[0]:
        pictures(page, "rankings-crypto")


def test_the_address_holds_the_market_and_keys_change_it(page: Page, both: Site, complaints: list[str]) -> None:
    page.set_viewport_size(DESKTOP)
    opened(page, both.url, "/?market=binance%3Aspot&window=7d", LISTED)
    expect(page.get_by_role("radio", name="Crypto")).to_be_checked()
    expect(page.locator("#market-tiles")).to_contain_text("Market, 7 days")
    page.get_by_role("radio", name="Crypto").focus()
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(f"{both.url}/?window=7d")
    expect(page.locator("#market-tiles")).to_contain_text("Quotes per minute")
    page.go_back()
    expect(page.get_by_role("radio", name="Crypto")).to_be_checked()
    expect(page.locator("#market-tiles")).to_contain_text("of 1\u00a0exchange")
    page.reload()
    expect(page.get_by_role("radio", name="Crypto")).to_be_checked()
    page.goto(f"{both.url}/?market=steam%3A440")  # none that there is: the first one
    expect(page.get_by_role("radio", name="CS2")).to_be_checked()


def test_the_slider_keeps_out_pairs_that_trade_less(page: Page, both: Site, complaints: list[str]) -> None:
    page.set_viewport_size(DESKTOP)
    opened(page, both.url, "/rankings?market=binance%3Aspot&least=500", ROWS)
    expect(page.locator("#rankings-body .ranking-note")).to_contain_text("500M USDT traded a day")
    texts = page.locator(".ranking tbody .rank-sold").all_inner_texts()
    assert texts
    assert all(text.endswith("B") or (text.endswith("M") and float(text[:-1]) >= 500) for text in texts)


def test_a_pair_s_page_shows_its_measures(page: Page, both: Site, complaints: list[str]) -> None:
    page.set_viewport_size(DESKTOP)
    opened(page, both.url, "/rankings?market=binance%3Aspot", ROWS)
    page.locator(".ranking tbody tr .rank-link").first.click()
    cards = page.locator("#pair-measures .metric")
    expect(cards).to_have_count(8)
    expect(page.locator("#pair-measured")).to_have_text("24 hourly closes of 24h")
    expect(cards.first.locator(".metric-value")).to_have_text(re.compile(r"^\d+\.\d\s%$"))
    until(page, lambda: len({*changes(page)}) == 1 and changes(page)[0], "the day's change is two figures")
    page.get_by_role("radiogroup", name="Window of the measures").get_by_text("30d", exact=True).click()
    expect(page).to_have_url(re.compile(r"measures=30d"))
    expect(page.locator("#pair-measured")).to_contain_text("hourly closes of 30d")
    expect(cards.nth(4).locator(".metric-value")).to_have_text(re.compile(r"^[\d.\u2212-]+$"))
    assert grave(page) == []


def test_an_instance_of_pairs_alone_shows_pairs_alone(page: Page, crypto: Site, complaints: list[str]) -> None:
    page.set_viewport_size(DESKTOP)
    opened(page, crypto.url, "/rankings", ROWS)
    expect(page.locator(".ranking caption")).to_contain_text("Pairs by Volatility")
    expect(page.get_by_role("radiogroup", name="Market")).to_be_hidden()
    places = page.get_by_role("navigation", name="Pages").get_by_role("link")
    expect(places).to_have_text(
        ["Market", "Rankings", "Portfolio", "Crypto", "Watchlist", "Compare", "Alerts", "Status"]
    )
    places.first.click()
    expect(page.locator("#market-volatile .item-row").first).to_contain_text("/ USDT")
    expect(page.get_by_role("radiogroup", name="Market")).to_be_hidden()
    expect(page.locator("#market-strip")).to_contain_text("binance")
    places.nth(2).click()
    expect(page.get_by_text("You are not signed in")).to_be_visible()
    expect(page.get_by_text("Steam", exact=False)).to_have_count(0)
    places.last.click()
    expect(page.locator(".status-cards")).to_contain_text("Pairs")
    expect(page.get_by_text("No provider yet")).to_have_count(0)
    page.goto(f"{crypto.url}/items")
    page.get_by_role("link", name="All pairs").click()
    expect(page.locator(".pairs tbody tr").first).to_be_visible()
