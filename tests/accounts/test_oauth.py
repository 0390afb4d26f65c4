from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import time_machine
from flask import Flask

from app.accounts.sign_in_flow import MAX_SECONDS_AWAY
from db.accounts import users
from db.core.pool import Database
from tests.accounts.conftest import Make
from tests.accounts.servers.github import GitHub
from tests.accounts.servers.oidc import Claims, Oidc
from tests.accounts.servers.provider_mock import provider_mock
from tests.accounts.support import AUTH, HTML, JSON, Visitor, agreed, query_of


def someone(visitor: Visitor) -> dict[str, Any]:
    me = visitor.me()
    assert me is not None
    return me


def test_google_against_oidc_provider_mock(make: Make) -> None:
    ada = {"sub": "ada-1", "email": "ada@example.org", "email_verified": True, "name": "Ada Lovelace"}
    with provider_mock(ada) as url:
        visitor = Visitor(
            make(
                google_client_id="id",
                google_client_secret="secret",  # noqa: S106
                google_metadata_url=f"{url}/.well-known/openid-configuration",
            )
        )
        address = visitor.leave("google")
        asked = query_of(address)
        assert (asked["code_challenge_method"], len(asked["code_challenge"])) == ("S256", 43)
        assert asked["nonce"]
        assert asked["redirect_uri"] == "http://localhost/api/v1/auth/google/callback"
        back = httpx.post(address, data={"sub": "ada-1"}, follow_redirects=False)
        assert visitor.arrive(back.headers["location"]).status_code == 303
    me = someone(visitor)
    assert (me["name"], me["email"], me["providers"]) == ("Ada Lovelace", "ada@example.org", ["google"])


def test_github_signs_in_by_number_and_verified_primary_address(visitor: Visitor, github_state: GitHub) -> None:
    assert visitor.through("github").status_code == 303
    me = someone(visitor)
    assert (me["name"], me["email"], me["providers"]) == ("The Octocat", "octocat@example.org", ["github"])
    assert github_state.authorised[0]["code_challenge_method"] == "S256"
    assert github_state.authorised[0]["scope"] == "read:user user:email"


@pytest.mark.parametrize("provider", ["google", "github"])
class TestState:
    def test_wrong(self, provider: str, visitor: Visitor) -> None:
        address = agreed(visitor.leave(provider))
        state = query_of(address)["state"]
        assert visitor.arrive(address.replace(state, state[::-1])).status_code == 400
        assert visitor.me() is None

    def test_missing(self, provider: str, visitor: Visitor) -> None:
        code = query_of(agreed(visitor.leave(provider)))["code"]
        assert visitor.get(f"{AUTH}/{provider}/callback?code={code}").status_code == 400
        assert visitor.me() is None

    def test_given_twice(self, provider: str, visitor: Visitor) -> None:
        address = agreed(visitor.leave(provider))
        assert visitor.arrive(f"{address}&state={query_of(address)['state']}").status_code == 400
        assert visitor.me() is None

    def test_too_old(self, provider: str, visitor: Visitor) -> None:
        with time_machine.travel(datetime.now(UTC) - timedelta(seconds=MAX_SECONDS_AWAY + 5)):
            address = visitor.leave(provider)
        assert visitor.arrive(agreed(address)).status_code == 400
        assert visitor.me() is None

    def test_of_another_browser(self, provider: str, visitor: Visitor, server: Flask) -> None:
        address = agreed(Visitor(server).leave(provider))
        assert visitor.arrive(address).status_code == 400
        visitor.leave(provider)
        assert visitor.arrive(address).status_code == 400
        assert visitor.me() is None

    def test_of_another_provider(self, provider: str, visitor: Visitor) -> None:
        other = {"google": "github", "github": "google"}[provider]
        address = agreed(visitor.leave(other))
        assert visitor.arrive(address.replace(f"/{other}/", f"/{provider}/")).status_code == 400
        assert visitor.me() is None

    def test_used_once(self, provider: str, visitor: Visitor, server: Flask) -> None:
        address = agreed(visitor.leave(provider))
        assert visitor.arrive(address).status_code == 303
        assert visitor.arrive(address).status_code == 400
        assert Visitor(server).arrive(address).status_code == 400

    def test_code_replayed_with_a_state_of_our_own(self, provider: str, visitor: Visitor, server: Flask) -> None:
        code = query_of(agreed(visitor.leave(provider)))["code"]
        thief = Visitor(server)
        state = query_of(thief.leave(provider))["state"]
        assert thief.get(f"{AUTH}/{provider}/callback?code={code}&state={state}").status_code == 400
        assert thief.me() is None

    def test_refused_by_the_person(self, provider: str, visitor: Visitor) -> None:
        state = query_of(visitor.leave(provider))["state"]
        path = f"{AUTH}/{provider}/callback?error=access_denied&state={state}"
        assert visitor.get(path).status_code == 403
        assert visitor.me() is None

    def test_without_a_code(self, provider: str, visitor: Visitor) -> None:
        state = query_of(visitor.leave(provider))["state"]
        assert visitor.get(f"{AUTH}/{provider}/callback?state={state}").status_code == 400
        assert visitor.me() is None


