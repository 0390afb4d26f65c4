"""The portfolio page in Chromium: from nobody to an import, live, shared, on every screen."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from tests.browser.portfolio.desk import AK, AWP, CASE, MEDAL, PAGE, TOTAL, UNPRICED, Desk, gated, open_desk, shown
from tests.browser.support import (
    LOOKS,
    NAMED,
    PHONE,
    RESULTS,
    SCHEMES,
    VIOLATIONS,
    WATCH,
    WIDE,
    Look,
    asked,
    grave,
    overflow,
    until,
    violations,
)
from tests.upstream.inventory import Owner

pytestmark = pytest.mark.slow

CUT = """[...document.querySelectorAll(".portfolio-legend th")].filter((name) => {
  name.append(" of the longest names");
  const cut = name.scrollWidth > name.clientWidth;
  name.lastChild.remove();
  return cut;
}).map((name) => name.textContent)"""
"""Names that the legend would cut if they were long ones."""
ROWS = ".portfolio-grid > tbody > tr:not(.portfolio-lots)"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Desk]:
    with open_desk(tmp_path_factory.mktemp("portfolio"), browser) as made:
        yield made


@pytest.fixture
def heard() -> Iterator[list[str]]:
    """What browsers complain about in contexts made with `listen`; none may be left."""
    found: list[str] = []
    yield found
    assert not found


def listen(context: BrowserContext, heard: list[str], *, but: str = "nothing") -> BrowserContext:
    context.add_init_script(VIOLATIONS)
    context.on(
        "console", lambda told: heard.append(told.text) if told.type == "error" and but not in told.text else None
    )
    context.on("weberror", lambda told: heard.append(str(told.error)))
    return context


@pytest.fixture
def mine(request: pytest.FixtureRequest, browser: Browser, desk: Desk, heard: list[str]) -> Iterator[BrowserContext]:
    """The owner's browser, holding what `Desk.hold` says; its look is the parameter, if there is one."""
    desk.hold()
    look = getattr(request, "param", LOOKS[0])
    context = listen(browser.new_context(storage_state=desk.state, **look), heard)
    yield context
    for page in context.pages:
        assert page.evaluate("window.violations || []") == []
    context.close()


def row(page: Page, name: str) -> Any:
    return page.locator(ROWS, has_text=name)


@pytest.mark.parametrize("look", LOOKS, ids=NAMED)
def test_from_nobody_to_an_import(browser: Browser, desk: Desk, heard: list[str], look: Look) -> None:
    desk.empty()
    url = desk.site.url
    owner, event = gated(pages=3, total=3 * PAGE)
    desk.upstream.world.inventories["76561198000000001"] = owner
    context = listen(browser.new_context(**look), heard, but="404")  # the stand-in for Steam has no icon
    page = shown(context, f"{url}/portfolio", "#portfolio-look")
    page.locator(".portfolio-out").get_by_role("link", name="Sign in").click()
    page.get_by_role("button", name="Sign in as the local owner").click()
    page.wait_for_url(f"{url}/portfolio")
    expect(page.get_by_text("Nothing here yet")).to_be_visible()
    page.get_by_role("link", name="Link Steam").first.click()
    page.get_by_role("button", name="Sign in through Steam").click()
    page.wait_for_url(f"{url}/portfolio")
    page.get_by_role("button", name="Import from Steam").click()
    bar = page.get_by_role("progressbar", name="Import from Steam")
    expect(bar).to_have_attribute("max", str(3 * PAGE))
    assert bar.evaluate("bar => bar.value") == PAGE
    expect(page.locator("#portfolio-import")).to_contain_text(f"{PAGE} of {3 * PAGE} items read")
    # Another tab finds the run, and a click there joins it.
    other = shown(context, f"{url}/portfolio", ".portfolio-progress progress")
    expect(other.get_by_role("button", name="Importing…").first).to_be_visible()
    event.set()
    for one in (page, other):
        expect(one.locator(".portfolio-result")).to_contain_text(f"{3 * PAGE} items imported")
        expect(row(one, AK)).to_contain_text("$172.50")
    expect(page.locator(".portfolio-result")).to_contain_text(f"{3 * PAGE} new")
    expect(page.locator("[data-portfolio-figure=total_value]")).to_have_text("$172.50")
    expect(page.get_by_role("main").get_by_text("Imported", exact=False).first).to_be_visible()
    context.close()


