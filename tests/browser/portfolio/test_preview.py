"""What an import would do, and the days of transactions, in a browser far from UTC."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from db.portfolio import transactions
from tests.browser.portfolio.market import Stall, market, open_stall
from tests.browser.portfolio.test_tabs import entries, files, show
from tests.browser.support import LOOKS, NAMED, Look, grave, overflow

pytestmark = pytest.mark.slow

AK = "AK-47 | Redline (Field-Tested)"
TWO_LINES = 48
HEAD = "date,type,item,quantity,price\n"
FIRST = HEAD + f"2025-10-01,buy,{AK},1,50.00\n2025-10-25T00:30:00Z,buy,{AK},1,51.00\n"
SECOND = (
    FIRST
    + "2025-11-01,buy,ak-47 | redline (field-tested),1,1\n2025-11-01,buy,AK-47 | Redlin (Field-Tested),1,1\n2025-11-02,buy,Nobody's Case,1,1\n"
)


@pytest.fixture(scope="module")
def stall(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Stall]:
    with open_stall(tmp_path_factory.mktemp("preview"), browser) as made:
        yield made


@pytest.mark.parametrize("look", LOOKS, ids=NAMED)
def test_a_second_file_is_told_apart_and_days_stay_days(stall: Stall, browser: Browser, look: Look) -> None:
    page: Page = browser.new_page(**look, timezone_id="America/Los_Angeles", locale="en-US")
    mine = stall.enter(page)
    market(stall.database)
    show(page, stall, "transactions")
    dialog = files(page, "Import a CSV file")
    dialog.get_by_label("Or paste").fill(FIRST)
    dialog.get_by_role("button", name="Check").click()
    first = dialog.get_by_role("region", name="The first transactions").locator("tbody time")
    expect(first).to_have_text(["Oct 1, 2025", "Oct 24, 2025, 05:30 PM"])
    name = dialog.get_by_role("region", name="The first transactions").get_by_role("cell", name=AK).first
    box = name.bounding_box()
    assert box
    assert box["height"] < TWO_LINES
    dialog.get_by_role("button", name="Import 2 transactions").click()
    expect(dialog).to_have_count(0)
    expect(entries(page).locator("time")).to_have_text(["Oct 24, 2025, 05:30 PM", "Oct 1, 2025"])
    dialog = files(page, "Import a CSV file")
    dialog.get_by_label("Or paste").fill(SECOND)
    dialog.get_by_role("button", name="Check").click()
    counts = dialog.get_by_label("What the import would do")
    expect(counts.locator("li")).to_have_text(
        ["3 new", "2 there already", "1 a name spelled nearly like an item\u2019s", "1 a name that nobody quotes"]
    )
    expect(dialog.get_by_text("left out: lines 2, 3.")).to_be_visible()
    expect(dialog.locator(".portfolio-there time")).to_have_text(["Oct 1, 2025", "Oct 24, 2025, 05:30 PM"])
    assert overflow(page) == 0
    assert grave(page) == []
    dialog.get_by_role("button", name=AK).click()
    expect(counts.locator("li")).to_have_text(["3 new", "2 there already", "1 a name that nobody quotes"])
    dialog.get_by_role("checkbox", name="Import them once more").check()
    expect(counts.locator("li")).to_have_text(["5 new", "1 a name that nobody quotes"])
    dialog.get_by_role("checkbox", name="Import them once more").uncheck()
    dialog.get_by_role("button", name="Import 3 transactions").click()
    expect(dialog).to_have_count(0)
    expect(entries(page)).to_have_count(5)
    kept = transactions.every(stall.database, mine["user_id"], mine["id"])
    assert [row["market_hash_name"] for row in kept] == [AK] * 4 + ["Nobody's Case"]
    page.context.close()
