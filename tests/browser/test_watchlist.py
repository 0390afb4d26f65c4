"""Watchlists with notes and targets, and screens; a visitor's are in the browser and go along at sign-in."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from pytest_httpserver import HTTPServer
from redis import Redis

from db.core.pool import Database
from jobs import alerts
from tests.browser.support import PHONE, forget, grave, pictures, publish, until
from tests.conftest import start_site, stop_site, wait_for
from tests.portfolio.shop import Shop

pytestmark = pytest.mark.slow

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAMES = {"Case A": 1_250, "Case B": 5, "Case C": 99_999}


@dataclass(slots=True)
class Stand:
    """A running instance that collects nothing, with three items; what reaches it, and the cookies of its local owner."""

    url: str
    database: Database
    redis: Redis
    cookies: list[Any]

    def identity(self, name: str) -> int:
        row = self.database.row("SELECT id FROM items WHERE market_hash_name = %s", [name])
        assert row
        return int(row["id"])


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Stand]:
    """`tracera serve` with servers of its own, since only then there is a local owner."""
    site = start_site(
        tmp_path_factory.mktemp("stand") / "data",
        TRACERA_PROVIDERS="steam",
        TRACERA_SCHEDULER="false",
        TRACERA_LIMIT_SIGN_IN="0",
        TRACERA_WEBHOOK_HOSTS="localhost",
    )
    try:
        wait_for(lambda: site.get("/api/v1/items?limit=1")[0] == 200, 120, f"no answer; see {site.log}")
        database = Database(site.endpoints().database_url, size=2)
        shop = Shop(database)
        for name, price in NAMES.items():
            shop.price(shop.item(name), price, at=AT)
        page = browser.new_page()
        sign_in(page, site.url)
        with Redis.from_url(site.endpoints().redis_url) as client:
            yield Stand(site.url, database, client, list(page.context.cookies()))
        database.close()
        page.context.close()
    finally:
        stop_site(site)


@pytest.fixture
def stand(opened: Stand) -> Stand:
    """Nobody watches anything, and no screen or alert is kept."""
    forget(
        opened.database,
        "watchlists",
        "user_watchlist",
        "user_screens",
        "alert_rules",
        "alert_events",
        "alert_webhooks",
        "alert_deliveries",
    )
    return opened


def sign_in(page: Page, url: str) -> None:
    page.goto(f"{url}/sign-in")
    page.get_by_role("button", name="Sign in as the local owner").click()
    page.wait_for_url(f"{url}/account")


def star(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=f"Watch {name}", exact=True)


def titles(page: Page) -> Locator:
    return page.locator("#watchlist-grid .items-title")


def cell(page: Page, name: str, column: str) -> Locator:
    row = page.locator(".ag-pinned-left-cols-container .ag-row", has_text=name)
    return page.locator(
        f'#watchlist-grid .ag-center-cols-container [row-id="{row.get_attribute("row-id")}"] [col-id="{column}"]'
    )


def tab(page: Page, name: str) -> Locator:
    return page.get_by_role("navigation", name="Watchlists").get_by_role("link", name=name)


def named(page: Page, button: str, name: str) -> None:
    page.get_by_role("button", name=button).click()
    page.get_by_label("Name", exact=True).fill(name)
    page.keyboard.press("Enter")
    expect(page.locator("dialog")).to_have_count(0)


def edit(page: Page, name: str, *, target: str, note: str) -> None:
    page.get_by_role("button", name=f"Note, target and lists of {name}").click()
    page.get_by_label(re.compile("Target price")).fill(target)
    page.get_by_label("Note", exact=True).fill(note)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("dialog")).to_have_count(0)


@pytest.mark.parametrize("signed_in", [False, True], ids=["visitor", "user"])
def test_items_are_starred_noted_and_filed(page: Page, stand: Stand, complaints: list[str], *, signed_in: bool) -> None:
    if signed_in:
        page.context.add_cookies(stand.cookies)
    page.goto(f"{stand.url}/watchlist")
    expect(page.get_by_text("Nothing on this list yet")).to_be_visible()
    assert grave(page) == []
    page.get_by_role("link", name="Find items").click()
    page.wait_for_url(f"{stand.url}/items")
    expect(star(page, "Case B")).to_be_visible()
    star(page, "Case C").click()
    expect(star(page, "Case C")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("k")  # nothing was sold: they stand as they came
    page.keyboard.press("k")
    expect(page.locator(".ag-row-focus .items-title")).to_have_text("Case A")
    page.keyboard.press("w")
    expect(star(page, "Case A")).to_have_attribute("aria-pressed", "true")
    page.goto(f"{stand.url}/watchlist")
    expect(titles(page)).to_have_count(2)
    edit(page, "Case A", target="10,5", note="cheap\nenough")
    expect(cell(page, "Case A", "target_price")).to_have_text(re.compile("\\$10\\.50▼ \u221216\\.0\\s%"))
    page.reload()
    expect(cell(page, "Case A", "note")).to_have_text("cheap enough")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="CSV").click()
    filed = csv.DictReader(io.StringIO(Path(waiting.value.path()).read_text(encoding="utf-8-sig"), newline=""))
    (line,) = [row for row in filed if row["Item"] == "Case A"]
    assert {name: line[name] for name in ("Price", "Target", "Currency", "Note")} == {
        "Price": "12.5",
        "Target": "10.5",
        "Currency": "USD",
        "Note": "cheap\nenough",
    }
    assert grave(page) == []
    assert not complaints


def test_lists_have_tabs_and_names_in_the_address(page: Page, stand: Stand, complaints: list[str]) -> None:
    page.context.add_cookies(stand.cookies)
    page.goto(f"{stand.url}/watchlist")
    named(page, "New list", "Knives")
    expect(tab(page, "Knives")).to_have_attribute("aria-current", "page")
    page.keyboard.press("/")
    page.get_by_role("searchbox", name="Search items to add").fill("case")
    page.locator("[data-add]", has_text="Case B").click()
    expect(page.locator("[data-add]", has_text="Case B")).to_contain_text(re.compile("added|on the list"))
    page.keyboard.press("Escape")
    expect(titles(page)).to_have_text(["Case B"])
    address = page.url
    tab(page, "Watchlist").click()
    expect(page.get_by_text("Nothing on this list yet")).to_be_visible()
    page.go_back()
    expect(page).to_have_url(address)
    expect(titles(page)).to_have_text(["Case B"])
    named(page, "Edit list", "Blades")
    expect(tab(page, "Blades")).to_have_attribute("aria-current", "page")
    page.get_by_role("button", name="Note, target and lists of Case B").click()
    page.get_by_role("checkbox", name="Watchlist").check()
    page.get_by_role("button", name="Save").click()
    expect(tab(page, "Watchlist")).to_contain_text("1")
    page.get_by_role("button", name="Edit list").click()
    gone = page.get_by_role("button", name=re.compile("^Remove"))
    gone.click()
    expect(gone).to_contain_text("Remove it with 1")
    gone.click()
    expect(tab(page, "Blades")).to_have_count(0)
    expect(titles(page)).to_have_text(["Case B"])
    assert not complaints


def test_a_visitors_lists_go_along_at_sign_in(page: Page, stand: Stand, complaints: list[str]) -> None:
    sign_in(page, stand.url)
    page.goto(f"{stand.url}/items")
    star(page, "Case A").click()
    expect(star(page, "Case A")).to_have_attribute("aria-pressed", "true")
    page.goto(f"{stand.url}/watchlist")
    edit(page, "Case A", target="", note="from home")
    page.get_by_role("button", name=re.compile("Account of")).click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()
    page.goto(f"{stand.url}/item/{stand.identity('Case A')}")
    button = page.locator(".item-top .watch-button")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(button).to_have_attribute("aria-pressed", "true")
    page.goto(f"{stand.url}/watchlist")
    edit(page, "Case A", target="9", note="from work")
    named(page, "New list", "Knives")
    page.get_by_role("button", name="Add items").click()
    page.get_by_role("searchbox", name="Search items to add").fill("case b")
    page.locator("[data-add]").click()
    expect(page.locator("[data-add]")).to_contain_text(re.compile("added|on the list"))
    sign_in(page, stand.url)
    page.goto(f"{stand.url}/watchlist")
    expect(tab(page, "Knives")).to_contain_text("1")
    expect(cell(page, "Case A", "note")).to_have_text("from home from work")
    expect(cell(page, "Case A", "target_price")).to_contain_text("$9.00")
    assert page.evaluate("localStorage.getItem('tracera:watchlists')") is None
    assert not complaints


def test_a_price_moves_and_unknown_comes_last(page: Page, stand: Stand, complaints: list[str]) -> None:
    page.goto(f"{stand.url}/items")
    for name in NAMES:
        star(page, name).click()
        expect(star(page, name)).to_have_attribute("aria-pressed", "true")
    page.goto(f"{stand.url}/watchlist")
    expect(titles(page)).to_have_count(3)
    edit(page, "Case B", target="0.1", note="")
    edit(page, "Case C", target="10", note="")
    head = page.locator('.ag-header-cell[col-id="target_price"]')
    head.click()
    expect(titles(page)).to_have_text(["Case B", "Case C", "Case A"])
    head.click()
    expect(titles(page)).to_have_text(["Case C", "Case B", "Case A"])
    expect(page).to_have_url(re.compile("sort=target_price$"))
    place, item = cell(page, "Case A", "price"), stand.identity("Case A")

    def moved() -> bool:
        publish(stand.redis, item, 777_700, source="steam")
        return place.inner_text() == "$7,777.00"

    until(page, moved, "the price does not show")
    assert not complaints


def test_a_session_that_ended_elsewhere_is_told(page: Page, stand: Stand) -> None:
    page.context.add_cookies(stand.cookies)
    page.goto(f"{stand.url}/item/{stand.identity('Case A')}")
    expect(page.locator("#item-head h1")).to_be_visible()
    page.context.clear_cookies(name="tracera_session")
    page.locator(".item-top .watch-button").click()
    expect(page.get_by_text("sign in first")).to_be_visible()


def test_looks(page: Page, stand: Stand) -> None:
    page.goto(f"{stand.url}/items")
    for name in NAMES:
        star(page, name).click()
        expect(star(page, name)).to_have_attribute("aria-pressed", "true")
    page.goto(f"{stand.url}/watchlist")
    expect(titles(page)).to_have_count(3)
    edit(page, "Case A", target="10.5", note="cheap")
    pictures(page, "watchlist")
    page.set_viewport_size(PHONE)
    expect(page.locator(".items-card").first).to_be_visible()
    page.locator("#watchlist-grid .items-card", has_text="Case A").click()
    expect(page.locator("#item-head h1")).to_have_text("Case A")


def test_a_screen_is_kept_shown_again_and_removed(page: Page, stand: Stand, complaints: list[str]) -> None:
    page.goto(f"{stand.url}/items?q=case&price_min=1&sort=name")
    expect(star(page, "Case C")).to_be_visible()
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("checkbox", name="Turnover").uncheck()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Save screen").click()
    page.get_by_label("Name", exact=True).fill("Cheap cases")
    page.keyboard.press("Enter")
    chip = page.locator(".screen-chip a", has_text="Cheap cases")
    expect(chip).to_have_attribute("aria-current", "true")
    expect(page).to_have_url(re.compile(r"[?&]columns=price,"))
    shared = page.url
    page.goto(f"{stand.url}/items")
    expect(page.locator("#items-total")).to_have_text("3 items")
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("checkbox", name="Turnover").check()
    page.keyboard.press("Escape")
    expect(page.locator('.ag-header-cell[col-id="turnover"]')).to_have_count(1)
    expect(chip).not_to_have_attribute("aria-current", "true")
    chip.click()
    expect(chip).to_have_attribute("aria-current", "true")
    expect(page.locator("#items-total")).to_have_text("2 items")
    expect(page.locator("#items-search")).to_have_value("case")
    expect(page.locator('.ag-header-cell[col-id="turnover"]')).to_have_count(0)
    expect(page.locator('.ag-header-cell[col-id="name"]')).to_have_attribute("aria-sort", "ascending")
    assert grave(page) == []
    # Signing in takes it along; another browser then has it, and a shared address needs none.
    page.context.add_cookies(stand.cookies)
    page.goto(f"{stand.url}/items")
    expect(chip).to_be_visible()
    until(page, lambda: page.evaluate("localStorage.getItem('tracera:screens')") is None, "the browser keeps it still")
    page.evaluate("localStorage.clear()")
    page.goto(shared)
    expect(chip).to_have_attribute("aria-current", "true")
    expect(page.locator('.ag-header-cell[col-id="turnover"]')).to_have_count(0)
    gone = page.locator(".screen-chip button")
    gone.click()
    expect(gone).to_have_text("Remove?")
    gone.click()
    expect(chip).to_have_count(0)
    page.reload()
    expect(page.locator("#items-total")).to_have_text("2 items")
    expect(chip).to_have_count(0)
    assert not complaints


def test_an_alert_is_made_fires_and_is_read(page: Page, stand: Stand, complaints: list[str]) -> None:
    """From the item's page to the bell: the dialog looks back, the job tells, the bell counts until its list was seen."""
    page.context.add_cookies(stand.cookies)
    stand.database.execute("UPDATE items SET reference_source = 'steam'")
    page.goto(f"{stand.url}/item/{stand.identity('Case A')}")
    page.get_by_role("button", name="Alert", exact=True).click()
    dialog = page.get_by_role("dialog", name="Alert on Case A")
    expect(dialog.get_by_role("status")).to_contain_text("of the last 90 days")
    dialog.get_by_label(re.compile("Threshold, USD")).fill("10")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    assert alerts.run(stand.database, AT).events == 1
    page.goto(f"{stand.url}/alerts")
    page.get_by_role("button", name="Alerts: 1 unread").click()
    expect(page.locator("#alerts-list")).to_contain_text("Case A is at $12.50, above $10.00")
    expect(page.get_by_role("button", name="Alerts", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name=re.compile("^Mute: the alert on Case A")).click()
    expect(page.get_by_role("row", name=re.compile("Case A"))).to_contain_text("muted")
    page.get_by_role("button", name=re.compile("^Edit the alert on Case A")).click()
    expect(page.get_by_label(re.compile("Threshold, USD"))).to_have_value("10.00")
    page.keyboard.press("Escape")
    assert grave(page) == []
    remove = page.get_by_role("button", name=re.compile("^Delete: the alert on Case A"))
    remove.click()
    remove.click()
    expect(page.get_by_text("No rules yet")).to_be_visible()
    assert complaints == []


def test_a_webhook_is_set_tested_and_deleted(
    page: Page, stand: Stand, httpserver: HTTPServer, complaints: list[str]
) -> None:
    """The secret is shown once; a test says how it ended and is listed; quiet hours are kept."""
    page.context.add_cookies(stand.cookies)
    httpserver.expect_request("/hook").respond_with_data("fine", status=200)
    page.goto(f"{stand.url}/alerts")
    page.get_by_label("Address, https").fill(httpserver.url_for("/hook"))
    page.get_by_role("button", name="Set webhook").click()
    box = page.get_by_role("dialog", name="The webhook's secret")
    expect(box).to_contain_text("whsec_")
    box.get_by_role("button", name="Close").click()
    expect(box).to_have_count(0)
    page.get_by_role("button", name="Send a test").click()
    sent = page.locator(".alert-sent")
    expect(sent).to_contain_text("Delivered", timeout=20_000)
    expect(sent).to_contain_text("It answered 200: fine")
    page.get_by_label("From").fill("23:00")
    page.get_by_role("button", name="Set quiet hours").click()
    expect(page.get_by_role("button", name="Remove quiet hours")).to_be_visible()
    expect(page.get_by_label("From")).to_have_value("23:00")
    assert grave(page) == []
    pictures(page, "alerts-delivery")
    remove = page.get_by_role("button", name="Delete webhook")
    remove.click()
    page.get_by_role("button", name="Really delete it?").click()
    expect(page.get_by_role("button", name="Set webhook")).to_be_visible()
    assert complaints == []
