"""The frame around every page."""

import re

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.support import DESKTOP, PHONE, SCHEME, asked, complete, grave, opened, until
from tests.conftest import Site

NAMES = {"/": "Market", "/items": "Items", "/rankings": "Rankings", "/portfolio": "Portfolio", "/status": "Status"}
IN_BAR = 4  # of those above; the watchlist stands behind them
CHIP = "[data-live-chip]"
WORDS = "getComputedStyle(document.querySelector('#content h1')).color"


def test_links_change_the_page_without_loading_it_anew(page: Page, site: str, complaints: list[str]) -> None:
    page.set_viewport_size(DESKTOP)
    opened(page, site, "/")
    loaded = asked(page)
    side = page.locator("nav[aria-label='Pages']")
    for path, name in NAMES.items():
        side.get_by_role("link", name=name).click()
        complete(page, path)
        expect(page).to_have_url(site + path)
        expect(page).to_have_title(f"{name} · Tracera")
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        expect(side.locator("[aria-current=page]")).to_have_text(name)
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Portfolio")
    assert loaded == []


def test_a_page_opened_again_takes_its_files_from_the_browser(page: Page, site: str, complaints: list[str]) -> None:
    opened(page, site, "/status")
    other = opened(page.context.new_page(), site, "/rankings")
    files = """performance.getEntriesByType("resource").filter(({ name }) => /[/]assets[/]|_dash-component-suites/.test(name))"""
    until(other, lambda: other.evaluate(f"{files}.length") > 10, "the browser tells of no files")
    assert other.evaluate(f"{files}.filter((one) => one.transferSize).map((one) => one.name)") == []


def test_the_bottom_bar_of_a_phone_goes_everywhere(page: Page, site: str, complaints: list[str]) -> None:
    page.set_viewport_size(PHONE)
    opened(page, site, "/")
    bar = page.locator("nav[aria-label='Main pages']")
    expect(page.locator("nav[aria-label='Pages']")).not_to_be_in_viewport()
    for path, name in reversed(list(NAMES.items())[:IN_BAR]):
        link = bar.get_by_role("link", name=name)
        box = link.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44
        link.click()
        complete(page, path)
        expect(bar.locator("[aria-current=page]")).to_have_text(name)


def test_the_burger_shows_all_pages_and_closes_behind_one(page: Page, site: str, complaints: list[str]) -> None:
    page.set_viewport_size(PHONE)
    opened(page, site, "/")
    page.get_by_role("button", name="All pages").click()
    link = page.locator("nav[aria-label='Pages']").get_by_role("link", name="Status")
    expect(link).to_be_in_viewport()
    link.click()
    complete(page, "/status")
    expect(link).not_to_be_in_viewport()


@pytest.mark.parametrize("words", ["karambit doppler", "doppler karambit"])
def test_search_finds_words_in_any_order_by_keyboard(page: Page, site: str, complaints: list[str], words: str) -> None:
    opened(page, site, "/status")
    loaded = asked(page)
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Search items")
    expect(field).to_be_focused()
    page.keyboard.type(words)
    options = page.get_by_role("option")
    expect(options.first).to_contain_text("Karambit | Doppler")
    # Now the answer is that to all that was typed.
    expect(options.filter(has_not_text="Karambit | Doppler")).to_have_count(0)
    expect(options.first).to_contain_text("$")
    expect(options.first.locator(".option-figures")).to_have_text(re.compile(r"\$.*%"))
    page.keyboard.press("ArrowDown")
    second = options.nth(1)
    expect(second).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", str(second.get_attribute("id")))
    page.keyboard.press("ArrowUp")
    chosen = options.first.get_attribute("data-href")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site}{chosen}")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Karambit | Doppler")
    expect(field).to_be_hidden()
    assert loaded == []


