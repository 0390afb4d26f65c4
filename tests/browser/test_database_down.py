"""What Item and Items say while the database does not answer, and that they come back."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from app.providers.base import Quote, VolumeKind
from tests.browser.support import Own

pytestmark = pytest.mark.slow

NAME = "AK-47 | Redline (Field-Tested)"


@pytest.fixture
def item(own: Own) -> int:
    now = datetime.now(UTC)
    own.keep(
        *(
            Quote(NAME, "steam", 1000 + hour, now - timedelta(hours=hour), volume=1, volume_kind=VolumeKind.INTERVAL)
            for hour in range(60)
        )
    )
    row = own.runtime.services.database.row("SELECT id FROM items")
    assert row
    return int(row["id"])


def test_a_chart_says_so_and_is_drawn_again_on_request(page: Page, own: Own, item: int) -> None:
    page.goto(f"{own.url}/item/{item}?window=30d")
    legend = page.locator("#price-chart-legend > span").first
    expect(legend).to_be_visible()
    with own.without_database():
        page.locator(".chart-controls label", has_text="7d").click()
        state = page.locator("#price-chart-state")
        expect(state).to_contain_text("The database does not answer")
        expect(page.locator(".item-head h1")).to_have_text("AK-47 | Redline")
    page.get_by_role("button", name="Try again").click()
    expect(state).to_be_hidden()
    expect(page.locator("#price-chart-legend")).to_contain_text("Step")


def test_an_item_that_cannot_be_read_at_all_offers_another_try(page: Page, own: Own, item: int) -> None:
    with own.without_database():
        page.goto(f"{own.url}/item/{item}")
        head = page.locator("#item-head-state")
        expect(head).to_contain_text("The database does not answer")
        expect(page.locator(".watch-button")).to_be_hidden()
    head.get_by_role("button", name="Try again").click()
    expect(page.locator(".item-head h1")).to_have_text("AK-47 | Redline")
    expect(head).to_be_hidden()
    expect(page.locator(".watch-button")).to_be_visible()


@pytest.mark.usefixtures("item")
def test_items_that_are_known_stay_and_unknown_ones_are_asked_for_again(page: Page, own: Own) -> None:
    with own.without_database():
        page.goto(f"{own.url}/items")
        state = page.locator("#items-state")
        expect(state.get_by_text("The database does not answer")).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    expect(page.locator('[row-index="0"] .items-title').first).to_have_text("AK-47 | Redline")
    expect(state).to_be_hidden()
    with own.without_database():
        page.locator("#items-search").fill("redline")
        expect(page.locator("#items-total")).to_have_text("1 item")
        expect(page.locator('[row-index="0"] .items-title').first).to_have_text("AK-47 | Redline")