def changed(**fields: Any) -> Callable[[Claims], Claims]:
    return lambda claims: {name: value for name, value in (claims | fields).items() if value is not ...}


LIES: dict[str, Callable[[Claims], Claims]] = {
    "issuer": changed(iss="https://evil.example"),
    "no issuer": changed(iss=...),
    "audience": changed(aud="another-client"),
    "no audience": changed(aud=...),
    "nonce": changed(nonce="another"),
    "no nonce": changed(nonce=...),
    "expired": changed(exp=1_600_000_000, iat=1_599_999_000),
    "no expiry": changed(exp=...),
    "no subject": changed(sub=...),
    "empty subject": changed(sub=""),
    "numeric subject": changed(sub=7),
}


@pytest.mark.parametrize("lie", LIES)
def test_an_id_token_that_lies_is_refused(lie: str, visitor: Visitor, oidc_state: Oidc) -> None:
    oidc_state.lie = LIES[lie]
    assert visitor.through("google").status_code == 400
    assert visitor.me() is None


def test_an_id_token_of_a_foreign_key_is_refused(visitor: Visitor, oidc_state: Oidc) -> None:
    oidc_state.foreign_key = True
    assert visitor.through("google").status_code == 400
    assert visitor.me() is None


def test_a_reply_without_an_id_token_is_refused(visitor: Visitor, oidc_state: Oidc) -> None:
    oidc_state.with_id_token = False
    assert visitor.through("google").status_code == 400
    assert visitor.me() is None


@pytest.mark.parametrize("verified", [False, "true", 1, None])
def test_an_unverified_address_links_nothing(
    verified: object, visitor: Visitor, server: Flask, oidc_state: Oidc, github_state: GitHub
) -> None:
    visitor.through("github")
    attacker = Visitor(server)
    oidc_state.claims = {
        "sub": "attacker",
        "email": "octocat@example.org",
        "email_verified": verified,
        "name": "Mallory",
    }
    assert attacker.through("google").status_code == 303
    assert someone(attacker)["id"] != someone(visitor)["id"]
    assert someone(attacker)["email"] is None


def test_an_address_that_github_has_not_verified_links_nothing(
    visitor: Visitor, server: Flask, github_state: GitHub
) -> None:
    visitor.through("google")
    github_state.user["email"] = "ada@example.org"
    github_state.emails = [{"email": "ada@example.org", "primary": True, "verified": False}]
    other = Visitor(server)
    other.through("github")
    assert someone(other)["id"] != someone(visitor)["id"]
    assert someone(other)["email"] is None


def test_an_address_verified_on_both_sides_links(visitor: Visitor, server: Flask, github_state: GitHub) -> None:
    visitor.through("google")
    github_state.emails = [{"email": "Ada@Example.org", "primary": True, "verified": True}]
    other = Visitor(server)
    other.through("github")
    assert someone(other)["id"] == someone(visitor)["id"]
    assert someone(other)["providers"] == ["google", "github"]


def test_a_look_alike_letter_does_not_make_an_address_the_same(
    visitor: Visitor, server: Flask, oidc_state: Oidc, github_state: GitHub
) -> None:
    oidc_state.claims["email"] = "mike@example.org"
    visitor.through("google")
    github_state.emails = [{"email": "mi\u212ae@example.org", "primary": True, "verified": True}]
    other = Visitor(server)
    other.through("github")
    assert someone(other)["id"] != someone(visitor)["id"]


def test_a_new_subject_with_an_old_address_is_not_let_in(visitor: Visitor, server: Flask, oidc_state: Oidc) -> None:
    visitor.through("google")
    oidc_state.claims["sub"] = "somebody-who-got-the-address-later"
    later = Visitor(server)
    assert later.through("google").status_code == 409
    assert later.me() is None


def test_the_subject_decides_when_the_address_changes(visitor: Visitor, server: Flask, oidc_state: Oidc) -> None:
    visitor.through("google")
    oidc_state.claims["email"] = "countess@example.org"
    again = Visitor(server)
    again.through("google")
    assert someone(again)["id"] == someone(visitor)["id"]


