"""The status page: what works, what does not, and what works all the same."""

import re
from datetime import UTC, datetime

from playwright.sync_api import Page, expect

from tests.browser.support import PHONE, Own, grave, opened, quote, until

PROVIDERS = ".status-table[aria-label=Providers]"


def test_a_healthy_instance(page: Page, site: str, complaints: list[str]) -> None:
    opened(page, site, "/status")
    expect(page.get_by_text("Everything works.")).to_be_visible()
    row = page.locator(f"{PROVIDERS} tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("demo")
    expect(row).to_contain_text("simulated")
    expect(row).to_contain_text("works")
    for job in ("volatility", "portfolios"):
        expect(page.locator(".status-table[aria-label=Jobs]")).to_contain_text(job)
    for title in ("Ingestion", "Live connections", "Database", "Redis"):
        expect(page.get_by_role("heading", name=title)).to_be_visible()
    expect(page.locator(".status-versions")).to_have_text(re.compile(r"Tracera \d.*Python 3\."))
    figures = page.locator(".definitions dd").all_inner_texts()
    assert all(figure.strip() for figure in figures)


def test_it_follows_the_clock_without_losing_the_focus(page: Page, site: str, complaints: list[str]) -> None:
    opened(page, site, "/status")
    first = page.locator("#status-time").inner_text()
    dash = page.locator(".unknown").first
    dash.focus()
    title = dash.get_attribute("title")
    until(page, lambda: page.locator("#status-time").inner_text() != first, "the time stands still")
    page.wait_for_timeout(200)
    assert page.evaluate("document.activeElement.title") == title


def test_a_phone_shows_each_figure_with_its_name(page: Page, site: str, complaints: list[str]) -> None:
    page.set_viewport_size(PHONE)
    opened(page, site, "/status")
    cell = page.locator(f"{PROVIDERS} td[data-label='Quotes a minute']")
    assert "Quotes a minute" in page.evaluate(
        "cell => getComputedStyle(cell, '::before').content", cell.element_handle()
    )


def test_an_instance_that_collects_nothing_and_a_provider_that_fails(
    page: Page, own: Own, complaints: list[str]
) -> None:
    page.goto(f"{own.url}/status")
    expect(page.get_by_text("Nothing is collected")).to_be_visible()
    expect(page.get_by_text("No provider yet")).to_be_visible()
    expect(page.get_by_text("No job ran yet")).to_be_visible()
    assert grave(page) == []
    own.keep(quote("Glove Case", 500, datetime.now(UTC)))
    own.runtime.services.database.execute(
        "INSERT INTO provider_state (name, interval_s, failures, error, error_since, last_success, next_attempt)"
        " VALUES ('steam', 60, 4, 'Steam answers 429, too many requests.', now() - interval '5 minutes',"
        " now() - interval '10 minutes', now() + interval '2 minutes')"
    )
    page.reload()
    verdict = page.locator(".verdict")
    expect(verdict).to_contain_text("steam is failing")
    expect(verdict).to_contain_text("Steam answers 429, too many requests.")
    expect(verdict).to_contain_text("Other sources go on.")
    row = page.locator(f"{PROVIDERS} tbody tr")
    expect(row).to_contain_text("failing")
    expect(row).to_contain_text("4 in a row")
    assert grave(page) == []


def test_without_the_database_the_rest_is_still_told(page: Page, own: Own, complaints: list[str]) -> None:
    with own.without_database():
        page.goto(f"{own.url}/status")
        expect(page.locator(".verdict")).to_contain_text("The database does not answer")
        expect(page.locator("#status-body")).to_contain_text("Answers in")
        expect(page.get_by_text("Not known").first).to_be_visible()
        assert grave(page) == []
    expect(page.locator(".verdict")).not_to_contain_text("The database does not answer")
