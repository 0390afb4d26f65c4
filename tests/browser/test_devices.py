"""What is not a desk with a mouse: no scripts, paper, fingers, a phone on its side."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from tests.browser.support import DESKTOP, PHONE, RESULTS, SCHEMES, complete, opened, overflow, until
from tests.conftest import Site

pytestmark = pytest.mark.slow

SIDEWAYS: ViewportSize = {"width": 844, "height": 390}
SHEET: ViewportSize = {"width": 720, "height": 1020}
LEAST = 44
"""Pixels that a finger needs."""
HIT = f"""(element) => {{
  const box = element.getBoundingClientRect();
  const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
  const reach = {LEAST} / 2 - 1;
  return [[-reach, 0], [reach, 0], [0, -reach], [0, reach]].every(([right, down]) => {{
    const found = document.elementFromPoint(Math.max(0, x + right), Math.max(0, y + down));
    return found !== null && (element.contains(found) || found.contains(element) && found.matches("label"));
  }});
}}"""
CONTRAST = """([flash, field, surface, look]) => {
  const row = document.body.appendChild(document.createElement("div"));
  row.style.background = `var(--tracera-${surface})`;
  const cell = row.appendChild(document.createElement("span"));
  cell.className = `${look} ${flash}`;
  cell.dataset.liveItem = "0";
  cell.dataset.liveField = field;
  cell.textContent = "$1.00";
  const numbers = (text) => {
    const found = (text.match(/[\\d.]+/g) || []).map(Number);
    return text.startsWith("color(") ? found : found.map((value, at) => (at < 3 ? value / 255 : value));
  };
  const shown = getComputedStyle(cell);
  const [under, tint, words] = [getComputedStyle(row).backgroundColor, shown.backgroundColor, shown.color].map(numbers);
  row.remove();
  const alpha = tint[3] ?? 1;
  const behind = under.slice(0, 3).map((value, at) => tint[at] * alpha + value * (1 - alpha));
  const light = (colour) => [0.2126, 0.7152, 0.0722].reduce((sum, weight, at) => {
    const value = colour[at];
    return sum + weight * (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  }, 0);
  const [low, high] = [light(words), light(behind)].sort((one, other) => one - other);
  return [(high + 0.05) / (low + 0.05), alpha];
}"""


@pytest.fixture
def phone(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context(
        viewport=PHONE, has_touch=True, is_mobile=True, reduced_motion="reduce", service_workers="block"
    ) as made:
        yield made


@pytest.fixture
def item(live_site: Site) -> str:
    found = re.search(rb'"id":(\d+)', live_site.get("/api/v1/items?search=ak-47&limit=1")[1])
    assert found
    return f"/item/{found[1].decode()}"


def test_without_scripts_a_page_says_what_to_do(browser: Browser, site: str) -> None:
    with browser.new_context(java_script_enabled=False, viewport=PHONE) as window:
        page = window.new_page()
        page.goto(f"{site}/items")
        heading = page.get_by_role("heading", name="Tracera needs JavaScript")
        expect(heading).to_be_visible()
        page.get_by_role("link", name="JSON", exact=True).click()  # nothing lies over it
        expect(page).to_have_url(f"{site}/api/v1/items")


def test_signing_in_comes_back_to_the_page_it_was_asked_on(page: Page, site: str, complaints: list[str]) -> None:
    page.set_viewport_size(DESKTOP)
    opened(page, site, "/status")
    page.locator("nav[aria-label='Pages']").get_by_role("link", name="Items").click()
    complete(page, "/items")
    page.goto(f"{site}/items?q=vulcan&window=7d")
    complete(page, "/items")
    page.get_by_role("link", name="Sign in").click()
    expect(page).to_have_url(f"{site}/sign-in?next=%2Fitems%3Fq%3Dvulcan%26window%3D7d")
    page.get_by_role("link", name="Sign in").click()  # once more, there: it goes nowhere else
    expect(page).to_have_url(f"{site}/sign-in?next=%2Fitems%3Fq%3Dvulcan%26window%3D7d")
    page.get_by_role("button", name="Sign in as the local owner").click()
    expect(page).to_have_url(f"{site}/items?q=vulcan&window=7d")
    expect(page.get_by_label(re.compile("^Account of"))).to_be_visible()


def test_a_finger_hits_what_is_pressed(phone: BrowserContext, site: str, item: str) -> None:
    page = phone.new_page()
    opened(page, site, "/")
    assert page.evaluate("matchMedia('(pointer: coarse)').matches")
    assert overflow(page) == 0
    shown = (
        *("#burger", "#color-scheme", "#search-open", ".chip-link", "a.account-open", ".bar-link >> nth=4"),
        ".tile .info-mark >> nth=0",
        ".page-actions .mantine-SegmentedControl-label:visible >> nth=1",
    )
    small = [selector for selector in shown if not page.locator(selector).evaluate(HIT)]
    opened(page, site, item)
    tabs = page.get_by_role("tab")
    assert small == []
    assert [tab.inner_text() for tab in tabs.all() if not tab.evaluate(HIT)] == []
    expect(page.locator(".bar").get_by_role("link", name="Watchlist")).to_be_visible()


def test_on_its_side_a_phone_shows_rows_and_a_whole_chart(browser: Browser, site: str, item: str) -> None:
    with browser.new_context(
        viewport=SIDEWAYS, has_touch=True, is_mobile=True, reduced_motion="reduce", service_workers="block"
    ) as window:
        page = window.new_page()
        opened(page, site, "/items")
        assert overflow(page) == 0
        rows = """() => [...document.querySelectorAll(".ag-pinned-left-cols-container .ag-row")]
            .filter((row) => row.getBoundingClientRect().bottom <= innerHeight && row.getBoundingClientRect().top > 0).length"""
        until(page, lambda: page.evaluate(rows) >= 4, f"{page.evaluate(rows)} rows")
        RESULTS.mkdir(exist_ok=True)
        page.screenshot(path=RESULTS / "sideways-items.png")
        opened(page, site, item)
        frame = page.locator(".chart-frame")
        expect(frame.locator("canvas").first).to_be_visible()
        frame.scroll_into_view_if_needed()
        page.screenshot(path=RESULTS / "sideways-item.png")
        assert overflow(page) == 0
        box = frame.bounding_box()
        assert box
        assert 200 <= box["height"] <= SIDEWAYS["height"] - 48


def test_paper_has_the_figures_and_nothing_to_press(page: Page, site: str, item: str) -> None:
    RESULTS.mkdir(exist_ok=True)
    page.emulate_media(color_scheme="dark")
    for path, figure in (
        (item, ".item-now-figure"),
        ("/status", ".status-table >> nth=0"),
        ("/", ".tile-value >> nth=0"),
    ):
        opened(page, site, path)
        page.set_viewport_size(SHEET)
        page.emulate_media(media="print", color_scheme="dark")
        expect(page.locator(figure)).to_be_visible()
        for gone in (".shell-header", ".shell-side", ".shell-bar"):
            expect(page.locator(gone)).to_be_hidden()
        assert page.locator("button:visible").count() == 0, path
        assert page.evaluate("getComputedStyle(document.body).getPropertyValue('--tracera-text')") == "#161c23"
        assert overflow(page) == 0
        page.screenshot(path=RESULTS / f"print-{path.strip('/').split('/')[0] or 'market'}.png", full_page=True)
        page.emulate_media(media="screen", color_scheme="dark")
        assert page.evaluate("getComputedStyle(document.body).getPropertyValue('--tracera-text')") == "#e3e7ec"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_flashing_cell_can_be_read(page: Page, site: str, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    opened(page, site, "/status")
    weak = {}
    for flash in ("live-flash-up", "live-flash-down"):
        for field, look in (("price", ""), ("change", "live-up"), ("change", "live-down")):
            for surface in ("surface", "body", "raised"):
                contrast, alpha = page.evaluate(CONTRAST, [flash, field, surface, look])
                assert 0 < alpha < 1, "nothing flashes"
                if contrast < 4.5:
                    weak[flash, field, look, surface] = round(contrast, 2)
    assert weak == {}
