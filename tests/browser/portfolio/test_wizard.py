"""A file of another program in Chromium: columns chosen, good lines taken, bad ones mended."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from db.portfolio import transactions
from tests.browser.portfolio.market import Stall, open_stall
from tests.browser.portfolio.test_tabs import entries, files, show
from tests.browser.support import LOOKS, NAMED, Look, grave, overflow

pytestmark = pytest.mark.slow

FOREIGN = "Ding,Wann,Preis\nGlove Case,2026-01-05,1.50\nGlove Case,tomorrow,2.00\nGlove Case,2026-01-06,2.50\n"


@pytest.fixture(scope="module")
def stall(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Stall]:
    with open_stall(tmp_path_factory.mktemp("wizard"), browser) as made:
        yield made


@pytest.mark.parametrize("look", LOOKS, ids=NAMED)
def test_a_sheet_with_other_columns_and_a_bad_line(stall: Stall, browser: Browser, look: Look) -> None:
    page: Page = browser.new_page(**look)
    mine = stall.enter(page)
    show(page, stall, "transactions")
    dialog = files(page, "Import a CSV file")
    paste = dialog.get_by_label("Or paste")
    paste.fill(FOREIGN)
    dialog.get_by_role("button", name="Check").click()
    expect(dialog.get_by_text("Choose the columns of: Date, Type, Price each.")).to_be_visible()
    assert overflow(page) == 0
    assert grave(page) == []
    dialog.get_by_label("Date", exact=True).select_option("Wann")
    expect(dialog.get_by_text("Choose the columns of: Type, Price each.")).to_be_visible()
    dialog.get_by_label("Price each", exact=True).select_option("Preis")
    expect(dialog.get_by_text("Choose the columns of: Type.")).to_be_visible()
    dialog.get_by_label("Lines without a type are").select_option("buy")
    expect(dialog.get_by_text("a buy needs an item").first).to_be_visible()
    dialog.get_by_text("What each column of the file means").click()
    dialog.get_by_label("Item", exact=True).select_option("Ding")
    expect(dialog.get_by_role("alert")).to_contain_text("1 line cannot be imported. Take the good ones now")
    expect(dialog.get_by_role("region", name="Bad lines").locator("tbody tr")).to_have_count(1)
    assert overflow(page) == 0
    dialog.get_by_role("button", name="Import 2 transactions").click()
    expect(dialog.get_by_text("The good lines are in. 1 line is left above")).to_be_visible()
    expect(paste).to_be_focused()
    expect(paste).to_have_value("Ding,Wann,Preis\nGlove Case,tomorrow,2.00")
    expect(entries(page)).to_have_count(2)
    paste.fill("Ding,Wann,Preis\nGlove Case,2026-01-07,2.00")
    dialog.get_by_role("button", name="Check").click()
    dialog.get_by_role("button", name="Import 1 transaction").click()
    expect(dialog).to_have_count(0)
    expect(entries(page)).to_have_count(3)
    kept = transactions.every(stall.database, mine["user_id"], mine["id"])
    assert [(row["kind"], row["price"]) for row in kept] == [("buy", 150), ("buy", 250), ("buy", 200)]
    page.context.close()
