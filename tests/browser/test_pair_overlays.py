"""Indicators and levels over a pair's chart: chosen by hand and by keyboard, in the address, remembered, on a phone."""

import re
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from app.live.publish import levels_message
from db.core.redis import publish_messages
from tests.browser.minutes import MINUTE, SOURCE, save, walk
from tests.browser.support import DESKTOP, PHONE, Own, grave, opened, overflow, pictures, until

pytestmark = pytest.mark.slow

SERIES = """() => Object.fromEntries(window.dash_component_api.getLayout('price-chart').props.series
    .map(({ id, pane, data }) => [id, [pane || 0, data.filter(({ value }) => value !== undefined).length]]))"""
LINES = """() => window.dash_component_api.getLayout('price-chart').props.series.find(({ id }) => id === 'price')?.priceLines
    .map(({ title, price }) => [title, price])"""
CHOSEN = "indicators=bollinger:20:2,ema:50,rsi:14,macd:12:26:9&levels=dh,dl,pdh,pdl,ath,fib"


@pytest.fixture
def item(own: Own) -> int:
    """A pair with two days of minutes."""
    return save(own.runtime.services.database, walk(2_880, int(time.time()) // MINUTE * MINUTE))


def series(page: Page) -> dict[str, list[int]]:
    found: dict[str, list[int]] = page.evaluate(SERIES)
    return found


def test_indicators_are_added_changed_hidden_and_removed(
    page: Page, own: Own, item: int, complaints: list[str]
) -> None:
    page.set_viewport_size(DESKTOP)
    opened(page, own.url, f"/item/{item}?window=1m")
    legend = page.locator("#price-chart-legend")
    expect(legend).to_contain_text("Bollinger 20 · 2")
    page.locator("#price-chart-indicators").click()
    dialog = page.get_by_role("dialog", name="Indicators")
    assert grave(page) == []
    page.get_by_role("button", name="Add Relative strength index").click()
    expect(page.locator(".chart-panes")).to_contain_text(re.compile(r"RSI 14\s*\d+\.\d\d"))
    dialog.get_by_role("spinbutton", name="period of RSI 14").fill("21")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"indicators=bollinger:20:2,rsi:21$"))
    expect(page.locator(".chart-panes")).to_contain_text(re.compile(r"RSI 21\s*\d+\.\d\d"))
    field = dialog.get_by_role("spinbutton", name="period of RSI")
    field.fill("1")
    page.keyboard.press("Tab")
    expect(dialog.get_by_role("alert").filter(has_text="a whole number from 2 to 500")).to_be_visible()
    expect(page).to_have_url(re.compile("rsi:21"))
    dialog.get_by_role("button", name="Hide Bollinger bands").click()
    expect(legend).not_to_contain_text("Bollinger")
    assert not [name for name in series(page) if name.startswith("bollinger")]
    expect(page).to_have_url(re.compile("-bollinger"))
    dialog.get_by_role("button", name="Show Bollinger bands").click()
    expect(legend).to_contain_text("Bollinger")
    dialog.get_by_role("button", name="Remove Bollinger bands").click()
    expect(page).to_have_url(re.compile("indicators=rsi:21$"))
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.go_back()
    expect(legend).to_contain_text("Bollinger")
    assert not complaints


def test_a_shared_address_shows_the_same_and_a_browser_remembers(
    page: Page, own: Own, item: int, complaints: list[str]
) -> None:
    page.set_viewport_size(DESKTOP)
    opened(page, own.url, f"/item/{item}?window=1m&{CHOSEN}")
    until(page, lambda: series(page).get("macd:12:26:9 signal", [0, 0])[1] > 0, "no MACD")
    found = series(page)
    assert {name: pane for name, (pane, _) in found.items() if pane} == {
        "volume": 1, "rsi:14 rsi": 2, "macd:12:26:9 macd": 3, "macd:12:26:9 signal": 3, "macd:12:26:9 histogram": 3,
    }  # fmt: skip
    levels: list[Any] = page.evaluate(LINES)
    titles = " ".join(title for title, _ in levels)
    for name in ("D high", "D low", "PD high", "PD low", "ATH", "Fib 61.8"):
        assert name in titles
    assert len({price for _, price in levels}) == len(levels), "levels of one price are one line"
    assert [price for _, price in levels] == sorted((price for _, price in levels), reverse=True)
    page.locator("#price-chart-indicators").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove MACD").click()
    page.keyboard.press("Escape")
    page.goto(f"{own.url}/item/{item}")
    expect(page).to_have_url(re.compile(r"indicators=bollinger:20:2,ema:50,rsi:14&levels=dh,dl,pdh,pdl,ath,fib"))
    until(page, lambda: "rsi:14 rsi" in series(page), "nothing is remembered")
    assert not complaints


