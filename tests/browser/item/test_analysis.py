"""The analysis tab: Plotly comes with it and not before, its charts follow the scheme, tables say the same."""

import re

import pytest
from playwright.sync_api import Page, Request, expect

from tests.browser.support import PHONE, VIOLATIONS, WATCH, grave, overflow, pictures, violations

pytestmark = pytest.mark.slow
DRAWN = ".plot[data-drawn]"
TITLES = ["Returns of a day", "Volatility cone", "Under water", "Autocorrelation", "Weekdays", "Hours"]
COLOUR = "document.querySelector('.plot .barlayer path').style.fill"


def scroll_through(page: Page) -> None:
    expect(page.locator(".plot")).to_have_count(len(TITLES))
    for place in page.locator(".plot").all():
        place.scroll_into_view_if_needed()
    expect(page.locator(".plot:not([data-drawn])")).to_have_count(0)


def test_the_charts_come_with_their_tab(page: Page, site: str, demo_item: int, complaints: list[str]) -> None:
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request) if "plotly" in request.url else None)
    page.add_init_script(VIOLATIONS)
    page.add_init_script(WATCH)
    page.goto(f"{site}/item/{demo_item}", wait_until="networkidle")
    expect(page.locator("#price-chart-legend > span").first).to_be_visible()
    assert asked == []
    page.get_by_role("tab", name="Analysis").click()
    expect(page).to_have_url(re.compile("tab=analysis"))
    scroll_through(page)
    assert len(asked) == 1
    expect(page.locator(".analysis-cards .card-title")).to_have_text(TITLES)
    expect(page.locator(".analysis-basis")).to_contain_text(re.compile(r"^\d+\sdaily closes of demo, 20"))
    expect(page.locator(".card", has_text="Returns of a day").locator(".card-info")).to_contain_text(
        re.compile(r"\d+ daily returns")
    )
    assert violations(page) == []
    assert page.evaluate("window.seen")["shift"] < 0.05
    # Back to the prices, whose chart was hidden meanwhile.
    page.go_back()
    expect(page.locator("#price-chart-legend > span").first).to_be_visible()
    assert not complaints


def test_tables_say_the_same(page: Page, site: str, demo_item: int) -> None:
    page.goto(f"{site}/item/{demo_item}?tab=analysis&span=90d")
    found = page.request.get(f"{site}/api/v1/items/{demo_item}/analysis?span=90d").json()
    page.get_by_text("Weekdays as a table").click()
    rows = page.get_by_role("region", name="Weekdays as a table").locator("tbody tr")
    expect(rows).to_have_count(7)
    assert [int(text) for text in rows.locator("td:last-child").all_inner_texts()] == found["weekdays"]["n"]
    page.get_by_text("Every lag as a table").click()
    expect(page.get_by_role("region", name="Every lag as a table").locator("tbody tr")).to_have_count(
        len(found["autocorrelation"]["returns"])
    )


def test_the_span_is_kept_in_the_address(page: Page, site: str, demo_item: int) -> None:
    page.goto(f"{site}/item/{demo_item}?tab=analysis")
    basis = page.locator(".analysis-basis")
    expect(basis).to_be_visible()
    page.locator(".analysis-choice label", has_text="90d").click()
    expect(page).to_have_url(re.compile("span=90d"))
    page.reload()
    expect(page.locator(".analysis-choice input:checked")).to_have_value("90d")
    expect(basis).to_be_visible()


def test_it_follows_the_scheme_and_fits_a_phone(page: Page, site: str, demo_item: int, complaints: list[str]) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(f"{site}/item/{demo_item}?tab=analysis")
    expect(page.locator(DRAWN).first).to_be_visible()
    light = page.evaluate(COLOUR)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"() => {COLOUR} !== '{light}'")
    page.set_viewport_size(PHONE)
    scroll_through(page)
    page.wait_for_function(
        "() => [...document.querySelectorAll('.plot svg')].every((one) => one.clientWidth <= innerWidth)"
    )
    assert overflow(page) == 0
    assert grave(page) == []
    pictures(page, "item-analysis")
    assert not complaints


@pytest.mark.own_window
def test_without_plotly_words_and_tables_stay(page: Page, site: str, demo_item: int) -> None:
    page.route("**/plotly/package_data/*", lambda route: route.abort())
    page.goto(f"{site}/item/{demo_item}?tab=analysis")
    expect(page.locator(".plot[data-failed]").first).to_be_visible()
    expect(page.locator(".analysis-meaning").first).to_contain_text("On 19 of 20 days")
    page.get_by_text("Figures of the distribution").click()
    expect(page.get_by_role("region", name="Figures of the distribution")).to_contain_text("Expected shortfall")
