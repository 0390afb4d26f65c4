"""The page of one item, on the simulated market and on Steam's real history."""

import csv
import gzip
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from redis import Redis

from app.providers.base import Batch, Quote, VolumeKind
from db.core.pool import Database
from jobs.ingest import Ingest, Report
from tests.browser.support import publish, until
from tests.conftest import DATA, ROOT, Site, simulated_site

pytestmark = pytest.mark.slow

REAL = "P90 | Asiimov (Field-Tested)"
REAL_POINTS = 4337
TWO = "Sawed-Off | Kraken (Minimal Wear)"
OLD = "Negev | Loudmouth (Well-Worn)"
COLUMNS = ("time", "open", "high", "low", "close", "volume", "upper", "middle", "lower")
DATA_OF_CHART = "() => window.dash_component_api.getLayout('price-chart-data').props.data"
SERIES_OF_CHART = """() => Object.fromEntries(
    window.dash_component_api.getLayout('price-chart').props.series.map(({id, type, data}) => [id, {type, n: data.length}]))"""
TICK_OF_CHART = "() => window.dash_component_api.getLayout('price-chart').props.tick"
RANGE_OF_CHART = "() => window.dash_component_api.getLayout('price-chart').props.visibleLogicalRange"
Market = dict[str, int]


@pytest.fixture(scope="module")
def live_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An instance of this file's own: real prices stand in it, which would silence the simulated ones of others.

    Its measures are computed once, before they come.
    """
    with simulated_site(tmp_path_factory.mktemp("site"), measures_every=3600) as started:
        yield started


@pytest.fixture(scope="module")
def site(live_site: Site) -> str:
    """Its address."""
    return live_site.url


@pytest.fixture(scope="module")
def database(live_site: Site) -> Iterator[Database]:
    pool = Database(live_site.endpoints().database_url, size=2)
    yield pool
    pool.close()


@pytest.fixture(scope="module")
def cache(live_site: Site) -> Iterator[Redis]:
    with Redis.from_url(live_site.endpoints().redis_url) as client:
        yield client


@pytest.fixture(scope="module")
def market(database: Database, cache: Redis) -> Market:
    """Item ids by name: one that two sources quote, one that nobody has quoted for a year and a half."""
    now = datetime.now(UTC).replace(microsecond=0)
    ingest = Ingest(database, cache, heartbeat=timedelta(0))

    def hourly(
        name: str, source: str, price: int, newest: datetime, volume: int | None, kind: VolumeKind
    ) -> list[Quote]:
        return [
            Quote(
                name, source, price + 10 * (hour % 7), newest - timedelta(hours=hour), volume=volume, volume_kind=kind
            )
            for hour in range(60)
        ]

    steam = hourly(TWO, "steam", 2000, now, 40, VolumeKind.ROLLING_24H)
    old = hourly(OLD, "steam", 500, now - timedelta(days=500), 3, VolumeKind.INTERVAL)
    ingest.store("steam", Batch(steam + old), Report("steam", now))
    skinport = hourly(TWO, "skinport", 1500, now, None, VolumeKind.INTERVAL)
    ingest.store("skinport", Batch(skinport), Report("skinport", now))
    found = database.rows("SELECT id, market_hash_name FROM items")
    return {row["market_hash_name"]: row["id"] for row in found}


@pytest.fixture
def demo_item(database: Database) -> int:
    """An item that only the simulated market quotes, and that rarely trades."""
    row = database.row(
        "SELECT item_id FROM price_latest WHERE source = 'demo' AND price > 1000 ORDER BY time, item_id LIMIT 1"
    )
    assert row
    return int(row["item_id"])


def drawn(page: Page) -> dict[str, Any]:
    """The chart's data, once it is there."""
    expect(page.locator("#price-chart-legend > span").first).to_be_visible()
    data: dict[str, Any] = page.evaluate(DATA_OF_CHART)
    return data


def series(page: Page) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = page.evaluate(SERIES_OF_CHART)
    return found


def choose_window(page: Page, window: str) -> None:
    page.locator(".chart-controls label", has_text=re.compile(f"^{window}$")).click()


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


@pytest.mark.parametrize(("window", "interval", "kind"), [
    ("24h", "1h", "line"), ("7d", "1h", "line"), ("30d", "1h", "line"), ("1y", "1d", "candlestick"), ("all", "1h", "line"),
])  # fmt: skip
def test_every_window_is_a_deep_link_that_draws_bands_and_volume(
    page: Page, site: str, demo_item: int, complaints: list[str], window: str, interval: str, kind: str
) -> None:
    page.goto(f"{site}/item/{demo_item}?window={window}")
    data = drawn(page)
    assert (data["window"], data["interval"], data["kind"]) == (window, interval, kind)
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


def test_sources_stand_side_by_side_and_the_chart_draws_the_one_chosen(
    page: Page, site: str, market: Market, complaints: list[str]
) -> None:
    page.goto(f"{site}/item/{market[TWO]}?window=7d")
    assert drawn(page)["source"] == "steam"
    assert drawn(page)["rolling"]
    expect(page.locator("#price-chart-legend")).to_contain_text("24 h volume40")
    rows = page.locator(".item-sources tbody tr")
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
    assert drawn(page)["item"] == int(str(href).rsplit("/", 1)[1])


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
    assert len(data["time"]) == REAL_POINTS
    page.wait_for_function("() => window.dash_component_api.getLayout('price-chart').props.series.length === 5")
    assert {one["n"] for one in series(page).values()} == {REAL_POINTS}
    assert sum(value is not None for value in data["upper"]) == REAL_POINTS - 19
    assert (data["close"][0], data["time"][0]) == (3742, datetime(2014, 7, 2, 1, tzinfo=UTC).timestamp())
    expect(page.locator("#item-measured")).to_contain_text("3,818 daily closes")
    assert not complaints
