"""The research page: a strategy is tried, its result found again, shared and deleted."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.support import PHONE, VIOLATIONS, grave, overflow, pictures, until, violations

pytestmark = pytest.mark.slow


@pytest.fixture
def owner(page: Page, site: str) -> Page:
    page.goto(f"{site}/sign-in")
    page.get_by_role("button", name="Sign in as the local owner").click()
    page.wait_for_url(f"{site}/account")
    return page


def choose(page: Page, words: str) -> None:
    """An item by words of its name, with the keyboard alone."""
    field = page.get_by_role("textbox", name="Items")
    field.focus()
    page.keyboard.type(words)
    expect(page.get_by_role("option").filter(visible=True).first).to_be_visible()
    page.wait_for_timeout(400)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")


def test_a_visitor_is_told_to_sign_in(page: Page, site: str, complaints: list[str]) -> None:
    page.goto(f"{site}/research")
    expect(page.get_by_text("You are not signed in")).to_be_visible()
    expect(page.get_by_role("link", name="Sign in").last).to_have_attribute("href", "/sign-in?next=/research")
    assert not complaints


def test_an_idea_is_tried_kept_shared_and_deleted(  # noqa: PLR0915  # one story
    owner: Page, site: str, browser: Browser, complaints: list[str]
) -> None:
    page = owner
    page.add_init_script(VIOLATIONS)
    page.goto(f"{site}/research")
    expect(page.get_by_text("Try an idea on what was")).to_be_visible()
    start = page.get_by_role("button", name="Run backtest")
    start.click()
    expect(page.locator("#research-said")).to_have_text("Choose at least one item.")
    choose(page, "redline ak")
    choose(page, "asiimov")
    page.get_by_label("Fast, bars").fill("2, three")
    start.click()
    expect(page.locator("#research-said")).to_contain_text("numbers separated by commas")
    page.get_by_label("Fast, bars").fill("2, 3")
    page.get_by_label("Slow, bars").fill("5, 8")
    start.click()
    expect(page.locator(".research-head .card-title")).to_have_text("Moving average cross")
    expect(page).to_have_url(re.compile(r"/research\?run=\d+$"))
    expect(page.locator(".research-run")).to_contain_text(
        re.compile(r"The best of 4\stries by Sharpe ratio: fast [23], slow [58]")
    )
    expect(page.locator(".research-run .card-title", has_text="Equity")).to_be_visible()
    expect(page.locator(".definitions")).to_contain_text("at the open of the item's next bar")
    page.get_by_text("Every try, the best first").click()
    expect(page.get_by_role("region", name="Every try, the best first").locator("tbody tr")).to_have_count(4)
    assert violations(page) == []

    page.reload()
    expect(page.locator(".research-head .card-title")).to_have_text("Moving average cross")
    page.get_by_role("button", name="Share").click()
    expect(page.locator("#research-link")).to_contain_text("/research/shared/")
    address = page.locator("#research-link").inner_text().split()[-1]
    with browser.new_context() as elsewhere:
        guest = elsewhere.new_page()
        reply = guest.goto(address)
        assert reply
        assert (reply.status, reply.headers["referrer-policy"]) == (200, "no-referrer")
        expect(guest.locator(".research-head .card-title")).to_have_text("Moving average cross")
        expect(guest.get_by_role("button", name="Delete")).to_have_count(0)
        page.get_by_role("button", name="End link").click()
        expect(page.get_by_role("button", name="Share", exact=True)).to_be_visible()
        ended = guest.goto(address)
        assert ended
        assert ended.status == 404
        expect(guest.get_by_text("This link shows nothing")).to_be_visible()

    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="dark")
    expect(page.locator(".plot[data-drawn]").first).to_be_attached()
    until(page, lambda: overflow(page) == 0, "a plot is wider than the window")
    assert grave(page) == []
    pictures(page, "research")
    delete = page.get_by_role("button", name="Delete")
    delete.click()
    page.get_by_role("button", name="Delete for good?").click()
    expect(page.get_by_text("No such backtest")).to_be_visible()
    assert not complaints


def test_the_fields_are_those_of_the_strategy(owner: Page, site: str) -> None:
    page = owner
    page.goto(f"{site}/research")
    expect(page.get_by_label("Fast, bars")).to_be_visible()
    page.get_by_role("textbox", name="Strategy").click()
    page.get_by_role("option", name="Bollinger reversion").click()
    expect(page.get_by_label("Width, deviations")).to_be_visible()
    expect(page.get_by_label("Fast, bars")).to_be_hidden()