def test_levels_are_chosen_by_the_keyboard(page: Page, own: Own, item: int, complaints: list[str]) -> None:
    page.set_viewport_size(DESKTOP)
    opened(page, own.url, f"/item/{item}?window=1h")
    page.locator("#price-chart-levels").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Price levels")
    expect(dialog).to_be_visible()
    assert grave(page) == []
    page.get_by_role("checkbox", name="Previous day, High").focus()
    page.keyboard.press("Space")
    expect(page).to_have_url(re.compile("levels=pdh$"))
    until(page, lambda: [title for title, _ in page.evaluate(LINES)] == ["PD high"], "no line")
    page.get_by_role("button", name="Previous week").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("levels=pdh,pwh,pwl,pwo,pwm$"))
    page.get_by_role("button", name="None of them").click()
    until(page, lambda: page.evaluate(LINES) == [], "lines stay")
    page.keyboard.press("Escape")
    expect(page.locator("#price-chart-levels")).to_be_focused()
    assert not complaints


def test_a_live_price_moves_the_indicators(page: Page, own: Own, item: int, complaints: list[str]) -> None:
    page.set_viewport_size(DESKTOP)
    opened(page, own.url, f"/item/{item}?window=1m&indicators=sma:2")
    legend = page.locator("#price-chart-legend")
    expect(legend).to_contain_text("SMA 2")
    expect(page.locator(".live-chip")).to_be_visible()
    page.wait_for_timeout(1_000)
    before = legend.inner_text()
    own.publish(item, 5_555_500, source=SOURCE)
    expect(legend).to_contain_text("55,555.00")
    assert legend.inner_text() != before
    assert not complaints


def test_levels_move_as_soon_as_a_price_leaves_a_range(page: Page, own: Own, item: int, complaints: list[str]) -> None:
    held = own.runtime.services
    # To a minute that ends after the test: a pair whose price is old is looked at every few seconds.
    candles = walk(2_880, int(time.time() + 300) // MINUTE * MINUTE + MINUTE)
    save(held.database, candles)
    page.set_viewport_size(DESKTOP)
    opened(page, own.url, f"/item/{item}?window=1m&levels=ath")
    until(page, lambda: len(page.evaluate(LINES) or []) == 1, "no line")
    [[_, before]] = page.evaluate(LINES)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if f"/{item}/levels?" in request.url else None)
    level = {"level": "all_time_high", "price": before}

    def leads_to_nothing() -> bool:
        known = len(asked)
        publish_messages(held.redis, "levels", [_levels(item, before, {"kind": "approach", **level})])
        page.wait_for_timeout(2_500)
        return len(asked) == known

    # They are asked for by a clock too, now and then.
    assert any(leads_to_nothing() for _ in range(4)), "a price that comes near moves no level"
    candles.high[-1] = before + 12_345
    save(held.database, candles)
    known = len(asked)
    publish_messages(held.redis, "levels", [_levels(item, before + 12_345, {"kind": "high", **level})])
    until(page, lambda: page.evaluate(LINES) == [["ATH", before + 12_345]], "the level stays")
    assert len(asked) > known
    assert not complaints


def _levels(item: int, price: int, event: dict[str, Any]) -> dict[str, Any]:
    return levels_message(item, price, 100.0, [event], SOURCE, datetime.now(UTC))


def test_it_fits_a_phone_and_the_navigation_says_crypto(page: Page, own: Own, item: int, complaints: list[str]) -> None:
    page.set_viewport_size(PHONE)
    opened(page, own.url, f"/item/{item}?window=1m&{CHOSEN}")
    until(page, lambda: series(page).get("rsi:14 rsi", [0, 0])[1] > 0, "no RSI")
    assert overflow(page) == 0
    assert grave(page) == []
    page.locator("#price-chart-indicators").click()
    assert grave(page) == []
    for button in page.get_by_role("dialog").get_by_role("button").all():
        box = button.bounding_box()
        assert box
        assert box["height"] >= 44
    page.keyboard.press("Escape")
    page.set_viewport_size(DESKTOP)
    current = page.locator("#navigation [aria-current=page]")
    expect(current).to_have_count(1)
    expect(current).to_contain_text("Crypto")
    pictures(page, "pair-overlays")
    assert not complaints
