"""The portfolio's tabs in Chromium: transactions, risk, what-if and returns, wide and narrow, light and dark."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from app.portfolio.risk import risk_report
from db.core.pool import Database, Row
from db.portfolio import transactions
from tests.browser.portfolio.market import NAMES, NOW, SELDOM, Stall, history, market, open_stall, owner, purchases
from tests.browser.support import LOOKS, NAMED, Look, grave, overflow

pytestmark = pytest.mark.slow

READY = {
    "transactions": ".portfolio-entries tbody tr",
    "risk": ".portfolio-map",
    "what-if": "#portfolio-what-if form",
    "returns": ".portfolio-heat",
}
AK, AWP = "AK-47 | Redline (Field-Tested)", "AWP | Fade (Field-Tested)"
GOOD = "date;type;item;quantity;price;fee\n2024-01-01;buy;Glove Case;5;1,50;0,10\n2024-01-03;sell;Glove Case;2;2,00;\n"
BAD = "date,type,item,quantity,price\n2024-01-01,buy,Glove Case,2,1.00\n2024-01-02,sell,Glove Case,3,2.00\nx,buy,Glove Case,1,1\n"


@pytest.fixture(scope="module")
def stall(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Stall]:
    with open_stall(tmp_path_factory.mktemp("tabs"), browser) as made:
        yield made


def full(page: Page, stall: Stall) -> Row:
    """A market and a portfolio with much of everything."""
    mine = stall.enter(page)
    market(stall.database)
    purchases(stall.database, mine, [*NAMES, SELDOM])
    history(stall.database, mine, 500)
    return mine


def show(page: Page, stall: Stall, tab: str) -> None:
    page.goto(f"{stall.url}/portfolio?tab={tab}")
    expect(page.get_by_role("tab", selected=True)).to_be_visible()


def entries(page: Page) -> Locator:
    return page.locator(".portfolio-entries tbody tr")


def rows(database: Database, mine: Row) -> list[Row]:
    return transactions.every(database, mine["user_id"], mine["id"])


def files(page: Page, name: str) -> Locator:
    expect(page.locator("#portfolio-figures .skeleton")).to_have_count(0)  # what comes in would push the menu away
    page.get_by_role("button", name="Files").click()
    page.locator("#portfolio-transactions .menu").get_by_text(name).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    return dialog


NO_ANCHORS = """(() => {
  const { supports } = CSS;
  CSS.supports = (rule, ...value) => !rule.startsWith("position-area") && supports.call(CSS, rule, ...value);
})()"""


@pytest.mark.parametrize("anchored", [True, False], ids=["anchored", "placed"])
@pytest.mark.parametrize("look", LOOKS, ids=NAMED)
def test_menus_stay_at_their_buttons_and_close(page: Page, stall: Stall, look: Look, *, anchored: bool) -> None:
    stall.enter(page)
    page.set_viewport_size(look["viewport"])
    if not anchored:  # a browser that does not know how
        page.add_init_script(NO_ANCHORS)
        page.route("**/assets/tracera.css*", without_anchors)
    show(page, stall, "transactions")
    for name, first in (("Account of Local owner", "Account"), ("Files", "Import a CSV file")):
        opener, entry = page.get_by_role("button", name=name, exact=True), page.get_by_text(first, exact=True).last
        opener.click()
        expect(entry).to_be_visible()
        box, list_ = opener.bounding_box(), page.locator(".menu-entries:popover-open").bounding_box()
        assert box
        assert list_
        assert 0 <= list_["y"] - box["y"] - box["height"] <= 8
        assert 0 <= list_["x"] <= box["x"] + box["width"] <= list_["x"] + list_["width"] + 40
        assert list_["x"] + list_["width"] <= look["viewport"]["width"]
        page.keyboard.press("Tab")
        expect(page.locator(":focus")).to_have_text(first)
        page.keyboard.press("Escape")
        expect(entry).to_be_hidden()
        expect(opener).to_be_focused()
        opener.click()
        page.get_by_role("heading", name="Transactions").click()
        expect(entry).to_be_hidden()
    page.get_by_role("button", name="Account of Local owner").click()
    page.get_by_role("link", name="Account", exact=True).last.click()
    page.wait_for_url("**/account")
    expect(page.locator(".menu-entries:popover-open")).to_have_count(0)


def without_anchors(route: Route) -> None:
    """Answer with the style, its rules of anchoring misspelt."""
    answer = route.fetch()
    route.fulfill(response=answer, body=answer.text().replace("position-", "unknown-"))


@pytest.mark.parametrize("look", LOOKS, ids=NAMED)
def test_every_tab_fits_and_is_accessible(page: Page, stall: Stall, complaints: list[str], look: Look) -> None:
    page.emulate_media(color_scheme=look["color_scheme"])
    page.set_viewport_size(look["viewport"])
    full(page, stall)
    for tab, selector in READY.items():
        show(page, stall, tab)
        expect(page.locator(selector).first).to_be_visible()
        assert overflow(page) == 0, tab
        assert grave(page) == [], tab
    show(page, stall, "transactions")
    page.get_by_title("Add a transaction").click()
    page.get_by_label("Type").select_option("trade")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Which item?")).to_have_count(2)
    assert grave(page) == []
    dialog = files(page, "Import a CSV file")
    dialog.get_by_label("Or paste").fill(BAD)
    dialog.get_by_role("button", name="Check").click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    assert overflow(page) == 0
    assert grave(page) == []


def test_a_purchase_by_keyboard_a_wrong_sale_and_undo(page: Page, stall: Stall, complaints: list[str]) -> None:
    database, mine = stall.database, stall.enter(page)
    market(database)
    show(page, stall, "transactions")
    expect(page.get_by_text("No transactions yet")).to_be_visible()
    page.locator("#portfolio-transactions [data-portfolio-add]").click()
    item = page.get_by_role("combobox", name="Item")
    item.fill("red ak")
    expect(page.get_by_role("option", name=AK)).to_be_visible()
    item.press("ArrowDown")
    item.press("Enter")
    expect(item).to_have_value(AK)
    page.get_by_label("Quantity").fill("2")
    page.get_by_label("Price each").fill("12.345")
    page.get_by_label("Fee", exact=True).fill("0.15")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("USD has 2 decimals.")).to_be_visible()
    assert rows(database, mine) == []
    page.get_by_label("Price each").fill("12,34")
    expect(page.locator(".portfolio-sum")).to_have_text("2 \u00d7 $12.34 + $0.15 fee = $24.83")
    page.get_by_role("button", name="Save").click()
    expect(entries(page)).to_have_count(1)
    expect(entries(page)).to_contain_text("$24.83")
    (kept,) = rows(database, mine)
    assert (kept["kind"], kept["market_hash_name"], kept["quantity"]) == ("buy", AK, 2)
    assert (kept["price"], kept["fee"], kept["currency"]) == (1234, 15, "USD")
    # More than is held: the API's answer stands at the quantity.
    page.get_by_label("Type").select_option("sell")
    page.get_by_label("Item", exact=True).fill(AK)
    page.get_by_label("Quantity").fill("3")
    page.get_by_label("Price each").fill("20")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".portfolio-wrong:visible")).to_contain_text("Gives away 3 of AK-47")
    expect(page.get_by_label("Quantity")).to_have_attribute("aria-invalid", "true")
    page.get_by_role("button", name="Close").click()
    # Gone at once, and back again.
    page.get_by_role("button", name=re.compile("Delete buy of 2")).click()
    expect(page.get_by_text("No transactions yet")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(entries(page)).to_have_count(1)
    (back,) = rows(database, mine)
    assert {**back, "id": 0} == {**kept, "id": 0}
    complaints[:] = [one for one in complaints if "status of 400" not in one]


def test_a_trade_of_several_items(page: Page, stall: Stall, complaints: list[str]) -> None:
    database, mine = stall.database, stall.enter(page)
    market(database)
    purchases(database, mine, [AK])
    held = rows(database, mine)
    show(page, stall, "transactions")
    page.locator("#portfolio-transactions [data-portfolio-add]").click()
    page.get_by_label("Type").select_option("trade")
    page.get_by_role("button", name="Another item").click()
    names, sides, values = (page.get_by_label(label, exact=True) for label in ("Item", "Direction", "Value each"))
    for at, (name, value) in enumerate(((AWP, "9"), (AK, "30"), ("Something unheard of", "21.00"))):
        names.nth(at).fill(name)
        values.nth(at).fill(value)
    expect(sides.nth(1)).to_have_value("out")
    page.get_by_label("Note").fill("with a friend")
    page.get_by_role("button", name="Save").click()
    expect(entries(page)).to_have_count(len(held) + 3)
    news = rows(database, mine)[-3:]
    assert [(row["market_hash_name"], row["quantity"], row["price"]) for row in news] == [
        (AWP, 1, 900), (AK, -1, 3000), ("Something unheard of", 1, 2100)]  # fmt: skip
    assert {row["note"] for row in news} == {"with a friend"}
    expect(entries(page).filter(has_text="Trade out")).to_contain_text(AK)


def test_a_csv_file_is_looked_at_and_taken(page: Page, stall: Stall, complaints: list[str], tmp_path: Path) -> None:
    database, mine = stall.database, stall.enter(page)
    show(page, stall, "transactions")
    expect(page.get_by_text("No transactions yet")).to_be_visible()
    dialog = files(page, "Import a CSV file")
    (tmp_path / "bad.csv").write_text(BAD)
    dialog.get_by_label("File").set_input_files(tmp_path / "bad.csv")
    expect(dialog.get_by_role("alert")).to_contain_text("2 lines cannot be imported")
    lines = dialog.get_by_role("region", name="Bad lines").locator("tbody tr")
    expect(lines.nth(0)).to_have_text(re.compile("^3gives away 3 of Glove Case, but only 2"))
    expect(lines.nth(1)).to_have_text(re.compile("^4'x' is not a date"))
    expect(dialog.get_by_role("button", name="Import 1 transaction")).to_be_enabled()
    (tmp_path / "good.csv").write_text(GOOD, encoding="utf-16")
    dialog.get_by_label("File").set_input_files(tmp_path / "good.csv")
    expect(dialog.get_by_text("2 transactions, utf-16, separated by semicolon.")).to_be_visible()
    assert rows(database, mine) == []
    dialog.get_by_role("button", name="Import 2 transactions").click()
    expect(dialog).to_have_count(0)
    expect(entries(page)).to_have_count(2)
    assert [(row["quantity"], row["price"], row["fee"]) for row in rows(database, mine)] == [(5, 150, 10), (2, 200, 0)]
    # Out as JSON, everything changed, and back again.
    with page.expect_download() as download:
        page.get_by_role("button", name="Files").click()
        page.get_by_text("Export everything as JSON").click()
    archive = tmp_path / "all.json"
    download.value.save_as(archive)
    assert len(json.loads(archive.read_text())["portfolios"][0]["transactions"]) == 2
    purchases(database, mine, [AK])
    dialog = files(page, "Restore an export")
    dialog.get_by_label("File").set_input_files(archive)
    expect(dialog.get_by_text("1 portfolio, 2 transactions")).to_be_visible()
    dialog.get_by_role("button", name="Replace everything").click()
    dialog.get_by_role("button", name="Really replace everything?").click()
    expect(dialog).to_have_count(0)
    expect(entries(page)).to_have_count(2)
    assert [row["market_hash_name"] for row in rows(database, owner(database))] == ["Glove Case"] * 2


def test_many_transactions_come_page_by_page(page: Page, stall: Stall, complaints: list[str]) -> None:
    database, mine = stall.database, stall.enter(page)
    lines = "".join(f"{NOW:%Y}-01-01T00:{n // 60:02}:{n % 60:02}Z,buy,Item {n},1,1\n" for n in range(120))
    show(page, stall, "transactions")
    dialog = files(page, "Import a CSV file")
    dialog.get_by_label("Or paste").fill("date,type,item,quantity,price\n" + lines)
    dialog.get_by_role("button", name="Check").click()
    dialog.get_by_role("button", name="Import 120 transactions").click()
    expect(entries(page)).to_have_count(50)
    expect(entries(page).first).to_contain_text("Item 119")
    expect(page.get_by_role("button", name="Newer")).to_be_disabled()
    page.get_by_role("button", name="Older").click()
    expect(entries(page).first).to_contain_text("Item 69")
    page.get_by_role("button", name="Older").click()
    expect(entries(page)).to_have_count(20)
    expect(page.locator(".portfolio-pager")).to_contain_text("101 to 120")
    expect(page.get_by_role("button", name="Older")).to_be_disabled()
    page.get_by_role("button", name="Newer").click()
    expect(entries(page).first).to_contain_text("Item 69")
    assert len(rows(database, mine)) == 120


def test_steams_market_history(page: Page, stall: Stall, complaints: list[str]) -> None:
    stall.enter(page)
    show(page, stall, "transactions")
    dialog = files(page, "Import Steam's market history")
    dialog.get_by_label("Or paste").fill("<html>")
    dialog.get_by_role("button", name="Check").click()
    expect(dialog.get_by_role("alert")).to_contain_text("no market history")
    dialog.get_by_label("Or paste").fill('{"success": true, "events": [{"event_type": 4, "listingid": "7"}]}')
    dialog.get_by_role("button", name="Check").click()
    expect(dialog.get_by_text("0 purchases and sales found.")).to_be_visible()
    expect(dialog.get_by_role("region", name="Left out")).to_contain_text("listing 7: the event has no purchaseid")
    expect(dialog.get_by_role("button", name="Import")).to_be_disabled()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    complaints[:] = [one for one in complaints if "status of 400" not in one]


def test_risk_says_what_the_report_says(page: Page, stall: Stall, complaints: list[str]) -> None:
    database, mine = stall.database, full(page, stall)
    show(page, stall, "risk")
    report = risk_report(database, mine, {}, NOW)
    card = page.locator(".portfolio-figure", has=page.get_by_role("heading", name="Volatility a day"))
    expect(card).to_contain_text(f"{100 * report['volatility']:.2f}\u00a0%")
    expect(page.locator(".portfolio-figure")).to_have_count(8)
    expect(page.locator(".portfolio-figure", has_text="Among users")).to_contain_text("20 other users")
    expect(page.locator(".portfolio-bars").first.locator("li")).to_have_count(20)
    expect(page.locator(".portfolio-map-name")).to_have_count(25)
    page.get_by_text("All 300 pairs as a table").click()
    expect(page.get_by_role("region", name="Correlations by pair").locator("tbody tr")).to_have_count(300)
    expect(page.locator(".portfolio-left-out")).to_contain_text("quoted on 1 of 91 days")


@pytest.mark.parametrize("look", LOOKS, ids=NAMED)
def test_what_if_before_and_after(page: Page, stall: Stall, complaints: list[str], look: Look) -> None:
    page.set_viewport_size(look["viewport"])
    page.emulate_media(color_scheme=look["color_scheme"])
    database, mine = stall.database, full(page, stall)
    before = rows(database, mine)
    show(page, stall, "what-if")
    page.get_by_label("Item", exact=True).fill("fade awp")
    page.get_by_role("option", name=AWP).click()
    page.get_by_label("Quantity").fill("20")
    page.get_by_role("button", name="Try it").click()
    value = page.locator(".portfolio-compare tbody tr").first
    expect(value).to_contain_text("▲ +$")
    assert overflow(page) == 0
    assert grave(page) == []
    page.locator(".portfolio-mode", has_text="Swap").click()
    page.get_by_label("Give away").fill(AK)
    page.get_by_label("Receive").fill(NAMES[-1])
    page.get_by_label("Quantity").first.fill("9")
    page.get_by_role("button", name="Try it").click()
    expect(page.locator(".portfolio-wrong:visible")).to_have_text("Only 1 left to take away.")
    page.get_by_label("Quantity").first.fill("1")
    page.get_by_role("button", name="Try it").click()
    changes = page.locator(".portfolio-changes li")
    expect(changes).to_have_count(3)
    expect(changes.filter(has_text=AK)).to_contain_text("1 held, 0 after")
    page.get_by_role("button", name=f"One less of {AWP}").click()
    expect(changes.filter(has_text=AWP)).to_contain_text("+19")
    page.get_by_role("button", name="Reset").click()
    expect(page.get_by_text("Nothing tried yet")).to_be_visible()
    assert rows(database, mine) == before, "trying changes nothing"


def test_returns_of_two_years_and_of_nothing(page: Page, stall: Stall, complaints: list[str]) -> None:
    database, mine = stall.database, stall.enter(page)
    show(page, stall, "returns")
    expect(page.get_by_text("Nothing to count from yet")).to_be_visible()
    show(page, stall, "risk")
    expect(page.get_by_text("Nothing to measure")).to_be_visible()
    history(database, mine, 0)
    show(page, stall, "returns")
    expect(page.get_by_text("One valuation so far")).to_be_visible()
    database.execute("DELETE FROM portfolio_snapshots")
    history(database, mine, 500)
    page.reload()
    cells = page.locator(".portfolio-heat-up, .portfolio-heat-down")
    expect(cells.first).to_be_visible()
    years = page.locator(".portfolio-heat tbody tr")
    expect(years.first.locator("th")).to_have_text(str(NOW.year))
    expect(page.locator(".tile", has_text="Money-weighted return")).to_contain_text("a year, since")
    page.get_by_text("Month by month as a table").click()
    months = page.get_by_role("region", name="Returns by month").locator("tbody tr")
    assert months.count() == cells.count() - years.count()
    expect(months.first).to_contain_text("%")
