"""The market page: its figures, its live lists, its treemap, and what it says when there is nothing to show."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect
from redis import Redis

from jobs import measures
from tests.browser.support import DESKTOP, PHONE, Own, announced, asked, complete, opened, publish, quote, until
from tests.conftest import Site

pytestmark = pytest.mark.slow

RISING = "#market-up .item-row"
SHOWN = ".item-row:not([hidden])"
FIELDS = """() => [...document.querySelectorAll('.map-field:not([hidden])')].map((field) => {
    const { left, top, width, height } = field.getBoundingClientRect();
    return [left, top, width, height, Number(field.dataset.weight)]; })"""
CUT = """() => [...document.querySelectorAll('.map-field:not([hidden])')].filter((field) => {
    const box = field.getBoundingClientRect();
    return [...field.children].some((part) => { const inner = part.getBoundingClientRect();
      return inner.width && (inner.right > box.right + 1 || inner.bottom > box.bottom + 1); });
  }).map((field) => `${field.dataset.words} ${field.offsetWidth}x${field.offsetHeight} ${field.innerText}`)"""
NAMES = ("AK-47 | Redline (Field-Tested)", "AWP | Asiimov (Battle-Scarred)", "Glove Case")


@pytest.fixture
def cache(live_site: Site) -> Iterator[Redis]:
    with Redis.from_url(live_site.endpoints().redis_url) as client:
        yield client


def trade(own: Own) -> None:
    """Two days of hourly quotes: the first item rises, the second falls, the third swings."""
    now = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
    own.keep(
        *(
            quote(name, 5000 + at * 1000 + step * (48 - hour) + (hour % 2) * 40, now - timedelta(hours=hour))
            for at, (name, step) in enumerate(zip(NAMES, (9, -9, 0), strict=True))
            for hour in reversed(range(48))
        )
    )
    held = own.runtime.services
    measures.run(held.database, held.redis, now)


def item_id(own: Own, name: str) -> int:
    row = own.runtime.services.database.row("SELECT id FROM items WHERE market_hash_name = %s", (name,))
    assert row is not None
    return int(row["id"])


def test_the_lists_hold_what_they_say(page: Page, site: str, complaints: list[str]) -> None:
    opened(page, site, "/")
    for name, sign in (("market-up", "▲ +"), ("market-down", "▼ \u2212")):
        rows = page.locator(f"#{name} .item-row")
        expect(rows).to_have_count(10)
        figures = page.locator(f"#{name} {SHOWN} .row-figure").all_inner_texts()
        assert figures
        assert [figure for figure in figures if not figure.startswith(sign)] == []
    swings = [float(text.split()[0]) for text in page.locator("#market-volatile .row-figure").all_inner_texts()]
    assert swings == sorted(swings, reverse=True)
    assert swings[-1] > 0


def test_a_list_stays_in_order_while_prices_move(page: Page, site: str, complaints: list[str], cache: Redis) -> None:
    opened(page, site, "/")
    last = page.locator(RISING).last.locator("[data-live-field=price]")
    item = int(str(last.get_attribute("data-live-item")))
    link = page.locator(f"#market-up .item-row[href='/item/{item}']")
    announced(page, link.locator("[data-live-field=price]"), cache, item, 98_765_43, source="demo")
    expect(page.locator(RISING).first).to_have_attribute("href", f"/item/{item}")
    page.locator(RISING).nth(1).hover()
    announced(page, link.locator("[data-live-field=price]"), cache, item, 1, source="demo")
    page.wait_for_timeout(1_500)
    expect(page.locator(RISING).first).to_have_attribute("href", f"/item/{item}")  # nothing moves under the pointer
    page.mouse.move(1, 1)
    publish(cache, item, 1, source="demo")
    expect(link).to_be_hidden()


def test_the_tiles_agree_with_one_another(page: Page, site: str, complaints: list[str]) -> None:
    opened(page, site, "/")
    tiles = page.locator("#market-tiles .tile")
    expect(tiles).to_have_count(4)
    expect(tiles.nth(0)).to_have_text(
        re.compile(r"Market, 24 h.*[▲▼] [+\u2212]\d+\.\d\d\s%.*\$.*traded a day", re.DOTALL)
    )
    expect(tiles.nth(2).locator(".tile-value")).to_contain_text(
        page.locator("#market-volatile .row-figure").first.inner_text()
    )
    tiles.nth(0).get_by_role("button", name="About the index").focus()
    expect(page.get_by_role("tooltip")).to_contain_text("basket")


def test_a_published_price_moves_the_number_without_a_reload(
    page: Page, site: str, complaints: list[str], cache: Redis
) -> None:
    opened(page, site, "/")
    loaded = asked(page)
    row = page.locator(RISING).first
    price = row.locator("[data-live-field=price]")
    item = int(str(price.get_attribute("data-live-item")))
    link = page.locator(f"{RISING}[href='/item/{item}']")
    announced(page, link.locator("[data-live-field=price]"), cache, item, 98_765_43, source="demo")
    expect(link.locator("[data-live-field=change]")).to_have_text(re.compile(r"^▲ \+\d+\.\d\s%$"))
    assert page.evaluate(CUT) == []  # a field of the treemap shows the longer change only where it fits
    announced(page, link.locator("[data-live-field=price]"), cache, item, 1, source="demo")
    expect(link.locator("[data-live-field=change]")).to_have_text(re.compile(r"^▼ \u2212\d+\.\d\s%$"))
    assert loaded == []


def test_the_address_holds_window_and_size(page: Page, site: str, complaints: list[str]) -> None:
    opened(page, site, "/")
    page.get_by_role("radiogroup", name="Window").get_by_text("7d").click()
    expect(page).to_have_url(f"{site}/?window=7d")
    expect(page.locator("#market-tiles")).to_contain_text("Market, 7 days")
    page.get_by_role("radiogroup", name="Size of the fields").get_by_text("By volume").click()
    expect(page).to_have_url(f"{site}/?window=7d&size=volume")
    expect(page.locator(".behind thead th").last).to_have_text("Sold a day")
    page.go_back()
    expect(page).to_have_url(f"{site}/?window=7d")
    expect(page.get_by_role("radio", name="By value")).to_be_checked()
    page.go_back()
    expect(page.get_by_role("radio", name="24h")).to_be_checked()
    expect(page.locator("#market-tiles")).to_contain_text("Market, 24 h")
    page.go_forward()
    expect(page.locator("#market-tiles")).to_contain_text("Market, 7 days")
    page.reload()
    expect(page.get_by_role("radio", name="7d")).to_be_checked()
    expect(page.locator("#market-tiles")).to_contain_text("Market, 7 days")


def test_back_from_an_item_keeps_the_window(page: Page, site: str, complaints: list[str]) -> None:
    opened(page, site, "/?window=30d&size=volume")
    loaded = asked(page)
    page.locator(RISING).first.click()
    expect(page).to_have_url(re.compile(r"/item/\d+$"))
    complete(page, "/item/1")
    page.go_back()
    complete(page, "/")
    expect(page).to_have_url(f"{site}/?window=30d&size=volume")
    expect(page.get_by_role("radio", name="30d")).to_be_checked()
    expect(page.get_by_role("radio", name="By volume")).to_be_checked()
    assert loaded == []


def test_an_unknown_window_counts_as_the_default(page: Page, site: str, complaints: list[str]) -> None:
    opened(page, site, "/?window=century&size=mass")
    expect(page.get_by_role("radio", name="24h")).to_be_checked()
    expect(page.get_by_role("radio", name="By value")).to_be_checked()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_fields_of_the_treemap_tile_it_by_weight(
    page: Page, site: str, complaints: list[str], size: dict[str, int]
) -> None:
    page.set_viewport_size({"width": size["width"], "height": size["height"]})
    opened(page, site, "/")
    fields = page.evaluate(FIELDS)
    assert len(fields) > (100 if size is DESKTOP else 40)
    for at, (left, top, width, height, _) in enumerate(fields):
        for other_left, other_top, other_width, other_height, _ in fields[at + 1 :]:
            across = min(left + width, other_left + other_width) - max(left, other_left)
            down = min(top + height, other_top + other_height) - max(top, other_top)
            assert min(across, down) < 0.5
    # In one type, area stands for weight; each field gives a pixel to the gap.
    areas = page.evaluate("""() => [...document.querySelectorAll('.map-kind:not([hidden])')].map((kind) =>
        [...kind.querySelectorAll('.map-field:not([hidden])')].map((field) =>
          (field.offsetWidth + 1) * (field.offsetHeight + 1) / field.dataset.weight))""")
    largest = max(areas, key=len)
    assert max(largest) / min(largest) < 1.35
    assert page.evaluate(CUT) == []


def test_the_treemap_leads_to_items_and_types(page: Page, site: str, complaints: list[str]) -> None:
    page.set_viewport_size(DESKTOP)
    opened(page, site, "/")
    loaded = asked(page)
    field = page.locator(".map-field").first
    field.hover()
    expect(page.locator(".map-tip")).to_contain_text("sold a day, demo")
    href = field.get_attribute("href")
    field.click()
    expect(page).to_have_url(f"{site}{href}")
    expect(page.locator(".map-tip")).to_be_hidden()
    page.go_back()
    complete(page, "/")
    page.locator(".map-head").get_by_text("Rifle", exact=True).click()
    complete(page, "/items")
    expect(page).to_have_url(f"{site}/items?type=Rifle")
    assert loaded == []


def test_the_treemap_follows_the_width(page: Page, site: str, complaints: list[str]) -> None:
    page.set_viewport_size(DESKTOP)
    opened(page, site, "/")
    page.set_viewport_size({"width": 800, "height": 900})
    frame = "document.querySelector('.map').getBoundingClientRect().right"
    edge = (
        "Math.max(...[...document.querySelectorAll('.map-field')].map((field) => field.getBoundingClientRect().right))"
    )
    until(page, lambda: abs(page.evaluate(frame) - page.evaluate(edge)) < 3, "the fields stay where they were")


def test_a_table_stands_behind_the_treemap(page: Page, site: str, complaints: list[str]) -> None:
    opened(page, site, "/")
    page.get_by_text("The 50 largest as a table").focus()
    page.keyboard.press("Enter")
    rows = page.locator(".plain-table tbody tr")
    expect(rows).to_have_count(50)
    rows.first.get_by_role("link").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/item/\d+$"))


def test_an_empty_instance_says_what_would_be_here_and_a_small_market_is_shown_as_it_is(
    page: Page, own: Own, complaints: list[str]
) -> None:
    page.goto(own.url)
    expect(page.get_by_text("Not enough prices yet")).to_have_count(4)
    expect(page.locator("#market-tiles .unknown").first).to_have_attribute("title", re.compile("needs measures"))
    expect(page.locator("[data-live-chip]")).to_have_text(re.compile("^Live"))
    trade(own)
    # By itself, and well before the clock of half a minute.
    expect(page.locator("#market-up .item-row")).to_have_count(1)
    expect(page.locator("#market-up .item-row")).to_contain_text("AK-47 | Redline")
    expect(page.locator("#market-down .item-row")).to_have_count(1)
    expect(page.locator(".map-field")).to_have_count(3)
    redline = item_id(own, NAMES[0])
    price = page.locator(f"#market-up [data-live-item='{redline}'][data-live-field=price]")
    expect(price).to_have_text(re.compile(r"^\$\d+\.\d\d$"))
    # A source's quotes move only what that source said.
    announced(page, price, own.runtime.services.redis, redline, 123_456, source="steam")
    own.publish(redline, 4242, source="skinport")
    page.wait_for_timeout(300)
    expect(price).to_have_text("$1,234.56")


def test_the_screener_fills_by_itself_once_measures_are_there(page: Page, own: Own, complaints: list[str]) -> None:
    own.keep(quote(NAMES[0], 1200, datetime.now(UTC) - timedelta(minutes=1)))
    page.goto(f"{own.url}/items")
    change = page.locator('.ag-center-cols-container [row-index="0"] [col-id="percent_change"]')
    expect(change).to_have_text("\u2013")
    trade(own)
    expect(change).to_have_text(re.compile(r"\d\s%$"))


def test_an_items_measures_come_by_themselves(page: Page, own: Own, complaints: list[str]) -> None:
    own.keep(quote(NAMES[0], 1200, datetime.now(UTC) - timedelta(minutes=1)))
    page.goto(f"{own.url}/item/{item_id(own, NAMES[0])}")
    expect(page.locator("#item-measures")).to_contain_text("Measures follow within a minute")
    trade(own)
    expect(page.locator("#item-measures .metric-value")).to_have_count(8)


@pytest.mark.own_window  # a clock stays
def test_old_prices_are_marked(page: Page, own: Own, complaints: list[str]) -> None:
    trade(own)
    page.clock.install()
    page.goto(own.url)
    price = page.locator("#market-up [data-live-field=price]")
    expect(price).to_be_visible()
    assert "stale" not in str(price.get_attribute("class"))
    page.clock.fast_forward("30:00")
    expect(price).to_have_class(re.compile("stale"))
    expect(price).to_have_attribute("title", re.compile(r"^steam · 3\d min ago"))
    expect(page.locator("[data-live-chip]")).to_have_text(re.compile(r"^Stale · 3\d min$"))


def test_without_the_database_the_page_says_so_and_retries(page: Page, own: Own, complaints: list[str]) -> None:
    trade(own)
    with own.without_database():
        page.goto(own.url)
        expect(page.get_by_role("alert").first).to_contain_text("The database does not answer")
        expect(page.locator("#market-strip")).to_contain_text("The database does not answer")
        retry = page.get_by_role("button", name="Try again")
        expect(retry).to_be_visible()
    retry.click()
    expect(page.locator("#market-up .item-row")).to_have_count(1)
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator("#market-tiles")).to_contain_text("Market, 24 h")