def test_figures_as_the_server_counts_them(mine: BrowserContext, desk: Desk) -> None:
    page = shown(mine, f"{desk.site.url}/portfolio", ROWS)
    figure = page.locator("[data-portfolio-figure=total_value]")
    expect(figure).to_have_text(TOTAL)
    expect(page.locator("[data-portfolio-figure=change_24h]")).to_have_text("▲ +$2.50")
    expect(page.locator("[data-portfolio-figure=profit]")).to_have_text("▲ +$5.00")
    assert page.locator(ROWS).count() == 3
    cells = row(page, AK).locator("td")
    texts = [cells.nth(place).inner_text() for place in range(cells.count())]
    assert (texts[0], texts[2:7]) == ("$11.50", ["\u00d7\u00a03", "$34.50", "$18.00", "▲ +$5.00", "$30.00"])
    assert texts[1].startswith("steam · ")
    expect(row(page, AWP).locator(".portfolio-badge")).to_have_text(re.compile(r"on hold · \dd?"))
    page.get_by_text("Without a price (1").click()
    expect(page.get_by_text(UNPRICED)).to_be_visible()
    page.get_by_text("Cannot be sold (1").click()
    expect(page.get_by_text(MEDAL)).to_be_visible()
    expect(page.locator(".portfolio-legend tr")).to_have_count(3)
    expect(page.locator(".portfolio-chart svg")).to_be_visible()
    page.locator(".portfolio-chart svg").focus()
    page.keyboard.press("Home")
    expect(page.locator(".portfolio-dot-own")).to_have_count(1)


@pytest.mark.parametrize("mine", LOOKS, ids=NAMED, indirect=True)
def test_a_published_price_moves_the_row_and_the_total(mine: BrowserContext, desk: Desk) -> None:
    page = shown(mine, f"{desk.site.url}/portfolio", ROWS)
    expect(page.locator("[data-portfolio-figure=total_value]")).to_have_text(TOTAL)
    loaded = asked(page)

    # Whether the subscription stands already nobody tells: the price is announced until it shows.
    def risen() -> bool:
        desk.price(AK, 2000)
        return "$160.00" in page.locator("[data-portfolio-figure=total_value]").inner_text()

    until(page, risen, "the price did not show", 30)
    expect(row(page, AK)).to_contain_text("$60.00")
    expect(row(page, AK)).to_contain_text("▲ +$22.00")
    expect(page.locator("[data-portfolio-figure=profit]")).to_have_text("▲ +$22.00")
    expect(page.locator("[data-portfolio-figure=change_24h]")).to_have_text("▲ +$28.00")
    expect(row(page, AK)).to_contain_text("$52.17")  # net: 17.39 each
    assert loaded == []


def test_search_sort_and_lots(mine: BrowserContext, desk: Desk) -> None:
    page = shown(mine, f"{desk.site.url}/portfolio", ROWS)
    names = page.locator(f"{ROWS} a")
    assert names.all_inner_texts() == [AWP, AK, CASE]
    page.get_by_role("button", name="Item", exact=True).click()
    assert names.all_inner_texts() == [AK, AWP, CASE]
    page.get_by_label("Search holdings").fill("tested ak")
    expect(page.locator(ROWS)).to_have_count(1)
    page.get_by_role("button", name=f"Show the lots of {AK}").click()
    expect(page.locator(".portfolio-lots")).to_contain_text("3 on Steam, 2 recorded.")
    expect(page.locator(".portfolio-lot-table tbody tr")).to_have_count(1)
    page.get_by_label("Search holdings").fill("zzz")
    expect(page.get_by_text("Nothing held matches these words.")).to_be_visible()


