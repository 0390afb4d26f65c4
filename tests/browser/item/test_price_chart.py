"""The chart of one item: windows, the live point, zoom, legend, downloads; on the simulated market and Steam's real history."""

import csv
import gzip
import io
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from redis import Redis

from db.core.pool import Database
from tests.browser.item.support import DATA_OF_CHART, TWO, Market, callbacks_for, choose_window, drawn, series
from tests.browser.support import publish, until
from tests.conftest import DATA, ROOT, Site

pytestmark = pytest.mark.slow

REAL = "P90 | Asiimov (Field-Tested)"
REAL_POINTS = 4337
COLUMNS = ("time", "open", "high", "low", "close", "volume", "upper", "middle", "lower")
TICK_OF_CHART = "() => window.dash_component_api.getLayout('price-chart').props.tick"
RANGE_OF_CHART = "() => window.dash_component_api.getLayout('price-chart').props.visibleLogicalRange"


@pytest.mark.parametrize(("window", "interval", "kind"), [
    ("24h", "1h", "line"), ("7d", "1h", "line"), ("30d", "1h", "line"), ("1y", "1d", "candlestick"), ("all", "1h", "line"),
])  # fmt: skip
def test_every_window_is_a_deep_link_that_draws_bands_and_volume(
    page: Page, site: str, demo_item: int, complaints: list[str], window: str, interval: str, kind: str
) -> None:
    asked = callbacks_for(page, "price-chart-data.data")
    page.goto(f"{site}/item/{demo_item}?window={window}")
    data = drawn(page)
    assert (data["window"], data["interval"], data["kind"]) == (window, interval, kind)
    assert asked == [], "the first chart comes with its page"
    assert len({len(data[name]) for name in COLUMNS}) == 1
    assert data["upper"][-1] > data["middle"][-1] > data["lower"][-1]
    page.wait_for_function("() => window.dash_component_api.getLayout('price-chart').props.series.length === 5")
    points = len(data["time"])
    assert {name: one["n"] for name, one in series(page).items()} == dict.fromkeys(
        ("upper", "lower", "middle", "price", "volume"), points
    )
    expect(page.locator(".metric-value")).to_have_count(8)
    expect(page.locator("#item-measured")).to_contain_text("daily" if window in ("1y", "all") else "hourly")
    assert not complaints


def test_choosing_a_window_goes_to_the_address_and_back_brings_the_last_one(
    page: Page, site: str, demo_item: int
) -> None:
    page.goto(f"{site}/item/{demo_item}")
    drawn(page)
    choose_window(page, "7d")
    expect(page).to_have_url(re.compile(r"\?window=7d$"))
    page.wait_for_function(f"() => ({DATA_OF_CHART})()?.window === '7d'")
    choose_window(page, "all")
    expect(page).to_have_url(re.compile(r"\?window=all$"))
    page.go_back()
    page.wait_for_function(f"() => ({DATA_OF_CHART})()?.window === '7d'")
    expect(page.locator("#item-measured")).to_contain_text("7d")
    page.go_forward()
    page.wait_for_function(f"() => ({DATA_OF_CHART})()?.window === 'all'")
    page.reload()
    assert drawn(page)["window"] == "all"


def test_a_published_price_moves_the_number_and_the_last_point_without_redrawing(
    page: Page, site: str, demo_item: int, cache: Redis, complaints: list[str]
) -> None:
    page.goto(f"{site}/item/{demo_item}?window=7d")
    before = drawn(page)
    page.wait_for_function("() => window.dash_component_api.getLayout('price-chart').props.series.length === 5")
    page.evaluate("() => { window.before = window.dash_component_api.getLayout('price-chart').props.series }")
    price = before["close"][-1] * 2 + 7
    expect(page.locator(".live-chip")).to_contain_text(re.compile(r"· \d+ s"))
    publish(cache, demo_item, price, source="demo")
    expect(page.locator(".item-now-figure")).to_have_text(f"${price / 100:,.2f}")
    page.wait_for_function(f"() => ({TICK_OF_CHART})()?.some(({{id, bar}}) => id === 'price' && bar.value === {price})")
    tick = {one["id"]: one["bar"] for one in page.evaluate(TICK_OF_CHART)}
    closes = [*before["close"], price] if tick["price"]["time"] > before["time"][-1] else [*before["close"][:-1], price]
    assert tick["middle"]["value"] == pytest.approx(sum(closes[-20:]) / 20)
    expect(page.locator("#price-chart-legend")).to_contain_text(f"${price / 100:,.2f}")
    assert page.evaluate("() => window.before === window.dash_component_api.getLayout('price-chart').props.series")
    publish(cache, demo_item, price + 100, source="skinport")
    page.wait_for_timeout(400)
    expect(page.locator(".item-now-figure")).to_have_text(f"${price / 100:,.2f}")
    assert not complaints


def test_overlays_are_toggles_that_are_remembered(page: Page, site: str, demo_item: int) -> None:
    page.goto(f"{site}/item/{demo_item}?window=7d")
    drawn(page)
    page.get_by_text("Bollinger", exact=True).first.click()
    page.wait_for_function("() => window.dash_component_api.getLayout('price-chart').props.series.length === 2")
    assert set(series(page)) == {"price", "volume"}
    expect(page.locator("#price-chart-legend")).not_to_contain_text("Bands")
    page.reload()
    drawn(page)
    page.wait_for_function("() => window.dash_component_api.getLayout('price-chart').props.series.length === 2")