def test_a_github_that_hides_addresses_signs_in_without_one(visitor: Visitor, github_state: GitHub) -> None:
    github_state.emails = None
    github_state.user["email"] = "shown@example.org"
    assert visitor.through("github").status_code == 303
    assert someone(visitor)["email"] is None


@pytest.mark.parametrize("number", [None, "583231", True, 0])
def test_a_github_user_without_a_number_is_refused(number: object, visitor: Visitor, github_state: GitHub) -> None:
    github_state.user["id"] = number
    assert visitor.through("github").status_code == 400
    assert visitor.me() is None


def test_linking_is_bound_to_the_user_who_began(visitor: Visitor, server: Flask) -> None:
    visitor.through("steam/login")
    address = agreed(visitor.leave("github", link="true"))
    visitor.send("POST", f"{AUTH}/logout", {})
    assert visitor.arrive(address).status_code == 400
    assert visitor.me() is None


@pytest.mark.parametrize("provider", ["google", "github"])
def test_linking_needs_a_session(provider: str, visitor: Visitor, server: Flask) -> None:
    assert visitor.get(f"{AUTH}/{provider}?link=true").status_code == 401
    visitor.through("steam/login")
    made = visitor.send("POST", f"{AUTH}/keys", {"name": "script", "scope": "full"}).get_json()
    key = {"Authorization": f"Bearer {made['key']}"}
    assert Visitor(server).get(f"{AUTH}/{provider}?link=true", headers=JSON | key).status_code == 401


@pytest.mark.parametrize("provider", ["google", "github"])
def test_linking_needs_it_to_the_end(provider: str, visitor: Visitor, database: Database) -> None:
    """The account has disowned the session meanwhile, which Redis does not know."""
    visitor.through("steam/login")
    user_id = someone(visitor)["id"]
    address = agreed(visitor.leave(provider, link="true"))
    users.end_sessions(database, user_id)
    assert visitor.arrive(address).status_code == 401
    assert database.rows("SELECT provider FROM user_identities") == [{"provider": "steam"}]


def test_a_login_at_github_that_changes_hands_takes_no_account_along(
    visitor: Visitor, server: Flask, github_state: GitHub
) -> None:
    github_state.emails = []
    visitor.through("github")
    github_state.user = github_state.user | {"login": "renamed"}
    renamed, successor = Visitor(server), Visitor(server)
    renamed.through("github")
    assert someone(renamed)["id"] == someone(visitor)["id"]
    github_state.user = github_state.user | {"id": 2, "login": "octocat"}
    successor.through("github")
    assert someone(successor)["id"] != someone(visitor)["id"]


def test_linking_adds_to_the_account(visitor: Visitor) -> None:
    visitor.through("steam/login")
    visitor.through("github", link="true")
    visitor.through("google", link="true")
    assert someone(visitor)["providers"] == ["steam", "github", "google"]
    assert someone(visitor)["email"] == "octocat@example.org"


def test_a_second_github_account_is_not_linked(visitor: Visitor, github_state: GitHub) -> None:
    visitor.through("github")
    github_state.user = {"id": 2, "login": "other"}
    github_state.emails = []
    assert visitor.through("github", link="true").status_code == 409


def test_what_is_not_configured_is_not_there(make: Make) -> None:
    visitor = Visitor(make())
    assert visitor.get(f"{AUTH}/providers").get_json() == {"configured": [], "linked": []}
    for path in ("google", "google/callback", "github", "github/callback", "steam/login", "steam/login/callback"):
        assert visitor.get(f"{AUTH}/{path}").status_code == 404
    assert visitor.send("POST", f"{AUTH}/magic-link", {"email": "a@example.org"}).status_code == 404


def test_a_provider_that_is_down_is_said_to_be(make: Make) -> None:
    visitor = Visitor(
        make(
            google_client_id="id",
            google_client_secret="secret",  # noqa: S106
            google_metadata_url="http://127.0.0.1:9/.well-known/openid-configuration",
        )
    )
    assert visitor.get(f"{AUTH}/google").status_code == 502
    assert visitor.get(f"{AUTH}/google", headers=HTML).location == "/sign-in?error=provider-down"


OUTSIDE = (
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "javascript:alert(1)",
    "/\t/evil.example",
    "/%0d%0aLocation: x\r\n",
    "/api/v1/auth/google",
    "evil",
    "",
)


@pytest.mark.parametrize("path", OUTSIDE)
def test_next_leads_nowhere_else(path: str, visitor: Visitor) -> None:
    assert visitor.through("github", next=path).location == "/account"


def test_next_leads_to_our_own_pages(visitor: Visitor) -> None:
    assert visitor.through("github", next="/items?search=ak").location == "/items?search=ak"
