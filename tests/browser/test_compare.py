"""The page of comparisons: from a grid and from an item to it, by keyboard, by link and back; what the address gets wrong."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.support import (
    DESKTOP,
    PHONE,
    VIOLATIONS,
    WATCH,
    grave,
    opened,
    overflow,
    pictures,
    until,
    violations,
)

pytestmark = pytest.mark.slow
ROWS = ".compare-table tbody tr"


@pytest.fixture
def wide(page: Page) -> Page:
    page.set_viewport_size(DESKTOP)
    page.add_init_script(VIOLATIONS)
    page.add_init_script(WATCH)
    return page


def names(page: Page) -> list[str]:
    """What the field has chips of."""
    return page.locator(".compare-field .mantine-Pill-label").all_inner_texts()


def drawn(page: Page) -> bool:
    """Whether the library has painted anything but the background."""
    found: bool = page.evaluate("""() => [...document.querySelectorAll('#compare-chart canvas')].some((canvas) =>
        canvas.width && new Set(new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size > 3)""")
    return found


def test_rows_are_ticked_and_compared_and_the_address_is_the_view(wide: Page, site: str, complaints: list[str]) -> None:
    page = wide
    opened(page, site, "/items")
    link = page.locator("a[data-compare-link]")
    expect(link).to_be_hidden()
    page.locator("[data-compare]").nth(0).click()
    page.locator(".ag-row [col-id=name]").nth(1).focus()
    page.locator("[data-compare]").nth(1).click()
    expect(link).to_have_text("Compare (2)")
    page.keyboard.press("c")
    expect(link).to_have_text("Compare (1)")
    page.keyboard.press("c")
    link.click()
    expect(page).to_have_url(re.compile(r"/compare\?items=\d+,\d+$"))
    expect(page.locator(ROWS)).to_have_count(3)  # and the index
    expect(page.locator(ROWS).last).to_contain_text("CS2 index")
    until(page, lambda: drawn(page), "nothing is drawn")
    first = page.url
    field = page.get_by_role("textbox", name="Items and pairs")
    field.focus()
    page.keyboard.type("asiimov")
    expect(page.get_by_role("option").filter(visible=True, has_text="Asiimov").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(ROWS)).to_have_count(4)
    expect(page).to_have_url(re.compile(r"items=\d+,\d+,\d+$"))
    page.go_back()
    expect(page).to_have_url(first)
    expect(page.locator(ROWS)).to_have_count(3)
    until(page, lambda: len(names(page)) == 2, "the field keeps what was undone")
    field.focus()
    page.keyboard.press("Backspace")
    expect(page.locator(ROWS)).to_have_count(2)
    expect(page).to_have_url(re.compile(r"items=\d+$"))
    assert violations(page) == []


def test_a_link_is_the_view_and_its_chart_is_read_by_keyboard(wide: Page, site: str, complaints: list[str]) -> None:
    page = wide
    page.goto(f"{site}/item/7")
    page.locator(".item-top").get_by_role("link", name="Compare").click()
    expect(page).to_have_url(f"{site}/compare?items=7")
    page.goto(f"{site}/compare?items=7,8,9&window=7d")
    expect(page.locator(ROWS).nth(2)).to_be_visible()
    until(page, lambda: drawn(page), "nothing is drawn")
    assert page.evaluate("window.seen.shift") < 0.05, page.evaluate("window.seen.sources")
    expect(page.locator("#compare-since")).to_contain_text("the first moment in 7d that all have")
    expect(page.locator(".compare-matrix td")).to_have_count(1 + 9)
    frame = page.locator("#compare-frame")
    frame.focus()
    page.keyboard.press("Home")
    expect(page.locator("#compare-legend strong").first).to_have_text("100.00")
    expect(page.locator(".compare-legend-time")).to_contain_text("UTC")
    page.keyboard.press("Escape")
    expect(page.locator(".compare-legend-time")).to_have_text("Newest")
    page.get_by_text("30d", exact=True).click()
    expect(page).to_have_url(f"{site}/compare?items=7,8,9")
    pictures(page, "compare")
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)
        assert overflow(page) == 0
        assert grave(page) == []


def test_what_the_address_gets_wrong_is_said(wide: Page, site: str, complaints: list[str]) -> None:
    page = wide
    page.goto(f"{site}/compare?items=7,none,,999999999,8,7&window=5d")
    notes = page.locator(".compare-notes")
    expect(notes).to_contain_text("“none” is no number of an item.")
    expect(notes).to_contain_text("There is no item 999999999.")
    expect(page.locator(ROWS)).to_have_count(3)
    page.goto(f"{site}/compare?items={','.join(map(str, range(1, 13)))}")
    expect(page.locator(".compare-notes")).to_contain_text("The first 10 of 12 are compared.")
    page.goto(f"{site}/compare?items=x")
    expect(page.get_by_text("Choose what to compare")).to_be_visible()
    expect(page.locator("#compare-card")).to_be_hidden()
