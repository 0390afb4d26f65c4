"""The page of one item around its chart, on the simulated market and two sources."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from db.core.pool import Database
from tests.browser.item.support import DATA_OF_CHART, OLD, TWO, Market, drawn, series
from tests.browser.support import changes, until

pytestmark = pytest.mark.slow


def test_the_head_says_what_costs_how_much_since_when_and_that_it_is_simulated(
    page: Page, site: str, demo_item: int, database: Database, complaints: list[str]
) -> None:
    page.goto(f"{site}/item/{demo_item}")
    row = database.row("SELECT * FROM items WHERE id = %s", [demo_item])
    assert row
    head = page.locator("header.item-head")
    expect(head.locator("h1")).to_have_text(row["market_hash_name"].removesuffix(f" ({row['wear']})"))
    expect(head).to_contain_text(row["rarity"])
    expect(head.locator(".item-now-figure")).to_contain_text(re.compile(r"^\$[\d,]+\.\d\d$"))
    expect(head.locator(".item-now-moved")).to_contain_text(re.compile(r"%.*24 h"))
    expect(head.locator(".item-about")).to_contain_text(re.compile(r"demo.*\d+ (s|min) *ago"))
    expect(head).to_contain_text("Simulated market")
    expect(page.locator(".item-sources")).to_contain_text("simulated")
    expect(page).to_have_title(f"{row['market_hash_name']} · Tracera")
    assert not complaints


def test_figures_stand_behind_the_chart_and_every_measure_explains_itself(
    page: Page, site: str, demo_item: int, complaints: list[str]
) -> None:
    page.goto(f"{site}/item/{demo_item}?window=7d")
    data = drawn(page)
    page.get_by_text("Figures of this chart").click()
    expect(page.locator(".chart-rows tbody tr")).to_have_count(len(data["time"]))
    expect(page.locator(".chart-rows thead th")).to_have_count(9)
    mark = page.get_by_role("button", name="About Trend")
    mark.hover()
    words = page.locator(".metric-words:visible")
    expect(words).to_contain_text("Least-squares slope")
    expect(words).to_contain_text(re.compile(r"From \d+ hourly closes of 7d"))
    assert not complaints


def test_an_unknown_item_says_so_and_leads_to_all(page: Page, site: str, complaints: list[str]) -> None:
    for address in ("999999", "none", "-1", "99999999999"):
        page.goto(f"{site}/item/{address}")
        expect(page.get_by_text("No such item")).to_be_visible()
        expect(page.locator(".chart-card")).to_be_hidden()
    page.get_by_role("link", name="All items").click()
    expect(page).to_have_url(f"{site}/items")
    assert not complaints


def test_a_similar_item_is_one_click_away(page: Page, site: str, database: Database) -> None:
    row = database.row(
        "SELECT min(id) AS id FROM items WHERE reference_source = 'demo' GROUP BY weapon, skin_name HAVING count(*) > 2 LIMIT 1"
    )
    assert row
    page.goto(f"{site}/item/{row['id']}")
    link = page.locator(".item-similar-link").first
    href = link.get_attribute("href")
    link.click()
    expect(page).to_have_url(f"{site}{href}")
    item = int(str(href).rsplit("/", 1)[1])
    until(page, lambda: drawn(page)["item"] == item, "the other item's chart is not drawn")


def test_the_change_of_a_day_is_one_figure(page: Page, site: str, demo_item: int, complaints: list[str]) -> None:
    page.goto(f"{site}/item/{demo_item}?window=24h")
    expect(page.locator("#item-measures .metric")).to_have_count(8)
    until(page, lambda: len({*changes(page)}) == 1 and changes(page)[0], "it is two figures")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone(page: Page, site: str, demo_item: int, scheme: Any, complaints: list[str]) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{site}/item/{demo_item}")
    drawn(page)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    legend, canvas = (page.locator(name).bounding_box() for name in ("#price-chart-legend", "#price-chart-frame"))
    assert legend
    assert canvas
    assert legend["y"] + legend["height"] <= canvas["y"] + 1, "the legend must not cover the prices"
    for name in ("PNG", "CSV"):
        box = page.get_by_role("button", name=f"Download the chart as {name}").bounding_box()
        assert box
        assert box["height"] >= 44
    assert not complaints


def test_sources_stand_side_by_side_and_the_chart_draws_the_one_chosen(
    page: Page, site: str, market: Market, complaints: list[str]
) -> None:
    page.goto(f"{site}/item/{market[TWO]}?window=7d")
    assert drawn(page)["source"] == "steam"
    assert drawn(page)["rolling"]
    expect(page.locator("#price-chart-legend")).to_contain_text("24 h volume40")
    rows = page.locator(".item-sources").first.locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text(re.compile(r"steam\$20\.00reference"))
    expect(rows.nth(1)).to_contain_text(re.compile(r"skinport\$15\.00.25\.0\s%"))
    page.locator(".item-source input").click()
    page.get_by_role("option", name="skinport").click()
    page.wait_for_function(f"() => ({DATA_OF_CHART})()?.source === 'skinport'")
    expect(page).to_have_url(re.compile("source=skinport"))
    page.wait_for_function("() => window.dash_component_api.getLayout('price-chart').props.series.length === 4")
    assert "volume" not in series(page), "skinport tells no sales"
    assert not complaints


def test_old_history_says_when_the_last_quote_came_and_offers_what_holds_data(
    page: Page, site: str, market: Market, complaints: list[str]
) -> None:
    page.goto(f"{site}/item/{market[OLD]}?window=24h")
    last = datetime.now(UTC) - timedelta(days=500)
    state = page.locator("#price-chart-state")
    expect(state).to_contain_text("No quotes in the last 24 hours")
    expect(state).to_contain_text(f"{last:%-d %b %Y}")
    expect(page.locator("#item-measures")).to_contain_text("Nothing to measure")
    expect(page.locator(".item-now .stale")).to_have_count(2)
    page.get_by_role("button", name="Show all prices").click()
    expect(page).to_have_url(re.compile(r"window=all$"))
    assert len(drawn(page)["time"]) == 60
    expect(page.locator(".metric-value")).to_have_count(8)
    assert not complaints
