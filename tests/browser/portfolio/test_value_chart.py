"""The portfolio's value over time in Chromium: what pointer and keyboard read, and what stands on its axis."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from db.core.pool import Row
from db.portfolio import holdings
from db.portfolio.holdings import Asset
from tests.browser.portfolio.market import NAMES, Stall, market, open_stall, purchases

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stall(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Stall]:
    with open_stall(tmp_path_factory.mktemp("value"), browser) as made:
        yield made


@pytest.fixture
def mine(page: Page, stall: Stall) -> Row:
    """A signed-in owner with an inventory of one kind of item, without any transaction or valuation."""
    found = stall.enter(page)
    market(stall.database)
    with stall.database.connection() as connection:
        assets = [Asset("1", NAMES[0], 2)]
        holdings.replace(connection, found["user_id"], "76561198000000001", assets, hidden=0, now=datetime.now(UTC))
    return found


def valued(stall: Stall, mine: Row, *points: tuple[timedelta, int, int]) -> None:
    """Valuations: how long ago, value, deposits so far."""
    now = datetime.now(UTC)
    for ago, value, deposits in points:
        stall.database.execute(
            "INSERT INTO portfolio_snapshots (portfolio_id, time, currency, value, growth, deposits, withdrawals, priced, unpriced)"
            " VALUES (%s, %s, 'USD', %s, %s, %s, 0, 1, 0)",
            [mine["id"], now - ago, value, value / deposits, deposits],
        )


def chart(page: Page, stall: Stall) -> Locator:
    page.goto(f"{stall.url}/portfolio")
    expect(page.locator(".portfolio-chart-legend strong").first).to_be_visible()
    return page.locator(".portfolio-chart svg")


def legend(page: Page) -> Locator:
    return page.locator(".portfolio-chart-legend")


def press(page: Page, name: str) -> None:
    page.locator(".portfolio-chart-bar").get_by_role("button", name=name, exact=True).click()


def test_pointer_and_keyboard_read_the_nearest_point_exactly(page: Page, stall: Stall, mine: Row) -> None:
    hours = timedelta(hours=1)
    valued(stall, mine, (10 * hours, 123456, 100000), (4 * hours, 234567, 200000), (0.01 * hours, 345678, 200000))
    line = chart(page, stall)
    press(page, "Return")
    press(page, "Value")
    box = line.bounding_box()
    assert box
    for share, amount in ((0.1, "$1,234.56"), (0.45, "$2,345.67"), (0.65, "$2,345.67")):
        page.mouse.move(box["x"] + share * (box["width"] - 60), box["y"] + 100)
        expect(legend(page)).to_contain_text(f"Value {amount}")
    page.mouse.move(5, 5)
    line.focus()
    page.keyboard.press("Home")
    expect(legend(page)).to_contain_text("$1,234.56")
    page.keyboard.press("ArrowRight")
    expect(legend(page)).to_contain_text("$2,345.67")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(legend(page)).to_contain_text("$1,234.56")
    press(page, "Return")
    line.focus()
    page.keyboard.press("End")
    expect(legend(page)).to_contain_text("Return 40.00\u00a0%")


def test_labels_of_points_that_are_seconds_apart_differ(page: Page, stall: Stall, mine: Row) -> None:
    valued(stall, mine, *((timedelta(seconds=40 - 10 * at), 1000 + at, 1000) for at in range(4)))
    chart(page, stall)
    press(page, "24h")
    labels = page.locator(".portfolio-chart svg text[text-anchor=middle]").all_text_contents()
    assert len(labels) > 2
    assert len(set(labels)) == len(labels), labels


def test_days_without_a_price_are_dotted_and_say_how_many(page: Page, stall: Stall) -> None:
    mine = stall.enter(page)
    market(stall.database)
    purchases(stall.database, mine, NAMES[:1])
    line = chart(page, stall)
    expect(page.locator(".portfolio-chart-missing")).to_have_attribute("d", re.compile("L"))
    line.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    expect(legend(page)).to_contain_text("1 without a price of these two weeks")
