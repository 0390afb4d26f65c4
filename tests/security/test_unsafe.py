"""Unsafe requests: a token of the very session, from our own pages; or an API key."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.security import policy
from app.security.access import Access
from tests.security.conftest import CALL, CALLBACKS, Person, token_of

UNSAFE = sorted(key for key, row in policy.ROUTES.items() if key[0] != "GET" and row.access is not Access.NOTHING)
Keys = Callable[[int, str], dict[str, str]]


def fill(rule: str) -> str:
    """An address that leads to a rule."""
    parts = [("1" if part.startswith("<int") else "a") if part.startswith("<") else part for part in rule.split("/")]
    return "/".join(parts)


@pytest.mark.slow
@pytest.mark.parametrize(("method", "rule"), UNSAFE)
def test_without_a_token_everything_is_refused(person: Callable[[], Person], method: str, rule: str) -> None:
    someone = person()
    body = CALL if rule == CALLBACKS else {}
    reply = someone.client.open(fill(rule), method=method, json=body)
    assert (reply.status_code, reply.json) == (400, {"error": "The CSRF token is missing"})


@pytest.mark.slow
@pytest.mark.parametrize(("method", "rule"), UNSAFE)
def test_with_another_session_s_token_everything_is_refused(
    person: Callable[[], Person], method: str, rule: str
) -> None:
    someone, other = person(), person()
    body = CALL if rule == CALLBACKS else {}
    reply = someone.client.open(fill(rule), method=method, json=body, headers={"X-CSRF-Token": other.token})
    assert (reply.status_code, reply.json) == (400, {"error": "The CSRF tokens do not match"})


def test_where_nothing_is_nothing_is_asked(client: FlaskClient) -> None:
    assert client.post("/api/v1/nothing").status_code == 404
    reply = client.put("/api/v1/items")
    assert (reply.status_code, reply.headers["Allow"]) == (405, "GET")


def test_a_form_field_without_a_name_is_no_token_and_no_failure(client: FlaskClient) -> None:
    body = b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n"
    kind = "multipart/form-data; boundary=b"
    assert client.post("/api/v1/auth/magic-link/verify", data=body, content_type=kind).status_code == 400
    token = {"X-CSRF-Token": token_of(client)}
    reply = client.post("/api/v1/auth/magic-link/verify", data=body, content_type=kind, headers=token)
    assert reply.status_code == 400


@pytest.mark.parametrize("header", ["X-CSRFToken", "X-CSRF-Token"])
def test_with_the_session_s_token_it_passes(person: Callable[[], Person], header: str) -> None:
    someone = person()
    reply = someone.client.post(CALLBACKS, json=CALL, headers={header: someone.token})
    assert reply.status_code == 200


def test_a_visitor_s_token_is_no_session_s_and_no_other_visitor_s(server: Flask, person: Callable[[], Person]) -> None:
    visitor, other, someone = server.test_client(), server.test_client(), person()
    token = token_of(visitor)
    assert visitor.post(CALLBACKS, json=CALL, headers={"X-CSRFToken": token}).status_code == 200
    token_of(other)
    assert other.post(CALLBACKS, json=CALL, headers={"X-CSRFToken": token}).status_code == 400
    assert someone.client.post(CALLBACKS, json=CALL, headers={"X-CSRFToken": token}).status_code == 400


def test_a_page_whose_token_ran_out_gets_another_for_its_next_try(client: FlaskClient) -> None:
    assert client.post(CALLBACKS, json=CALL).status_code == 400
    cookie = client.get_cookie("_csrf_token")
    assert cookie
    assert client.post(CALLBACKS, json=CALL, headers={"X-CSRFToken": cookie.value}).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://localhost:8050", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "http://127.0.0.1:9000"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost.evil.example:8050"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        # A name that was made to lead here is its page's own Origin; it is still not ours. An address is.
        ({"Host": "rebound.example", "Origin": "http://rebound.example"}, 403),
        ({"Host": "192.168.1.5:8050", "Origin": "http://192.168.1.5:8050"}, 200),
        ({"Host": "192.168.1.5:8050", "Origin": "http://192.168.1.6:8050"}, 403),
    ],
)
def test_only_our_own_pages_may_send(server: Flask, headers: dict[str, str], status: int) -> None:
    client = server.test_client()
    assert client.get("/").status_code == 200
    cookies = {name: client.get_cookie(name) for name in ("_csrf_token", "tracera_session")}
    given = "; ".join(f"{name}={cookie.value}" for name, cookie in cookies.items() if cookie)
    token = cookies["_csrf_token"]
    assert token
    fixed = {"X-CSRFToken": token.value, "Cookie": given}
    plain = server.test_client(use_cookies=False)
    assert plain.post(CALLBACKS, json=CALL, headers=fixed | headers).status_code == status


def test_a_key_needs_no_token(client: FlaskClient, person: Callable[[], Person], key: Keys) -> None:
    someone = person()
    assert client.post("/api/v1/test/key_full", headers=key(someone.user_id, "full")).status_code == 200
    foreign = key(someone.user_id, "full") | {"Origin": "http://evil.example"}
    assert client.post("/api/v1/test/key_full", headers=foreign).status_code == 403


def test_a_wrong_key_does_not_stand_in_for_a_token(person: Callable[[], Person]) -> None:
    someone = person()
    for word in ("Bearer trc_" + "a" * 43, "Bearer x", "Basic eDp5"):
        reply = someone.client.post("/api/v1/test/public", headers={"Authorization": word})
        assert reply.status_code == 401
        dash = someone.client.post(CALLBACKS, json=CALL, headers={"Authorization": word})
        assert dash.status_code in {400, 401}


@pytest.mark.parametrize(
    ("access", "anonymous", "read", "full", "session"),
    [
        ("public", 200, 200, 200, 200),
        ("loopback", 200, 200, 200, 200),
        ("signed_in", 401, 403, 403, 200),
        ("key_read", 401, 200, 200, 200),
        ("key_full", 401, 403, 200, 200),
    ],
)
def test_access_levels_admit_exactly_their_callers(
    client: FlaskClient,
    person: Callable[[], Person],
    key: Keys,
    access: str,
    anonymous: int,
    read: int,
    full: int,
    session: int,
) -> None:
    path, someone = f"/api/v1/test/{access}", person()
    nobody = client.get(path)
    assert nobody.status_code == anonymous
    if anonymous == 401:
        assert nobody.json == {"error": "sign in first"}
        assert nobody.headers["WWW-Authenticate"] == "Bearer"
    assert client.get(path, headers=key(someone.user_id, "read")).status_code == read
    assert client.get(path, headers=key(someone.user_id, "full")).status_code == full
    assert someone.client.get(path).status_code == session
    assert someone.client.post(path, headers={"X-CSRF-Token": someone.token}).status_code == session


@pytest.mark.parametrize(
    ("environ", "headers"),
    [
        ({"REMOTE_ADDR": "192.0.2.7"}, {}),
        ({}, {"X-Forwarded-For": "127.0.0.1"}),
        ({}, {"Forwarded": "for=127.0.0.1"}),
        ({}, {"Host": "rebound.example"}),
    ],
)
def test_loopback_is_this_machine_alone(client: FlaskClient, environ: dict[str, str], headers: dict[str, str]) -> None:
    assert client.get("/api/v1/test/loopback").status_code == 200
    assert client.get("/api/v1/test/loopback", environ_base=environ, headers=headers).status_code == 403


def test_cross_site_page_cannot_read_with_a_session(person: Callable[[], Person]) -> None:
    someone = person()
    foreign = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    assert someone.client.get("/api/v1/test/key_read", headers=foreign).status_code == 403
