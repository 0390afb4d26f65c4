"""Odd provider answers: a correct sign-in or a refusal with a message, never a server error or a wrong user."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc.jws import serialize_compact
from werkzeug.test import TestResponse
from werkzeug.wrappers import Response

from app.accounts.methods.provider_client import LARGEST
from tests.accounts.servers.github import GitHub
from tests.accounts.servers.oidc import Oidc
from tests.accounts.servers.steam import Steam
from tests.accounts.support import Visitor, agreed
from tests.patience import within

HUGE = b"[" + b'"x",' * LARGEST + b'"x"]'
DEEP = b'{"a":' * 5000 + b"1" + b"}" * 5000
BODIES: dict[str, bytes] = {
    "nothing": b"",
    "HTML": b"<!doctype html><title>Please sign in to the network</title>",
    "no UTF-8": b"\xff\xfe\xfa",
    "a list": b"[]",
    "a list of lists": b"[[[]]]",
    "a list with the word error": b'["error"]',
    "a number": b"7",
    "a text": b'"error"',
    "null": b"null",
    "true": b"true",
    "an object": b"{}",
    "an error": b'{"error": "temporarily_unavailable"}',
    "an error that is an object": b'{"error": {"code": 1}, "error_description": ["x"]}',
    "an error that is a list": b'{"error": []}',
    "a message": b'{"message": "Bad credentials"}',
    "NaN": b'{"id": NaN}',
    "a number beyond measure": b'{"id": 1e999, "expires_in": 1e999}',
    "a number of many digits": b'{"id": ' + b"9" * 5000 + b"}",
    "deep": DEEP,
    "deep lists": b"[" * 200_000,
    "huge": HUGE,
    "a name twice": b'{"id": 1, "id": 583231, "login": "octocat"}',
    "a lone surrogate": b'{"id": "\\ud800", "access_token": "\\ud800", "token_type": "bearer"}',
}


def saying(body: bytes, status: int = 200, mimetype: str = "application/json") -> Callable[[], Response]:
    return lambda: Response(body, status=status, mimetype=mimetype)


def refused(visitor: Visitor, reply: TestResponse) -> None:
    assert reply.status_code in {400, 403, 502}, reply.text
    assert len(reply.get_json()["error"]) > 20
    assert visitor.me() is None


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("view", ["access_token", "user"])
def test_github(view: str, body: str, visitor: Visitor, github_state: GitHub) -> None:
    address = agreed(visitor.leave("github"))
    github_state.odd[view] = saying(BODIES[body])
    refused(visitor, visitor.arrive(address))


@pytest.mark.slow
@pytest.mark.parametrize("body", [name for name in BODIES if name != "a list"])
def test_github_addresses(body: str, visitor: Visitor, github_state: GitHub) -> None:
    address = agreed(visitor.leave("github"))
    github_state.odd["emails"] = saying(BODIES[body])
    refused(visitor, visitor.arrive(address))


USERS: dict[str, Any] = {
    "an id that is a text": {"id": "583231"},
    "an id that is a list": {"id": [583231]},
    "an id that is true": {"id": True},
    "an id that is a fraction": {"id": 583231.5},
    "a negative id": {"id": -1},
    "an id beyond measure": {"id": 2**70},
    "a name that is an object": {"name": {"first": "Ada"}},
    "a name that is a number": {"name": 7},
    "a picture that is a list": {"avatar_url": ["https://x.example/a.png"]},
}


@pytest.mark.parametrize("change", USERS)
def test_a_github_user_of_odd_types(change: str, visitor: Visitor, github_state: GitHub) -> None:
    github_state.user = github_state.user | USERS[change]
    refused(visitor, visitor.through("github"))


def entry(email: Any, **flags: Any) -> dict[str, Any]:
    return {"email": email, "primary": True, "verified": True} | flags


ADDRESSES: dict[str, Any] = {
    "a number": [entry(7)],
    "a list": [entry(["ada@example.org"])],
    "an object": [entry({"a": 1})],
    "true": [{"email": True, "primary": True, "verified": True}],
    "no address": [entry("ada")],
    "two": [entry("ada@example.org, eve@example.org")],
    "a line break": [entry("ada@example.org\nBcc: eve@example.org")],
    "a zero character": [entry("ada\x00@example.org")],
    "a lone surrogate": [entry("ada\ud800@example.org")],
    "much too long": [entry("a" * 400 + "@example.org")],
    "two primary ones": [entry("ada@example.org"), entry("eve@example.org")],
    "an entry that is a text": ["ada@example.org"],
    "an object in place of the list": {"email": "ada@example.org", "primary": True, "verified": True},
}


@pytest.mark.slow
@pytest.mark.parametrize("shape", ADDRESSES)
def test_github_addresses_of_odd_shapes(shape: str, visitor: Visitor, github_state: GitHub) -> None:
    github_state.odd["emails"] = saying(json.dumps(ADDRESSES[shape]).encode())
    refused(visitor, visitor.through("github"))


@pytest.mark.parametrize("flag", ["true", 1, "yes", [True], {"a": 1}, None])
def test_a_flag_that_is_not_true_verifies_nothing(flag: Any, visitor: Visitor, github_state: GitHub) -> None:
    github_state.emails = [entry("ada@example.org", verified=flag)]
    assert visitor.through("github").status_code == 303
    me = visitor.me()
    assert me
    assert me["email"] is None


@pytest.mark.slow
@pytest.mark.parametrize("body", BODIES)
def test_google_tokens(body: str, visitor: Visitor, oidc_state: Oidc) -> None:
    address = agreed(visitor.leave("google"))
    oidc_state.odd["token"] = saying(BODIES[body])
    refused(visitor, visitor.arrive(address))


@pytest.mark.slow
@pytest.mark.parametrize("body", BODIES)
def test_google_keys_are_asked_for_again(body: str, visitor: Visitor, oidc_state: Oidc) -> None:
    oidc_state.odd["jwks"] = saying(BODIES[body])
    refused(visitor, visitor.through("google"))
    oidc_state.odd.clear()
    assert visitor.through("google").status_code == 303


@pytest.mark.slow
@pytest.mark.parametrize("body", BODIES)
def test_google_describes_itself_oddly_and_is_asked_again(body: str, visitor: Visitor, oidc_state: Oidc) -> None:
    oidc_state.odd["metadata"] = saying(BODIES[body])
    refused(visitor, visitor.get("/api/v1/auth/google"))
    oidc_state.odd.clear()
    assert visitor.through("google").status_code == 303


METADATA: dict[str, dict[str, Any]] = {
    "an endpoint that is a number": {"authorization_endpoint": 7},
    "an endpoint that is a script": {"authorization_endpoint": "javascript:alert(1)"},
    "keys that are nowhere": {"jwks_uri": None},
    "an issuer that is a list": {"issuer": ["https://accounts.google.com"]},
    "no signature but none": {"id_token_signing_alg_values_supported": ["none", "HS256"]},
    "signatures that are a text": {"id_token_signing_alg_values_supported": "RS256"},
}


@pytest.mark.parametrize("change", METADATA)
def test_google_describes_itself_with_odd_types(change: str, visitor: Visitor, oidc_state: Oidc) -> None:
    good = {
        name: f"http://localhost/{name}" for name in ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
    }
    oidc_state.odd["metadata"] = saying(json.dumps(good | METADATA[change]).encode())
    refused(visitor, visitor.get("/api/v1/auth/google"))


def test_what_google_says_of_itself_is_no_option_of_our_client(visitor: Visitor, oidc_state: Oidc) -> None:
    oidc_state.extra = {"client_id": "another", "scope": "everything", "jwks": {"keys": []}, "verify": False}
    assert visitor.through("google").status_code == 303


CLAIMS: dict[str, dict[str, Any]] = {
    "an e-mail that is a number": {"email": 7},
    "an e-mail that is a list": {"email": ["ada@example.org"]},
    "an e-mail that is an object": {"email": {"a": 1}},
    "an e-mail that is none": {"email": "ada"},
    "a lone surrogate in the e-mail": {"email": "ada\ud800@example.org"},
    "a zero character in the e-mail": {"email": "a\x00@example.org"},
    "a subject that is a number": {"sub": 7},
    "a subject that is a list": {"sub": ["g-1"]},
    "a subject that is true": {"sub": True},
    "a subject with a zero character": {"sub": "g-1\x00"},
    "a subject with a lone surrogate": {"sub": "g\ud800"},
    "a subject with a space": {"sub": "g 1"},
    "a subject that is too long": {"sub": "g" * 300},
    "a name that is a list": {"name": ["Ada"]},
    "a picture that is a number": {"picture": 7},
    "an expiry that is a text": {"exp": "soon"},
    "an expiry that is a list": {"exp": [1]},
    "an audience that is a number": {"aud": 7},
    "an audience of objects": {"aud": [{"a": 1}]},
    "a deep claim": {"deep": json.loads("[" * 60 + "]" * 60)},
}


@pytest.mark.slow
@pytest.mark.parametrize("change", CLAIMS)
def test_an_id_token_of_odd_types(change: str, visitor: Visitor, oidc_state: Oidc) -> None:
    oidc_state.lie = lambda claims: claims | CLAIMS[change]
    refused(visitor, visitor.through("google"))


def test_userinfo_beside_a_token_is_signed_by_nobody(visitor: Visitor, oidc_state: Oidc) -> None:
    address = agreed(visitor.leave("google"))
    body = {"access_token": "a", "token_type": "Bearer", "userinfo": {"sub": "g-1", "email_verified": True}}
    oidc_state.odd["token"] = saying(json.dumps(body).encode())
    refused(visitor, visitor.arrive(address))


def test_an_id_token_with_a_claim_twice(visitor: Visitor, oidc_state: Oidc) -> None:
    def twice(claims: dict[str, Any]) -> str:
        text = json.dumps(claims)[:-1] + ', "sub": "somebody-else"}'
        return serialize_compact({"alg": "RS256", "kid": "one"}, text, oidc_state.key)

    oidc_state.write = twice
    refused(visitor, visitor.through("google"))


def test_pictures_from_elsewhere_are_left_out(visitor: Visitor, github_state: GitHub) -> None:
    github_state.user["avatar_url"] = "javascript:alert(1)"
    assert visitor.through("github").status_code == 303
    me = visitor.me()
    assert me
    assert me["avatar_url"] is None


def dripping() -> Response:
    def drops() -> Iterator[bytes]:
        yield b'{"id": 1'
        while True:
            time.sleep(0.5)
            yield b" "

    return Response(drops(), mimetype="application/json")


@pytest.mark.slow
def test_a_body_that_drips_is_given_up(visitor: Visitor, github_state: GitHub) -> None:
    address = agreed(visitor.leave("github"))
    github_state.odd["user"] = dripping
    begun = time.monotonic()
    refused(visitor, visitor.arrive(address))
    assert time.monotonic() - begun < within(8)


@pytest.mark.parametrize(
    "reply",
    ["", "is_valid:true\n", "ns:http://specs.openid.net/auth/2.0\nis_valid:false\nis_valid:true\n", "<html>is_valid:true</html>",
     "ns:http://specs.openid.net/auth/2.0\nerror:x\u2028is_valid:true\n", "x" * 100_000_0,
     "ns:http://specs.openid.net/auth/2.0\nis_valid:true\nis_valid:true\n"],
)  # fmt: skip
def test_steam(reply: str, visitor: Visitor, steam_state: Steam) -> None:
    steam_state.reply = reply
    refused(visitor, visitor.through("steam/login"))


values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def says_who_or_refuses(server: Flask, path: str) -> dict[str, Any] | None:
    visitor = Visitor(server)
    reply = visitor.through(path)
    assert reply.status_code in {303, 400, 403, 409, 502}, reply.text
    me = visitor.me()
    assert (me is not None) == (reply.status_code == 303)
    return me


@pytest.mark.slow
@FUZZ
@given(
    user=st.dictionaries(st.sampled_from(["id", "login", "name", "avatar_url", "email"]), values),
    emails=values
    | st.lists(st.fixed_dictionaries({"email": values, "primary": values, "verified": values}), max_size=2),
)
def test_github_fuzzed(server: Flask, github_state: GitHub, user: dict[str, Any], emails: Any) -> None:
    github_state.odd["user"] = saying(json.dumps(user).encode())
    github_state.odd["emails"] = saying(json.dumps(emails).encode())
    me = says_who_or_refuses(server, "github")
    if me:
        assert type(user["id"]) is int
        proven = [str(one["email"]).lower() for one in emails if one["verified"] is True] if me["email"] else [None]
        assert me["email"] in proven


@pytest.mark.slow
@FUZZ
@given(
    changes=st.dictionaries(
        st.sampled_from(
            ["sub", "email", "email_verified", "name", "picture", "iss", "aud", "exp", "iat", "nonce", "azp", "at_hash"]
        ),
        values,
        max_size=3,
    )
)
def test_google_fuzzed(server: Flask, oidc_state: Oidc, changes: dict[str, Any]) -> None:
    new = uuid4().hex
    oidc_state.lie = lambda claims: claims | {"sub": new, "email": f"{new}@example.org"} | changes
    me = says_who_or_refuses(server, "google")
    if me and me["email"]:
        assert changes.get("email_verified", True) is True


@pytest.mark.slow
@FUZZ
@given(
    token=st.dictionaries(
        st.sampled_from(["access_token", "token_type", "id_token", "expires_in", "expires_at", "error", "userinfo"]),
        values,
    )
    | values
)
def test_tokens_fuzzed(server: Flask, oidc_state: Oidc, github_state: GitHub, token: Any) -> None:
    oidc_state.odd["token"] = github_state.odd["access_token"] = saying(json.dumps(token).encode())
    assert says_who_or_refuses(server, "google") is None
    assert says_who_or_refuses(server, "github") is None


@pytest.mark.slow
@FUZZ
@given(body=st.binary(max_size=200), status=st.sampled_from([200, 201, 204, 301, 400, 404, 418, 500, 503]))
def test_bytes_fuzzed(server: Flask, oidc_state: Oidc, github_state: GitHub, body: bytes, status: int) -> None:
    oidc_state.odd["token"] = github_state.odd["user"] = saying(body, status)
    assert says_who_or_refuses(server, "google") is None
    assert says_who_or_refuses(server, "github") is None


def test_the_stand_in_signs_as_it_should(visitor: Visitor, oidc_state: Oidc) -> None:
    """Else the refusals above would say nothing."""
    oidc_state.write = lambda claims: serialize_compact(
        {"alg": "RS256", "kid": "one"}, json.dumps(claims), oidc_state.key
    )
    assert visitor.through("google").status_code == 303
