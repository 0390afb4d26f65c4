"""Transactions in Chromium: changed, copied, filtered, sorted, deleted together and put back."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from db.core.pool import Row
from db.portfolio import transactions
from db.portfolio.transactions import Transaction
from tests.browser.portfolio.market import Stall, open_stall
from tests.browser.support import LOOKS, NAMED, RESULTS, Look, grave, overflow
from tests.portfolio.shop import Shop

pytestmark = pytest.mark.slow

AK, CASE = "AK-47 | Redline (Field-Tested)", "Glove Case"
TIMES = [datetime(2026, month, 10, 9, 30, 15, tzinfo=UTC) for month in (1, 2, 3)]
NEWS = [
    Transaction(TIMES[0], "buy", AK, 2, 1234, 15, "USD", "from a friend"),
    Transaction(TIMES[1], "buy", CASE, 5, 200, 0, "EUR"),
    Transaction(datetime(2026, 2, 20, tzinfo=UTC), "trade", AK, -1, 1500, 0, "USD", timed=False, external_id="ref-1"),
    Transaction(TIMES[2], "fee", None, 0, 499, 0, "USD", "a month"),
]


@pytest.fixture(scope="module")
def stall(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Stall]:
    with open_stall(tmp_path_factory.mktemp("transactions"), browser) as made:
        yield made


@pytest.fixture
def mine(page: Page, stall: Stall) -> Row:
    """The owner's portfolio with the transactions of `NEWS`, shown."""
    found = stall.enter(page)
    Shop(stall.database).item(AK)
    with stall.database.connection() as connection:
        transactions.add(connection, found["user_id"], found["id"], NEWS)
    page.goto(f"{stall.url}/portfolio?tab=transactions")
    expect(entries(page)).to_have_count(4)
    return found


def entries(page: Page) -> Locator:
    return page.locator(".portfolio-entries tbody tr")


def kept(stall: Stall, mine: Row) -> list[Row]:
    return transactions.every(stall.database, mine["user_id"], mine["id"])


def order(page: Page) -> list[str]:
    return [text.split("\n")[0] for text in page.locator(".portfolio-entries tbody th").all_inner_texts()]


def test_one_is_changed_and_keeps_what_was_not_touched(
    page: Page, stall: Stall, mine: Row, complaints: list[str]
) -> None:
    before = kept(stall, mine)
    page.get_by_role("button", name=re.compile("Edit buy of 2 ")).click()
    form = page.get_by_role("form", name="Change a transaction")
    expect(form.get_by_label("Item", exact=True)).to_have_value(AK)
    expect(form.get_by_label("Price each")).to_have_value("12.34")
    expect(form.get_by_label("Fee", exact=True)).to_have_value("0.15")
    form.get_by_label("Price each").fill("13,50")
    form.get_by_role("button", name="Save the change").click()
    expect(form).to_have_count(0)
    expect(entries(page).filter(has_text="$13.50")).to_have_count(1)
    after = kept(stall, mine)
    assert after == [{**before[0], "price": 1350}, *before[1:]]
    # A day without a time stays one, and its reference stays.
    page.get_by_role("button", name=re.compile("Edit trade out of 1 ")).click()
    expect(form.get_by_label("Date")).to_have_value("2026-02-20")
    expect(form.get_by_label("Direction")).to_have_value("out")
    form.get_by_label("Date").fill("2026-02-21")
    form.get_by_label("Quantity").fill("2")
    form.get_by_role("button", name="Save the change").click()
    expect(form).to_have_count(0)
    trade = next(row for row in kept(stall, mine) if row["kind"] == "trade")
    assert (trade["time"], trade["timed"]) == (datetime(2026, 2, 21, tzinfo=UTC), False)
    assert (trade["quantity"], trade["external_id"]) == (-2, "ref-1")
    # What gives away more than is held is refused at its field.
    page.get_by_role("button", name=re.compile("Edit trade out of 2 ")).click()
    form.get_by_label("Quantity").fill("3")
    form.get_by_role("button", name="Save the change").click()
    expect(form.locator(".portfolio-wrong:visible")).to_contain_text("3 of AK-47")
    complaints.clear()  # the browser reports the answer 400 itself