def test_what_goes_wrong_with_an_import_says_what_to_do(mine: BrowserContext, desk: Desk, heard: list[str]) -> None:
    page = shown(mine, f"{desk.site.url}/portfolio", ROWS)
    page.get_by_role("button", name="Import", exact=True).click()
    panel = page.locator("#portfolio-import")
    expect(panel).to_contain_text("This inventory is private.")
    expect(panel).to_contain_text("Your holdings are as they were.")
    expect(panel.get_by_role("link")).to_have_attribute("href", "https://steamcommunity.com/my/edit/settings")
    desk.redis.set(f"portfolio:cooldown:{desk.owner()}", "1", ex=90)
    page.reload()
    expect(page.get_by_role("button", name=re.compile(r"Again in 1:[0-3]\d"))).to_be_disabled()
    desk.redis.delete(f"portfolio:cooldown:{desk.owner()}")
    page.reload()
    owner, event = gated(pages=1, total=PAGE)
    event.set()
    owner.answers[0] = (500, b"oops")
    desk.upstream.world.inventories["76561198000000001"] = owner
    page.get_by_role("button", name="Import", exact=True).click()
    expect(panel).to_contain_text("Steam has an error of its own")
    expect(panel.get_by_role("button", name=re.compile("Try again|Again in"))).to_be_visible()
    heard.clear()  # the browser reports the answers 403 and 503 themselves


def test_steps_that_come_by_the_socket_show(mine: BrowserContext, desk: Desk) -> None:
    page = shown(mine, f"{desk.site.url}/portfolio", ROWS)
    expect(page.locator("[data-portfolio-imported]")).to_contain_text("Imported")
    step = {"type": "portfolio", "run": "r", "state": "running", "message": "2 of 4 items read", "done": 2, "total": 4}
    page.evaluate("step => document.dispatchEvent(new CustomEvent('tracera:portfolio', { detail: step }))", step)
    expect(page.get_by_role("progressbar")).to_have_attribute("max", "4")
    expect(page.locator("#portfolio-import")).to_contain_text("2 of 4 items read")


@pytest.mark.parametrize("quantities", [False, True], ids=["hidden", "open"])
@pytest.mark.parametrize("mine", LOOKS, ids=NAMED, indirect=True)
def test_a_share_link_signed_out(
    mine: BrowserContext,
    browser: Browser,
    desk: Desk,
    heard: list[str],
    quantities: bool,  # noqa: FBT001
) -> None:
    page = shown(mine, f"{desk.site.url}/portfolio", ROWS)
    page.get_by_role("button", name="Share").click()
    if quantities:
        page.get_by_label("Show quantities").check()
    page.get_by_role("button", name="Create link").click()
    address = page.get_by_label("The new link").input_value()

    outside = listen(browser.new_context(viewport=page.viewport_size), heard, but="404")
    told: list[str] = []
    outside.on("response", lambda reply: told.append(reply.text()) if "_dash-update" in reply.url else None)
    visitor = outside.new_page()
    reply = visitor.goto(address)
    assert reply
    assert reply.status == 200
    assert (reply.headers["referrer-policy"], reply.headers["x-robots-tag"]) == ("no-referrer", "noindex, nofollow")
    expect(visitor.locator(ROWS)).to_have_count(3)
    expect(row(visitor, AK)).to_contain_text("$11.50")
    assert visitor.get_by_text(TOTAL).count() == quantities
    assert visitor.locator(".portfolio-expand").count() == 0
    rows = visitor.evaluate("dash_component_api.getLayout('shared-data').props.data.rows")
    assert [one["quantity"] is None for one in rows] == [not quantities] * 5
    if not quantities:
        expect(row(visitor, AWP)).to_contain_text("59.5")
        assert not any(TOTAL in text or "13450" in text for text in told)
    assert grave(visitor) == []

    page.get_by_role("button", name="Revoke").click()
    page.get_by_role("button", name="Really revoke?").click()
    expect(page.get_by_text("Nobody but you sees this portfolio.")).to_be_visible()
    gone = visitor.goto(address)
    assert gone
    assert gone.status == 404
    expect(visitor.get_by_text("This link does not work")).to_be_visible()
    outside.close()