def test_a_choice_stays_when_an_answer_comes_late(page: Page, site: str, complaints: list[str]) -> None:
    opened(page, site, "/status")
    page.keyboard.press("Control+k")
    page.keyboard.type("karambi")
    options = page.get_by_role("option")
    expect(options.nth(2)).to_contain_text("Karambit")
    held: list[Route] = []

    def hold(route: Route) -> None:
        if "search-body" in (route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    page.route("**/_dash-update-component*", hold)
    page.keyboard.type("t")
    until(page, lambda: held, "nothing is asked")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(options.nth(2)).to_have_attribute("aria-selected", "true")
    drawn, chosen = options.nth(2).element_handle(), options.nth(2).get_attribute("data-href")
    held[0].continue_()
    until(page, lambda: not drawn.evaluate("(option) => option.isConnected"), "the answer is not drawn")
    expect(page.get_by_role("option", selected=True)).to_have_count(1)
    expect(page.get_by_role("option", selected=True)).to_have_attribute("data-href", str(chosen))


def test_search_shows_whole_names_on_a_phone(page: Page, site: str, complaints: list[str]) -> None:
    page.set_viewport_size(PHONE)
    opened(page, site, "/status")
    page.get_by_role("button", name="Search items").click()
    page.keyboard.type("stattrak m4a1s")
    names = page.get_by_role("option").locator(".item-base")
    expect(names.first).to_contain_text("StatTrak")
    expect(names.filter(has_not_text="M4A1-S")).to_have_count(0)
    cut = names.evaluate_all(
        "names => names.filter(one => one.scrollWidth > one.clientWidth).map(one => one.textContent)"
    )
    assert cut == []
    assert grave(page) == []
    for _ in range(9):
        page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option", selected=True)).to_be_in_viewport(ratio=0.95)


def test_search_opened_again_has_its_old_text_selected(page: Page, site: str, complaints: list[str]) -> None:
    opened(page, site, "/status")
    field = page.get_by_role("combobox", name="Search items")
    page.keyboard.press("Control+k")
    expect(field).to_be_focused()
    page.keyboard.type("karambit")
    expect(page.get_by_role("option").first).to_contain_text("Karambit")
    page.keyboard.press("Escape")
    expect(field).to_be_hidden()
    page.keyboard.press("Control+k")
    page.keyboard.type("fn vulcan")  # at once: the first letters come before the field
    expect(field).to_have_value("fn vulcan")
    options = page.get_by_role("option")
    expect(options.filter(has_not_text="Vulcan")).to_have_count(0)
    expect(options.first).to_contain_text("Vulcan")
    expect(options.filter(has_not_text="FN")).to_have_count(0)
    page.keyboard.press("Control+k")
    page.keyboard.type("safari")
    expect(field).to_have_value("safari")


def test_search_finds_pages_and_actions(page: Page, site: str, complaints: list[str]) -> None:
    opened(page, site, "/status")
    page.keyboard.press("Control+k")
    page.keyboard.type("rank")
    first = page.get_by_role("option", selected=True)
    expect(first).to_have_text(re.compile("Rankings.*Page"))
    page.keyboard.press("Enter")
    complete(page, "/rankings")
    before = page.evaluate(SCHEME)
    page.keyboard.press("Control+k")
    page.keyboard.type("dark")
    expect(first).to_contain_text("Light or dark colours")
    page.keyboard.press("Enter")
    until(page, lambda: page.evaluate(SCHEME) != before, "the colours stay")
    page.keyboard.press("Control+k")
    page.keyboard.type("sign")
    expect(first).to_contain_text("Sign in")
    assert grave(page, ".search-dialog") == []
    page.keyboard.press("Escape")


def test_a_question_mark_lists_the_keys(page: Page, site: str, complaints: list[str]) -> None:
    opened(page, site, "/status")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard")
    expect(dialog).to_contain_text("Search items, pages and actions")
    assert grave(page, ".keys-dialog") == []
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.keyboard.press("Control+k")
    page.keyboard.type("keyb")
    expect(page.get_by_role("option", selected=True)).to_contain_text("Keyboard")
    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()


def test_search_says_when_nothing_is_found(page: Page, site: str, complaints: list[str]) -> None:
    opened(page, site, "/status")
    page.get_by_role("button", name="Search items").click()
    page.keyboard.type("no such thing")  # at once: what is typed before the dialog has come is kept for it
    expect(page.get_by_role("combobox", name="Search items")).to_have_value("no such thing")
    expect(page.get_by_text("Nothing found")).to_be_visible()
    assert grave(page) == []
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(page).to_have_url(f"{site}/status")
    expect(page.get_by_role("combobox", name="Search items")).to_be_hidden()


def test_the_colour_scheme_is_remembered(page: Page, site: str, complaints: list[str]) -> None:
    page.emulate_media(color_scheme="light")
    opened(page, site, "/status")
    assert page.evaluate(SCHEME) == "light"
    page.get_by_role("button", name="Light or dark colours").click()
    until(page, lambda: page.evaluate(SCHEME) == "dark", "still light")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.reload()
    assert page.evaluate(SCHEME) == "dark"
    complete(page, "/status")
    assert page.evaluate(SCHEME) == "dark"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark


def test_the_system_s_colours_are_followed_at_once(page: Page, site: str, complaints: list[str]) -> None:
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    opened(page, site, "/status")
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    until(page, lambda: page.evaluate(SCHEME) == "dark", "still light")
    words = page.evaluate(WORDS)
    page.wait_for_timeout(3000)
    assert page.evaluate(WORDS) == words


def test_an_unknown_address_says_so(page: Page, live_site: Site, complaints: list[str]) -> None:
    assert live_site.get("/nowhere/at/all")[0] == 404
    assert live_site.get("/item/7")[0] == 200
    page.goto(f"{live_site.url}/nowhere/at/all")
    expect(page.get_by_role("heading", level=1)).to_have_text("Not found")
    expect(page).to_have_title("Not found · Tracera")
    assert grave(page) == []
    # The browser itself reports the status, and nothing else is wrong.
    assert [text for text in complaints if "404" not in text] == []
    complaints.clear()
    page.locator("#content").get_by_role("link", name="All items").click()
    complete(page, "/items")


def test_the_chip_says_that_the_market_is_simulated_and_leads_to_the_status(
    page: Page, site: str, complaints: list[str]
) -> None:
    opened(page, site, "/")
    chip = page.locator(CHIP)
    expect(chip).to_have_text(re.compile(r"^Simulated market · \d+ s$"))
    expect(chip).to_have_attribute("data-live-state", "live")
    chip.click()
    complete(page, "/status")


def test_the_chip_says_when_the_connection_is_lost(browser: Browser, site: str) -> None:
    page = browser.new_page()
    refused = {"on": False}
    page.route_web_socket("**/api/v1/ws", lambda ws: ws.close() if refused["on"] else ws.connect_to_server() and None)
    opened(page, site, "/rankings")
    expect(page.locator(CHIP)).to_have_attribute("data-live-state", "live")
    refused["on"] = True  # before the first attempt to come back, which may succeed: the route knows of no network
    page.context.set_offline(True)
    expect(page.locator(CHIP)).to_contain_text("Offline")
    page.context.set_offline(False)
    expect(page.locator(CHIP)).to_contain_text("Reconnecting")
    refused["on"] = False
    expect(page.locator(CHIP)).to_have_attribute("data-live-state", "live")
    page.close()


def test_the_keyboard_reaches_the_content_first(page: Page, site: str, complaints: list[str]) -> None:
    opened(page, site, "/status")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()
