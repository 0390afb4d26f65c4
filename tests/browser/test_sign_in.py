"""From the sign-in page to the account page and out again, in Chromium, with each provider."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.accounts.servers import github, steam
from tests.accounts.servers.provider_mock import provider_mock
from tests.accounts.servers.wire import serving
from tests.conftest import Site, start_site, stop_site, wait_for

pytestmark = pytest.mark.slow

ADA = {"sub": "ada-1", "email": "ada@example.org", "email_verified": True, "name": "Ada Lovelace"}


@dataclass(slots=True)
class Open:
    """An instance with three providers, and what two of them say."""

    site: Site
    github: github.GitHub
    steam: steam.Steam


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    at_github, at_steam = github.GitHub(page=True), steam.Steam(page=True)
    with ExitStack() as stack:
        google_url = stack.enter_context(provider_mock(ADA))
        github_url = stack.enter_context(serving(github.app(at_github)))
        steam_url = stack.enter_context(serving(steam.app(at_steam)))
        site = start_site(
            tmp_path_factory.mktemp("accounts") / "data",
            TRACERA_DEMO_HISTORY_DAYS="0",
            TRACERA_LIMIT_AUTH="0",
            TRACERA_LIMIT_SIGN_IN="0",
            TRACERA_GOOGLE_CLIENT_ID="google-id",
            TRACERA_GOOGLE_CLIENT_SECRET="google-secret",  # noqa: S106
            TRACERA_GOOGLE_METADATA_URL=f"{google_url}/.well-known/openid-configuration",
            TRACERA_GITHUB_CLIENT_ID="github-id",
            TRACERA_GITHUB_CLIENT_SECRET="github-secret",  # noqa: S106
            TRACERA_GITHUB_URL=github_url,
            TRACERA_GITHUB_API_URL=github_url,
            TRACERA_STEAM_LOGIN="true",
            TRACERA_STEAM_OPENID_URL=f"{steam_url}/openid",
        )
        stack.callback(stop_site, site)
        wait_for(lambda: site.get("/healthz")[0] == 200, 60, f"not up; see {site.log}")
        yield Open(site, at_github, at_steam)


def agree_at_google(page: Page) -> None:
    page.get_by_role("button", name="ada-1").first.click()


def agree_at_github(page: Page) -> None:
    page.get_by_role("button", name="Authorize octocat").click()


def agree_at_steam(page: Page) -> None:
    page.get_by_role("button", name="Sign in through Steam").click()


PROVIDERS: dict[str, tuple[Callable[[Page], None], str]] = {
    "Google": (agree_at_google, "Ada Lovelace"),
    "GitHub": (agree_at_github, "The Octocat"),
    "Steam": (agree_at_steam, "Steam user 0001"),
}


def sign_in(page: Page, url: str, provider: str) -> None:
    page.goto(f"{url}/sign-in")
    page.get_by_role("link", name=f"Continue with {provider}").click()
    PROVIDERS[provider][0](page)
    page.wait_for_url(f"{url}/account")
    expect(page.get_by_role("heading", name="Profile")).to_be_visible()


def ours(complaints: list[str], url: str) -> None:
    """Keep what the browser says of our pages; the providers' own are not what is tried."""
    complaints[:] = [complaint for complaint in complaints if url in complaint or "(" not in complaint]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_in_and_out_again(provider: str, page: Page, instance: Open, complaints: list[str]) -> None:
    url, name = instance.site.url, PROVIDERS[provider][1]
    sign_in(page, url, provider)
    expect(page.locator(".account-person")).to_contain_text(name)
    expect(page.locator("#account")).to_contain_text(name)
    expect(page.get_by_text("this browser")).to_be_visible()
    cookie = next(cookie for cookie in page.context.cookies() if cookie["name"] == "tracera_session")
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    page.get_by_label(f"Account of {name}").click()
    page.locator(".account-corner .menu-entries").get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{url}/")
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    page.goto(f"{url}/account")
    page.wait_for_url(f"{url}/sign-in?next=%2Faccount")
    ours(complaints, url)


def test_keys_methods_and_sessions(page: Page, browser: Browser, instance: Open, complaints: list[str]) -> None:
    url = instance.site.url
    sign_in(page, url, "GitHub")
    elsewhere = browser.new_page()
    sign_in(elsewhere, url, "GitHub")

    page.get_by_label("Name of a new key").fill("backup script")
    page.get_by_role("button", name="Create key").click()
    expect(page.locator("#account-key")).to_have_text(re.compile(r"trc_[\w-]{43}"))
    page.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Revoke").click()
    page.get_by_role("button", name="Really revoke?").click()
    expect(page.get_by_text("No keys yet.")).to_be_visible()

    page.get_by_role("button", name="End", exact=True).first.click()
    page.get_by_role("button", name="Really end?").click()
    expect(page.get_by_role("button", name="End", exact=True)).to_have_count(0)
    elsewhere.reload()
    elsewhere.wait_for_url(f"{url}/sign-in?next=%2Faccount")
    elsewhere.close()

    steam_row = page.locator(".account-row", has_text="Steam")
    instance.steam.steam_id = "76561198000000777"
    steam_row.get_by_role("link", name="Link").click()
    agree_at_steam(page)
    page.wait_for_url(f"{url}/account")
    expect(page.get_by_text("76561198000000777").first).to_be_visible()
    instance.steam.steam_id = "76561198000000001"
    steam_row.get_by_role("button", name="Unlink").click()
    steam_row.get_by_role("button", name="Really unlink?").click()
    expect(steam_row.get_by_role("link", name="Link")).to_be_visible()

    page.get_by_text("Delete this account").click()
    page.get_by_label("Type “delete my account”").fill("delete my account")
    page.get_by_role("button", name="Delete for good").click()
    page.wait_for_url(f"{url}/")
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    ours(complaints, url)


def test_cancelling_comes_back_with_words(page: Page, instance: Open) -> None:
    url = instance.site.url
    page.goto(f"{url}/api/v1/auth/github/callback?code=x&state=y")
    page.wait_for_url(f"{url}/sign-in?error=state")
    expect(page.get_by_role("alert")).to_contain_text("not started in this browser")


def test_the_local_owner_signs_in_with_one_click(page: Page, site: str, complaints: list[str]) -> None:
    page.goto(f"{site}/sign-in")
    page.get_by_role("button", name="Sign in as the local owner").click()
    page.wait_for_url(f"{site}/account")
    expect(page.locator("#account")).to_contain_text("Local owner")
    assert not complaints