def test_settings_and_several_portfolios(mine: BrowserContext, desk: Desk, heard: list[str]) -> None:
    url = desk.site.url
    page = shown(mine, f"{url}/portfolio", ROWS)
    page.get_by_role("button", name="Settings").click()
    page.get_by_text("New portfolio").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").nth(1).fill("Storage")
    dialog.get_by_role("button", name="Create portfolio").click()
    page.wait_for_url(re.compile(r"portfolio=\d+"))
    expect(page.get_by_text("Nothing here yet")).to_be_visible()
    expect(page.get_by_role("button", name="Import", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Settings").click()
    dialog.get_by_label("Name").first.fill("My portfolio")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert").first).to_contain_text("you have a portfolio 'My portfolio' already")
    heard.clear()  # the browser reports the answer 409 itself
    page.get_by_text("Delete this portfolio").click()
    dialog.get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Really delete it?").click()
    page.wait_for_url(f"{url}/portfolio")
    expect(page.locator(ROWS)).to_have_count(3)
    page.get_by_role("button", name="Settings").click()
    page.get_by_label("Cost of what is sold").select_option("average")
    with page.expect_navigation():
        dialog.get_by_role("button", name="Save").click()
    assert desk.main()["cost_method"] == "average"


def test_a_public_profile_without_an_account(browser: Browser, desk: Desk, heard: list[str]) -> None:
    owner, event = gated(pages=1, total=PAGE)
    event.set()
    desk.upstream.world.inventories["76561198000000001"] = owner
    context = listen(browser.new_context(viewport=WIDE), heard)
    page = shown(context, f"{desk.site.url}/portfolio", "#portfolio-look")
    page.get_by_label("SteamID64, profile address or custom name").fill("76561198000000001")
    page.get_by_role("button", name="Show its value").click()
    expect(page.locator(".portfolio-look-total")).to_have_text("$57.50")
    expect(page.locator(".portfolio-look-rows tr")).to_have_count(1)
    context.close()


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["1280", "390"])
def test_looks_and_nothing_jumps(browser: Browser, desk: Desk, heard: list[str], size: ViewportSize) -> None:
    desk.hold()
    context = listen(browser.new_context(storage_state=desk.state, viewport=size), heard)
    context.add_init_script(WATCH)
    page = shown(context, f"{desk.site.url}/portfolio", ROWS)
    expect(page.locator(".portfolio-chart svg")).to_be_visible()
    page.wait_for_timeout(1500)
    seen = page.evaluate("window.seen")
    assert seen["shift"] < 0.05, seen["sources"]
    assert seen["longest"] < 2000
    assert page.evaluate(CUT) == []
    RESULTS.mkdir(exist_ok=True)
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.wait_for_timeout(300)
        assert overflow(page) == 0
        assert grave(page) == []
        look = f"{size['width']}-{scheme}"
        page.screenshot(path=RESULTS / f"portfolio-{look}.png", full_page=True)
        for name in ("Settings", "Share"):
            page.get_by_role("button", name=name).click()
            expect(page.get_by_role("dialog")).to_be_visible()
            page.wait_for_timeout(300)
            assert grave(page, "dialog") == []
            page.screenshot(path=RESULTS / f"portfolio-{name.lower()}-{look}.png")
            page.keyboard.press("Escape")
            expect(page.get_by_role("dialog")).to_have_count(0)
    assert violations(page) == []
    context.close()


def test_removing_most_of_what_is_held_asks_first(browser: Browser, desk: Desk, heard: list[str]) -> None:
    desk.hold()
    context = listen(browser.new_context(storage_state=desk.state), heard, but="409")  # the question
    desk.upstream.world.inventories["76561198000000001"] = Owner([{"success": 1, "total_inventory_count": 0}])
    count = "SELECT count(*) AS n FROM user_portfolio_holdings"
    page = shown(context, f"{desk.site.url}/portfolio", ROWS)
    page.get_by_role("button", name="Import").first.click()
    page.get_by_role("button", name="Keep my holdings").click()
    expect(page.get_by_role("button", name="Remove 5 items")).to_have_count(0)
    assert desk.database.rows(count) == [{"n": 5}]
    page.get_by_role("button", name="Import").first.click()
    page.get_by_role("button", name="Remove 5 items").click()
    expect(page.locator(".portfolio-result")).to_contain_text("5 gone")
    assert desk.database.rows(count) == [{"n": 0}]
    context.close()
