"""What the policy forbids, no page does; and what a page asks for while it is open carries its token."""

import re

import pytest
from playwright.sync_api import Page, expect

from app.security import policy
from tests.browser.support import NOWHERE, VIOLATIONS, violations

pytestmark = pytest.mark.slow


def test_no_page_does_once_one_has_signed_in(page: Page, site: str, complaints: list[str]) -> None:
    page.add_init_script(VIOLATIONS)
    page.goto(f"{site}/sign-in")
    page.get_by_role("button", name="Sign in as the local owner").click()
    page.wait_for_url(f"{site}/account")
    expect(page.get_by_role("heading", name="Profile")).to_be_visible()
    page.get_by_label("Name of a new key").fill("script")
    page.get_by_role("button", name="Create key").click()
    expect(page.locator("#account-key")).to_have_text(re.compile("trc_"))
    page.get_by_role("button", name="Close").click()
    page.get_by_label("Account of Local owner").click()
    assert violations(page) == []
    for path in sorted(re.sub("<[^>]+>", "1", path) for path in policy.PAGES.keys() - set(NOWHERE)):
        page.goto(site + path, wait_until="networkidle")
        expect(page.locator("#content h1").first).to_be_visible()
        assert violations(page) == [], path


def test_a_script_in_a_page_does_not_run_and_is_noticed(page: Page, site: str) -> None:
    page.add_init_script(VIOLATIONS)
    page.goto(site)
    add = "const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s)"
    page.evaluate(add)
    page.wait_for_function("window.violations.length")
    assert "script-src" in violations(page)[0]
    assert page.evaluate("window.ran") is None


def test_a_page_for_people_signed_in_leads_to_the_sign_in_from_inside_too(page: Page, site: str) -> None:
    page.goto(f"{site}/account")
    page.wait_for_url(f"{site}/sign-in?next=%2Faccount")
    page.goto(site, wait_until="networkidle")
    page.evaluate("history.pushState({}, '', '/account'); dispatchEvent(new CustomEvent('_dashprivate_pushstate'))")
    page.wait_for_url(f"{site}/sign-in?next=%2Faccount")
    expect(page.locator("#content h1").first).to_be_visible()
