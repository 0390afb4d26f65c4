"""Scripts come with the page that needs them, before Dash draws it."""

import re

import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.browser.support import DESKTOP, asked, complete, opened, until

SCRIPT = re.compile(r"/assets/tracera/(\w+)-[0-9a-f]{16}\.js$")


def scripts(page: Page, kind: str = "script") -> list[str]:
    """Names of our scripts that the page asks for from now on, to run them or, as `other`, to have them ready."""
    found: list[str] = []

    def note(request: Request) -> None:
        if request.resource_type == kind and (name := SCRIPT.search(request.url)):
            found.append(name[1])

    page.on("request", note)
    return found


def wanted(route: Route, name: str) -> bool:
    """Whether the page is about to run a script of that name."""
    return route.request.resource_type == "script" and f"/{name}-" in route.request.url


@pytest.fixture
def wide(page: Page) -> Page:
    page.set_viewport_size(DESKTOP)
    return page


def follow(page: Page, name: str) -> None:
    page.locator("nav[aria-label='Pages']").get_by_role("link", name=name).click()


def test_each_page_brings_its_own_once(wide: Page, site: str, complaints: list[str]) -> None:
    found = scripts(wide)
    opened(wide, site, "/status")
    assert found == ["tracera"]
    for name, path in (("Items", "/items"), ("Status", "/status"), ("Items", "/items"), ("Portfolio", "/portfolio")):
        follow(wide, name)
        complete(wide, path)
    assert found == ["tracera", "items", "portfolio"]


def test_other_pages_scripts_are_ready_once_the_page_rests(wide: Page, site: str, complaints: list[str]) -> None:
    found = scripts(wide, "other")
    opened(wide, site, "/items")
    until(wide, lambda: len(found) == 7, "they are not asked for")
    assert sorted(found) == ["alerts", "candles", "compare", "item", "market", "portfolio", "research"]


def test_dash_waits_for_scripts_that_are_late(wide: Page, site: str, complaints: list[str]) -> None:
    held: list[Route] = []
    wide.route(SCRIPT, lambda route: held.append(route) if wanted(route, "items") else route.continue_())
    opened(wide, site, "/status")
    follow(wide, "Items")
    until(wide, lambda: held, "the script is not asked for")
    wide.wait_for_timeout(500)
    expect(wide).to_have_url(f"{site}/items")
    expect(wide.get_by_role("heading", level=1)).to_have_text("Status")
    held[0].continue_()
    complete(wide, "/items")
    wide.go_back()
    complete(wide, "/status")


def test_a_first_visit_waits_for_them_too(wide: Page, site: str, complaints: list[str]) -> None:
    held: list[Route] = []
    wide.route(SCRIPT, lambda route: held.append(route) if wanted(route, "items") else route.continue_())
    wide.goto(f"{site}/items", wait_until="commit")
    until(wide, lambda: held, "the script is not asked for")
    wide.wait_for_timeout(500)
    expect(wide.locator("#content")).to_have_count(0)
    held[0].continue_()
    complete(wide, "/items")


def test_a_server_with_newer_scripts_gives_the_page_anew(wide: Page, site: str) -> None:
    old = {"on": True}
    wide.route(
        SCRIPT,
        lambda route: route.fulfill(status=404) if old["on"] and wanted(route, "items") else route.continue_(),
    )
    opened(wide, site, "/status")
    loaded = asked(wide)
    wide.on("request", lambda request: old.update(on=False) if request.is_navigation_request() else None)
    follow(wide, "Items")
    complete(wide, "/items")
    assert loaded == [f"{site}/items"]
