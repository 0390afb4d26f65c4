"""Watching an item from its page, seeing it move on the watchlist, and taking it off; signed out, the way in."""

import pytest
import redis
from playwright.sync_api import Page, expect

from tests.browser.support import PHONE, announced, grave, pictures
from tests.conftest import Site

pytestmark = pytest.mark.slow


def signed_in(page: Page, live_site: Site) -> Page:
    page.goto(f"{live_site.url}/sign-in")
    page.get_by_role("button", name="Sign in as the local owner").click()
    page.wait_for_url(f"{live_site.url}/account")
    return page


def star(page: Page) -> None:
    """Press Watch on the item's page and wait for the answer."""
    button = page.locator(".item-top .watch-button")
    pressed = button.get_attribute("aria-pressed")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false" if pressed == "true" else "true")


def test_an_item_is_watched_seen_live_and_taken_off(page: Page, live_site: Site, complaints: list[str]) -> None:
    signed_in(page, live_site)
    page.goto(f"{live_site.url}/watchlist")
    expect(page.get_by_text("Nothing on your watchlist yet")).to_be_visible()
    page.get_by_role("link", name="Find items").click()
    page.wait_for_url(f"{live_site.url}/items**")
    for item in (1, 2, 3):
        page.goto(f"{live_site.url}/item/{item}")
        expect(page.locator("#item-head h1")).to_be_visible()
        star(page)
    star(page)
    star(page)
    page.reload()
    expect(page.locator(".item-top .watch-button")).to_have_attribute("aria-pressed", "true")
    page.goto(f"{live_site.url}/watchlist")
    rows = page.locator(".watch-table tbody tr")
    expect(rows).to_have_count(3)
    item = int((rows.first.get_by_role("link").get_attribute("href") or "").rpartition("/")[2])
    with redis.Redis.from_url(live_site.endpoints().redis_url) as client:
        announced(page, rows.first.locator(".watch-price"), client, item, 1_234_567, source="demo")
    assert grave(page) == []
    rows.nth(1).get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(rows).to_have_count(2)
    page.reload()
    expect(rows).to_have_count(2)


def test_signed_out_there_is_a_way_in_and_back(page: Page, live_site: Site, complaints: list[str]) -> None:
    page.goto(f"{live_site.url}/item/4")
    page.locator(".item-top").get_by_role("link", name="Watch").click()
    page.wait_for_url(f"{live_site.url}/sign-in?next=/item/4")
    page.goto(f"{live_site.url}/watchlist")
    page.locator("#content").get_by_role("link", name="Sign in").click()
    page.wait_for_url(f"{live_site.url}/sign-in?next=/watchlist")
    page.get_by_role("button", name="Sign in as the local owner").click()
    page.wait_for_url(f"{live_site.url}/watchlist")
    expect(page.get_by_role("heading", name="Watchlist")).to_be_visible()


def test_a_session_that_ended_elsewhere_is_told(page: Page, live_site: Site) -> None:
    signed_in(page, live_site)
    page.goto(f"{live_site.url}/item/5")
    expect(page.locator("#item-head h1")).to_be_visible()
    page.context.clear_cookies(name="tracera_session")
    page.locator(".item-top .watch-button").click()
    expect(page.get_by_text("sign in first")).to_be_visible()


def test_looks(page: Page, live_site: Site) -> None:
    page.goto(f"{live_site.url}/watchlist")
    expect(page.get_by_text("You are not signed in")).to_be_visible()
    pictures(page, "watchlist-out")
    signed_in(page, live_site)
    for item in (7, 8, 9):
        page.goto(f"{live_site.url}/item/{item}")
        button = page.locator(".item-top .watch-button")
        if button.get_attribute("aria-pressed") == "false":
            star(page)
    expect(page.locator("#price-chart-state")).to_be_hidden()
    pictures(page, "watch-item")
    page.goto(f"{live_site.url}/watchlist")
    expect(page.locator(".watch-table tbody tr").nth(2)).to_be_visible()
    pictures(page, "watchlist")
    corner = page.locator("#account").bounding_box()
    assert corner
    assert corner["x"] + corner["width"] <= PHONE["width"]
