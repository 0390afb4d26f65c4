"""The page of all items: what is asked for stands in the address, and rows live."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from redis import Redis

from components.items.silhouette import silhouette
from db.core.pool import Database
from tests.browser.support import Own, announced, quote, until
from tests.conftest import Site

pytestmark = pytest.mark.slow

FIRST = 'div.ag-center-cols-container [row-index="0"]'
NAMES = ".ag-pinned-left-cols-container .items-title"


@pytest.fixture(scope="module")
def database(live_site: Site) -> Iterator[Database]:
    pool = Database(live_site.endpoints().database_url, size=2)
    yield pool
    pool.close()


@pytest.fixture(scope="module")
def cache(live_site: Site) -> Iterator[Redis]:
    with Redis.from_url(live_site.endpoints().redis_url) as client:
        yield client


def count(database: Database, where: str = "true") -> int:
    row = database.row(f"SELECT count(*) AS n FROM items WHERE {where}")  # noqa: S608 - the tests' own
    assert row
    return int(row["n"])


def opened(page: Page, address: str) -> Page:
    page.goto(address)
    expect(cell(page, "price")).to_contain_text("$")
    return page


def cell(page: Page, column: str, row: int = 0) -> Locator:
    return page.locator(f'.ag-center-cols-container [row-index="{row}"] [col-id="{column}"]')


def name(page: Page, row: int = 0) -> Locator:
    return page.locator(f'.ag-pinned-left-cols-container [row-index="{row}"] .items-title')


def prices(page: Page) -> list[float]:
    """Those of the first rows; none while one of them is still loading."""
    texts = [cell(page, "price", row).inner_text() for row in range(8)]
    return [float(text.replace("$", "").replace(",", "")) for text in texts] if all(texts) else []


def descending(values: list[float]) -> bool:
    """Whether the first is the largest by far, and each is above the next but for what it moved by since they were sorted."""
    moved = 0.97
    return bool(values) and moved * values[0] > values[-1] and all(a > moved * b for a, b in pairwise(values))


def total(page: Page) -> Locator:
    return page.locator("#items-total")


def test_all_items_come_sorted_by_turnover_with_every_figure(
    page: Page, site: str, database: Database, complaints: list[str]
) -> None:
    opened(page, f"{site}/items")
    expect(total(page)).to_have_text(f"{count(database):,} items")
    for column, pattern in (
        ("percent_change", r"[▲▼].*%|0\.0\s%"),
        ("return_volatility", r"\d\s%"),
        ("trend_slope", r"%"),
        ("volume", r"\d"),
        ("turnover", r"\$"),
        ("at", r"demo.*\d+ (s|min)"),
    ):
        expect(cell(page, column)).to_contain_text(re.compile(pattern, re.DOTALL))
    assert cell(page, "sparkline").locator("svg path").get_attribute("d")
    expect(page.locator('.ag-header-cell[col-id="turnover"]')).to_have_attribute("aria-sort", "descending")
    assert not complaints


def test_a_click_on_a_head_sorts_and_the_address_says_so(page: Page, site: str) -> None:
    opened(page, f"{site}/items")
    page.locator('.ag-header-cell[col-id="price"]').click()
    expect(page).to_have_url(re.compile(r"sort=-price$"))
    until(page, lambda: descending(prices(page)), "the dearest are not first")
    page.locator('.ag-header-cell[col-id="price"]').click()
    expect(page).to_have_url(re.compile(r"sort=price$"))
    expect(cell(page, "price")).to_contain_text(re.compile(r"\$0\.\d\d"))
    page.go_back()
    expect(page).to_have_url(re.compile(r"sort=-price$"))
    expect(page.locator('.ag-header-cell[col-id="price"]')).to_have_attribute("aria-sort", "descending")
    expect(cell(page, "price")).not_to_contain_text("$0.")
    page.go_forward()
    expect(cell(page, "price")).to_contain_text(re.compile(r"\$0\.\d\d"))


def test_a_shared_link_brings_the_same_filters_order_and_window(
    page: Page, site: str, database: Database, complaints: list[str]
) -> None:
    opened(page, f"{site}/items?q=ak-47&wear=Field-Tested,Well-Worn&price_min=1&sort=name&window=7d")
    wanted = database.rows(
        "SELECT market_hash_name FROM items i JOIN price_latest l ON l.item_id = i.id AND l.source = i.reference_source"
        " WHERE market_hash_name ILIKE '%%ak-47%%' AND wear IN ('Field-Tested', 'Well-Worn') AND l.price >= 100"
    )
    expect(total(page)).to_have_text(f"{len(wanted)} items")
    expect(page.locator("#items-search")).to_have_value("ak-47")
    expect(page.locator("#items-wear-button")).to_contain_text("2")
    expect(page.locator("#items-price-button")).to_contain_text("≥ $1")
    expect(page.locator("#items-window input:checked")).to_have_value("7d")
    shown = page.locator(NAMES)
    for at in range(shown.count()):
        expect(shown.nth(at)).to_contain_text("AK-47")
    assert not complaints


def test_what_is_typed_and_chosen_goes_to_the_address_and_clear_takes_it_back(
    page: Page, site: str, database: Database
) -> None:
    opened(page, f"{site}/items")
    page.keyboard.press("/")
    expect(page.locator("#items-search")).to_be_focused()
    page.keyboard.type("redline ak")
    page.keyboard.type(" nothing")
    expect(page).to_have_url(re.compile(r"\?q=redline\+ak\+nothing$"))
    expect(page.get_by_text("No item fits")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    expect(page).to_have_url(f"{site}/items")
    expect(total(page)).to_have_text(f"{count(database):,} items")
    page.locator("#items-wear-button").click()
    page.get_by_label(re.compile("^Factory New")).check()
    expect(page).to_have_url(re.compile(r"\?wear=Factory\+New$"))
    expect(total(page)).to_have_text(f"{count(database, where_wear('Factory New')):,} items")
    page.keyboard.press("Escape")
    page.go_back()
    expect(page).to_have_url(f"{site}/items")
    expect(total(page)).to_have_text(f"{count(database):,} items")


def where_wear(wear: str) -> str:
    return f"wear = '{wear}'"


def test_the_way_back_from_an_item_leads_to_the_same_rows(page: Page, site: str) -> None:
    opened(page, f"{site}/items?sort=-price&type=Knife")
    first = name(page).inner_text()
    name(page).click()
    expect(page.locator(".item-head h1")).to_have_text(first)
    page.go_back()
    expect(name(page)).to_have_text(first)
    expect(page).to_have_url(f"{site}/items?sort=-price&type=Knife")
    page.go_forward()
    expect(page.locator(".item-head h1")).to_have_text(first)


def test_a_published_price_shows_in_the_cell_and_moves_the_change(
    page: Page, site: str, cache: Redis, database: Database, complaints: list[str]
) -> None:
    opened(page, f"{site}/items?sort=-price")
    href = page.locator('.ag-pinned-left-cols-container [row-index="0"] a').get_attribute("href")
    item = int(str(href).rsplit("/", 1)[1])
    row = database.row("SELECT price FROM price_latest WHERE item_id = %s", [item])
    assert row
    expect(page.locator(".live-chip")).to_contain_text(re.compile(r"· \d+ s"))
    announced(page, cell(page, "price"), cache, item, row["price"] * 3, source="demo")
    expect(cell(page, "percent_change")).to_contain_text(re.compile(r"▲ \+\d{3}"))
    expect(cell(page, "at")).to_contain_text(re.compile(r"demo\d s"))
    assert not complaints


def test_keys_move_through_the_rows_and_open_one(page: Page, site: str) -> None:
    opened(page, f"{site}/items?sort=name")
    page.locator("#items-total").click()
    for key in ("j", "j", "ArrowDown", "j", "k"):
        page.keyboard.press(key)
    expect(page.locator(".ag-row-focus").first).to_have_attribute("row-index", "2")
    third = name(page, 2).inner_text()
    page.keyboard.press("Enter")
    expect(page.locator(".item-head h1")).to_have_text(third)


def test_a_click_anywhere_on_a_row_opens_its_item(page: Page, site: str, complaints: list[str]) -> None:
    opened(page, f"{site}/items?sort=name")
    second = name(page, 1).inner_text()
    cell(page, "turnover", 1).click(position={"x": 6, "y": 10})
    expect(page.locator(".item-head h1")).to_have_text(second)
    page.go_back()
    expect(name(page, 1)).to_have_text(second)
    with page.context.expect_page() as waiting:
        cell(page, "volume", 1).click(modifiers=["Control"], position={"x": 6, "y": 10})
    expect(waiting.value.locator(".item-head h1")).to_have_text(second)
    expect(name(page, 1)).to_have_text(second)
    assert not complaints


def test_the_way_back_leads_to_the_row_that_one_left(page: Page, site: str, complaints: list[str]) -> None:
    opened(page, f"{site}/items?sort=name")
    page.evaluate("() => window.dash_ag_grid.getApi('items-grid').ensureIndexVisible(300, 'top')")
    expect(name(page, 305)).to_be_visible()
    wanted = name(page, 305).inner_text()
    cell(page, "turnover", 304).click()
    expect(page.locator(".item-head h1")).to_be_visible()
    page.go_back()
    expect(name(page, 305)).to_have_text(wanted)
    expect(page.locator(".ag-row-focus").first).to_have_attribute("row-index", "304")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator(".item-head h1")).to_have_text(wanted)
    page.reload()
    expect(page.locator(".item-head h1")).to_have_text(wanted)
    page.go_back()
    expect(page.locator(".ag-row-focus").first).to_have_attribute("row-index", "305")
    assert not complaints


def test_scrolling_asks_for_more_rows(page: Page, site: str, database: Database) -> None:
    opened(page, f"{site}/items?sort=name")
    rows = database.rows("SELECT market_hash_name AS name FROM items")
    last = max(
        (row["name"] for row in rows),
        key=lambda text: text.casefold().replace("™", "").replace("★", "").replace("|", " "),
    )
    page.evaluate("n => window.dash_ag_grid.getApi('items-grid').ensureIndexVisible(n)", len(rows) - 1)
    expect(page.locator(f'.ag-pinned-left-cols-container [row-index="{len(rows) - 1}"] a')).to_contain_text(
        last.split(" (")[0]
    )


def test_columns_are_chosen_and_remembered(page: Page, site: str) -> None:
    opened(page, f"{site}/items")
    expect(page.locator('.ag-header-cell[col-id="sharpe"]')).to_have_count(0)
    page.get_by_role("button", name="Columns").click()
    page.get_by_label("Sharpe").check()
    page.get_by_label("Turnover").uncheck()
    expect(page.locator('.ag-header-cell[col-id="sharpe"]')).to_have_count(1)
    expect(page.locator('.ag-header-cell[col-id="turnover"]')).to_have_count(0)
    page.reload()
    expect(page.locator('.ag-header-cell[col-id="sharpe"]')).to_have_count(1)
    expect(page.locator('.ag-header-cell[col-id="turnover"]')).to_have_count(0)


def test_csv_holds_all_that_fits_and_copy_what_is_loaded(
    page: Page, site: str, database: Database, complaints: list[str]
) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened(page, f"{site}/items?type=Rifle&sort=name")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="CSV").click()
    assert re.fullmatch(r"items-\d{8}-\d{6}Z\.csv", waiting.value.suggested_filename)
    rows = list(csv.DictReader(io.StringIO(Path(waiting.value.path()).read_text(encoding="utf-8-sig"))))
    wanted = database.rows("SELECT i.id, i.market_hash_name AS name FROM items i WHERE weapon_type = 'Rifle'")
    assert sorted(row["Item"] for row in rows) == sorted(row["name"] for row in wanted)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", row["Quoted at (UTC)"]) for row in rows)
    page.get_by_role("button", name="Copy").click()
    expect(page.locator("#items-copied")).to_contain_text("rows copied")
    copied = page.evaluate("() => navigator.clipboard.readText()").split("\n")
    assert [line.split("\t")[0] for line in copied] == ["Item", *(row["Item"] for row in rows[: len(copied) - 1])]
    assert not complaints


def test_copy_and_csv_give_what_is_shown_in_units_with_names(page: Page, own: Own, complaints: list[str]) -> None:
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    own.keep(
        *(quote(name, price, at, volume=7) for name, price in (("Case A", 1_250), ("Case B", 5), ("Case C", 99_999)))
    )
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened(page, f"{own.url}/items?sort=-price&window=7d")
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("checkbox", name="Sales 24 h").check()
    for column in ("Trend", "24 h", "Change"):
        page.get_by_role("checkbox", name=column, exact=True).uncheck()
    page.keyboard.press("Escape")
    expect(page.locator('.ag-header-cell[col-id="percent_change"]')).to_have_count(0)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="CSV").click()
    text = Path(waiting.value.path()).read_text(encoding="utf-8-sig")
    page.get_by_role("button", name="Copy").click()
    expect(page.locator("#items-copied")).to_contain_text("3 rows copied")
    copied = [line.split("\t") for line in page.evaluate("() => navigator.clipboard.readText()").split("\n")]
    filed = list(csv.reader(io.StringIO(text)))
    heads = [
        "Item",
        "Price",
        "Currency",
        "Volatility 7d (% a day)",
        "Sales 24 h",
        "Turnover 24 h",
        "Source",
        "Quoted at (UTC)",
    ]
    assert (copied[0], filed[0]) == (heads, heads)
    for lines in (copied, filed):
        names = [(line[0], float(line[1]), *line[2:4], *line[6:]) for line in lines[1:]]
        when = "2026-03-01T12:00:00Z"
        assert names == [
            ("Case C", 999.99, "USD", "", "steam", when),
            ("Case A", 12.5, "USD", "", "steam", when),
            ("Case B", 0.05, "USD", "", "steam", when),
        ]
    assert not complaints


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_rows_are_cards_of_two_lines(page: Page, site: str, scheme: Any, complaints: list[str]) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{site}/items")
    card = page.locator('[row-index="0"] .items-card').first
    expect(card.locator(".items-line")).to_have_count(2)
    expect(card).to_contain_text(re.compile(r"\$.*%", re.DOTALL))
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    box, edge = card.bounding_box(), page.locator('[row-index="0"] [data-watch]').bounding_box()
    assert box
    assert edge
    assert edge["x"] + edge["width"] > 360, "the star stands at the right edge"
    assert 0 <= edge["x"] - box["x"] - box["width"] < 24, "the figures stand beside it"
    page.locator(".items-sort input").click()
    page.get_by_role("option", name="Cheapest").click()
    expect(page).to_have_url(re.compile("sort=price$"))
    expect(card).to_contain_text("$0.")
    card.click()
    expect(page.locator(".item-head h1")).to_be_visible()
    assert not complaints


@pytest.mark.parametrize(
    "query", ["sort=nonsense", "window=1m", "price_min=NaN&change_max=inf", "type=,,&wear=Unheard"]
)
def test_an_address_that_makes_no_sense_is_read_as_far_as_it_does(
    page: Page, site: str, query: str, complaints: list[str]
) -> None:
    page.goto(f"{site}/items?{query}")
    if "Unheard" in query:
        expect(page.get_by_text("No item fits")).to_be_visible()
    else:
        expect(cell(page, "price")).to_contain_text("$")
    assert not complaints


def test_items_without_an_image_have_their_kinds_silhouette(page: Page, site: str, database: Database) -> None:
    page.goto(f"{site}/items?q=karambit")
    shown = page.locator(".items-picture .silhouette")
    expect(shown.first).to_be_visible()
    name = page.locator(NAMES).first.get_attribute("title") or ""
    item = database.row("SELECT weapon_type, weapon FROM items WHERE market_hash_name = %s", (name,))
    assert item
    assert set(str(silhouette(item).className).split()) <= set((shown.first.get_attribute("class") or "").split())  # type: ignore[attr-defined]
    mask, colour, words = shown.first.evaluate(
        "(one) => [getComputedStyle(one).maskImage, getComputedStyle(one).backgroundColor,"
        " getComputedStyle(one.parentElement).color]"
    )
    assert mask.startswith('url("data:image/svg+xml')
    assert colour != words