def shown_range(page: Page) -> float:
    found = page.evaluate(RANGE_OF_CHART)
    return float(found["to"] - found["from"])


def test_the_chart_zooms_by_wheel_and_keys_and_a_double_click_shows_all(page: Page, site: str, demo_item: int) -> None:
    page.goto(f"{site}/item/{demo_item}?window=30d")
    drawn(page)
    until(page, lambda: page.evaluate(RANGE_OF_CHART) is not None, "the chart does not follow")
    page.wait_for_timeout(300)
    all_of_it = shown_range(page)
    chart = page.locator("#price-chart-frame")
    box = chart.bounding_box()
    assert box
    page.mouse.move(box["x"] + 300, box["y"] + 150)
    for _ in range(5):
        page.mouse.wheel(0, -120)
    until(page, lambda: shown_range(page) < 0.8 * all_of_it, "the chart does not follow")
    page.mouse.dblclick(box["x"] + 300, box["y"] + 150)
    until(page, lambda: abs(shown_range(page) - all_of_it) < 3, "the chart does not follow")
    chart.focus()
    page.keyboard.press("+")
    until(page, lambda: shown_range(page) < 0.8 * all_of_it, "the chart does not follow")
    start = page.evaluate(RANGE_OF_CHART)["from"]
    page.keyboard.press("ArrowLeft")
    until(page, lambda: page.evaluate(RANGE_OF_CHART)["from"] < start, "the chart does not follow")
    page.keyboard.press("0")
    until(page, lambda: abs(shown_range(page) - all_of_it) < 3, "the chart does not follow")


def test_the_legend_reads_the_bar_under_the_crosshair(page: Page, site: str, demo_item: int, cache: Redis) -> None:
    page.goto(f"{site}/item/{demo_item}?window=1y")
    data = drawn(page)
    legend = page.locator("#price-chart-legend")
    expect(legend).to_contain_text(re.compile(r"O.*H.*L.*C.*Bands.*Volume"))
    newest = legend.inner_text()
    box = page.locator("#price-chart-frame").bounding_box()
    assert box
    page.mouse.move(box["x"] + 120, box["y"] + 150)
    expect(legend).not_to_have_text(newest)
    read = legend.inner_text()
    publish(cache, demo_item, data["close"][-1] + 5, source="demo")
    page.wait_for_timeout(500)
    assert legend.inner_text() == read, "a live price must not take the crosshair's place"


def test_csv_holds_every_bar_in_units_and_utc(page: Page, site: str, market: Market) -> None:
    page.goto(f"{site}/item/{market[TWO]}?window=7d")
    data = drawn(page)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download the chart as CSV").click()
    assert waiting.value.suggested_filename == "sawed-off-kraken-minimal-wear-steam-7d.csv"
    rows = list(csv.DictReader(io.StringIO(Path(waiting.value.path()).read_text(encoding="utf-8-sig"))))
    assert list(rows[0]) == list(COLUMNS)
    assert len(rows) == len(data["time"])
    assert [float(row["close"]) for row in rows] == [value / 100 for value in data["close"]]
    first = datetime.fromtimestamp(data["time"][0], UTC)
    assert rows[0]["time"] == f"{first:%Y-%m-%dT%H:%M:%SZ}"
    assert rows[0]["upper"] == "", "unknown is empty"
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download the chart as PNG").click()
    assert Path(waiting.value.path()).read_bytes().startswith(b"\x89PNG")


@pytest.fixture(scope="module")
def real_item(live_site: Site, database: Database, tmp_path_factory: pytest.TempPathFactory) -> int:
    """Steam's recorded history of one item, loaded by the command."""
    source = DATA / "steam_pricehistory_1.csv.gz"
    if not source.exists():
        pytest.skip("the recorded price history is not on this machine")
    few = tmp_path_factory.mktemp("history") / "one.csv"
    with gzip.open(source, "rt", encoding="utf-8") as lines:
        head = next(lines)
        few.write_text(head + "".join(line for line in lines if line.startswith(REAL)), encoding="utf-8")
    subprocess.run(
        [sys.executable, "-m", "app.cli", "backfill", str(few), "--source", "steam"],
        cwd=ROOT,
        env=os.environ | {"TRACERA_DATA_DIR": str(live_site.data_dir)},
        check=True,
        capture_output=True,
    )
    row = database.row("SELECT id FROM items WHERE market_hash_name = %s", [REAL])
    assert row
    return int(row["id"])


def test_ten_years_of_real_history_are_drawn_point_by_point(
    page: Page, site: str, real_item: int, complaints: list[str]
) -> None:
    page.goto(f"{site}/item/{real_item}?window=all")
    data = drawn(page)
    assert data["interval"] == "1h"
    assert sum(value is not None for value in data["close"]) == REAL_POINTS
    assert len(data["time"]) > REAL_POINTS  # gaps stand between them
    page.wait_for_function("() => window.dash_component_api.getLayout('price-chart').props.series.length === 5")
    assert {one["n"] for one in series(page).values()} == {len(data["time"])}
    assert sum(value is not None for value in data["upper"]) == REAL_POINTS - 19
    assert (data["close"][0], data["time"][0]) == (3742, datetime(2014, 7, 2, 1, tzinfo=UTC).timestamp())
    expect(page.locator("#item-measured")).to_contain_text("3,818 daily closes")
    assert not complaints