def test_one_is_copied(page: Page, stall: Stall, mine: Row, complaints: list[str]) -> None:
    page.get_by_role("button", name=re.compile("Duplicate buy of 5 ")).click()
    form = page.get_by_role("form", name="Add a transaction")
    expect(form.get_by_label("Date")).to_be_focused()
    expect(form.get_by_label("Currency")).to_have_value("EUR")
    form.get_by_role("button", name="Save", exact=True).click()
    expect(entries(page)).to_have_count(5)
    one, other = [row for row in kept(stall, mine) if row["market_hash_name"] == CASE]
    assert {**one, "id": 0} == {**other, "id": 0}


def test_filters_and_sorting(page: Page, stall: Stall, mine: Row, complaints: list[str]) -> None:
    assert mine
    search = page.get_by_label("Search transactions")
    search.fill("friend")
    expect(entries(page)).to_have_count(1)
    search.fill("nobody")
    expect(page.get_by_text("No transaction matches.")).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    expect(entries(page)).to_have_count(4)
    page.get_by_label("Show only").select_option("trade")
    expect(entries(page)).to_have_count(1)
    page.get_by_label("Show only").select_option("")
    page.get_by_label("From day").fill("2026-02-01")
    expect(entries(page)).to_have_count(3)
    page.get_by_label("To day").fill("2026-02-28")
    expect(entries(page)).to_have_count(2)
    page.get_by_role("button", name="Clear").click()
    expect(entries(page)).to_have_count(4)
    by_item = page.get_by_role("columnheader", name="Item")
    by_item.get_by_role("button").click()
    expect(by_item).to_have_attribute("aria-sort", "ascending")
    assert order(page) == [AK, AK, CASE, "a month"]
    by_item.get_by_role("button").click()
    expect(by_item).to_have_attribute("aria-sort", "descending")
    assert order(page) == [CASE, AK, AK, "a month"]
    expect(by_item.get_by_role("button")).to_be_focused()


@pytest.mark.parametrize("look", LOOKS, ids=NAMED)
def test_some_are_deleted_together_and_put_back(
    page: Page, stall: Stall, mine: Row, complaints: list[str], look: Look, tmp_path: Path
) -> None:
    assert tmp_path
    page.emulate_media(color_scheme=look["color_scheme"])
    page.set_viewport_size(look["viewport"])
    before = kept(stall, mine)
    for name in ("Select buy of 2 ", "Select fee"):
        page.get_by_role("checkbox", name=re.compile(name)).focus()
        page.keyboard.press("Space")
    selection = page.locator("[data-part=selection]")
    expect(selection).to_contain_text("2 selected")
    assert overflow(page) == 0
    assert grave(page) == []
    RESULTS.mkdir(exist_ok=True)
    page.screenshot(
        path=RESULTS / f"transactions-{look['viewport']['width']}-{look['color_scheme']}.png", full_page=True
    )
    selection.get_by_role("button", name="Delete").click()
    expect(entries(page)).to_have_count(2)
    expect(selection).to_be_empty()
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_focused()
    page.keyboard.press("Enter")
    expect(entries(page)).to_have_count(4)
    expect(page.get_by_text("2 transactions are back.")).to_be_visible()
    assert kept(stall, mine) == before


def test_a_whole_page_is_selected(page: Page, stall: Stall, mine: Row, complaints: list[str]) -> None:
    everything = page.get_by_label("Select all of this page")
    everything.check()
    expect(page.locator("[data-part=selection]")).to_contain_text("4 selected")
    page.get_by_role("checkbox", name=re.compile("Select fee")).uncheck()
    assert everything.evaluate("box => box.indeterminate")
    page.locator("[data-part=selection]").get_by_role("button", name="Delete").click()
    expect(entries(page)).to_have_count(1)
    assert [row["kind"] for row in kept(stall, mine)] == ["fee"]
