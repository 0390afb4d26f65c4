from typing import Any

import pytest
import redis
from flask import Flask

from db.core.pool import Database
from tests.accounts.conftest import Make
from tests.accounts.servers.github import GitHub
from tests.accounts.support import AUTH, JSON, Visitor


@pytest.fixture
def ada(visitor: Visitor) -> Visitor:
    visitor.through("google")
    return visitor


def with_key(server: Flask, key: str) -> Any:
    visitor = Visitor(server)
    return visitor.get(f"{AUTH}/me", headers=JSON | {"Authorization": f"Bearer {key}"})


def make_key(visitor: Visitor, scope: str = "read") -> dict[str, Any]:
    reply = visitor.send("POST", f"{AUTH}/keys", {"name": "script", "scope": scope})
    assert reply.status_code == 201
    found: dict[str, Any] = reply.get_json()
    return found


def events(visitor: Visitor) -> list[str]:
    return [entry["event"] for entry in visitor.get(f"{AUTH}/activity").get_json()["activity"]]


def test_providers_tells_configured_and_linked(ada: Visitor, server: Flask) -> None:
    assert ada.get(f"{AUTH}/providers").get_json() == {
        "configured": ["google", "github", "steam"],
        "linked": ["google"],
    }
    assert Visitor(server).get(f"{AUTH}/providers").get_json()["linked"] == []


def test_a_key_signs_in_and_is_kept_as_a_hash(ada: Visitor, server: Flask, database: Database) -> None:
    key = make_key(ada)["key"]
    assert key.startswith("trc_")
    assert with_key(server, key).get_json()["id"] == (ada.me() or {})["id"]
    row = database.row("SELECT * FROM api_keys")
    assert row is not None
    assert key not in str(row)
    assert len(row["hash"]) == 32
    (entry,) = ada.get(f"{AUTH}/keys").get_json()["keys"]
    assert entry["last_used"] is not None
    assert (entry["prefix"], "key" in entry) == (key[:10], False)


def test_a_revoked_key_is_worthless(ada: Visitor, server: Flask) -> None:
    made = make_key(ada)
    assert ada.send("DELETE", f"{AUTH}/keys/{made['id']}").status_code == 200
    assert with_key(server, made["key"]).status_code == 401
    assert ada.send("DELETE", f"{AUTH}/keys/{made['id']}").status_code == 404
    assert events(ada)[:2] == ["key-revoke", "key-create"]


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer x", "Basic YTpi", "trc_x", f"Bearer trc_{'x' * 43}", f"Bearer trc_{'é' * 43}"]
)
def test_what_is_no_key_of_ours_signs_nobody_in(header: str, ada: Visitor) -> None:
    # Not even with a session beside it: a script that sends a wrong key should hear so.
    assert ada.get(f"{AUTH}/me", headers=JSON | {"Authorization": header.encode().decode("latin-1")}).status_code == 401


def test_a_key_manages_nothing(ada: Visitor, server: Flask) -> None:
    key = make_key(ada, "full")["key"]
    headers = JSON | {"Authorization": f"Bearer {key}"}
    script = Visitor(server)
    for path in ("sessions", "keys", "export"):
        assert script.get(f"{AUTH}/{path}", headers=headers).status_code == 403
    for method, path, body in (
        ("POST", "keys", {"name": "more"}),
        ("POST", "unlink", {"provider": "google"}),
        ("DELETE", "sessions", None),
        ("DELETE", "account", {"confirm": "delete my account"}),
    ):
        assert script.send(method, f"{AUTH}/{path}", body, headers=headers).status_code == 403
    assert ada.me() is not None


def test_keys_of_others_are_out_of_reach(ada: Visitor, server: Flask) -> None:
    made = make_key(ada)
    other = Visitor(server)
    other.through("steam/login")
    assert other.send("DELETE", f"{AUTH}/keys/{made['id']}").status_code == 404
    assert other.get(f"{AUTH}/keys").get_json() == {"keys": []}
    assert with_key(server, made["key"]).status_code == 200


def test_there_are_twenty_keys_at_most(ada: Visitor) -> None:
    for _ in range(20):
        make_key(ada)
    assert ada.send("POST", f"{AUTH}/keys", {"name": "one more"}).status_code == 409


@pytest.mark.parametrize(
    "body",
    [{}, {"name": ""}, {"name": " "}, {"name": "x" * 61}, {"name": "x", "scope": "admin"}, {"name": "x", "id": 1}],
)
def test_a_key_that_makes_no_sense_is_refused(body: dict[str, Any], ada: Visitor) -> None:
    assert ada.send("POST", f"{AUTH}/keys", body).status_code == 400


def test_a_method_is_unlinked_but_never_the_last(ada: Visitor) -> None:
    assert ada.send("POST", f"{AUTH}/unlink", {"provider": "google"}).status_code == 409
    ada.through("github", link="true")
    assert ada.send("POST", f"{AUTH}/unlink", {"provider": "google"}).status_code == 200
    assert (ada.me() or {})["providers"] == ["github"]
    assert ada.send("POST", f"{AUTH}/unlink", {"provider": "github"}).status_code == 409
    assert ada.send("POST", f"{AUTH}/unlink", {"provider": "google"}).status_code == 400
    assert ada.send("POST", f"{AUTH}/unlink", {"provider": "aol"}).status_code == 400


def test_a_method_that_works_no_more_does_not_count(ada: Visitor, make: Make, steam_url: str) -> None:
    ada.through("steam")
    later = Visitor(make(steam_login=True, steam_openid_url=steam_url))
    later.through("steam/login")
    assert later.send("POST", f"{AUTH}/unlink", {"provider": "steam"}).status_code == 409
    assert later.send("POST", f"{AUTH}/unlink", {"provider": "google"}).status_code == 200


def test_the_log_tells_what_happened(ada: Visitor) -> None:
    ada.through("github", link="true")
    make_key(ada)
    ada.send("POST", f"{AUTH}/unlink", {"provider": "google"})
    assert events(ada) == ["unlink", "key-create", "link", "sign-in", "account"]
    newest = ada.get(f"{AUTH}/activity").get_json()["activity"][0]
    assert (newest["detail"], newest["address"]) == ({"method": "google"}, "127.0.0.1")


def test_export_holds_everything_but_secrets(ada: Visitor, database: Database) -> None:
    key = make_key(ada)["key"]
    # A table of a later version is exported without anybody thinking of it.
    database.execute("CREATE TABLE later (user_id integer REFERENCES users ON DELETE CASCADE, note text)")
    database.execute("INSERT INTO later SELECT id, 'kept' FROM users")
    reply = ada.get(f"{AUTH}/export")
    held = reply.get_json()
    assert "attachment" in reply.headers["Content-Disposition"]
    assert held["users"][0]["email"] == "ada@example.org"
    assert held["user_identities"][0]["subject"] == "g-1"
    assert held["api_keys"][0]["name"] == "script"
    assert held["later"] == [{"user_id": held["users"][0]["id"], "note": "kept"}]
    assert {entry["event"] for entry in held["audit_log"]} >= {"account", "sign-in", "key-create", "export"}
    assert len(held["sessions"]) == 1
    session_key = (database.row("SELECT session_key FROM users") or {})["session_key"]
    for secret in (key, session_key, ada.cookie() or "?", '"hash"'):
        assert secret not in reply.text


def test_export_holds_nobody_else(ada: Visitor, server: Flask) -> None:
    other = Visitor(server)
    other.through("github")
    assert "octocat" not in ada.get(f"{AUTH}/export").text


def test_a_deleted_account_leaves_nothing(
    ada: Visitor, server: Flask, database: Database, redis_client: redis.Redis
) -> None:
    elsewhere, key = Visitor(server), make_key(ada)["key"]
    elsewhere.through("google")
    assert ada.send("DELETE", f"{AUTH}/account", {"confirm": "yes"}).status_code == 400
    assert ada.send("DELETE", f"{AUTH}/account", {"confirm": "delete my account"}).status_code == 200
    assert ada.me() is None
    assert elsewhere.me() is None
    assert with_key(server, key).status_code == 401
    for table in ("users", "user_identities", "api_keys", "audit_log"):
        assert database.rows(f"SELECT * FROM {table}") == []  # noqa: S608
    assert list(redis_client.scan_iter("session*")) == []


def test_without_a_session_everything_is_refused(visitor: Visitor) -> None:
    for path in ("me", "sessions", "keys", "activity", "export"):
        assert visitor.get(f"{AUTH}/{path}").status_code == 401
    for method, path, body in (
        ("POST", "unlink", {"provider": "google"}),
        ("POST", "keys", {"name": "x"}),
        ("DELETE", "keys/1", None),
        ("DELETE", "sessions", None),
        ("DELETE", "sessions/0123456789abcdef", None),
        ("DELETE", "account", {"confirm": "delete my account"}),
    ):
        assert visitor.send(method, f"{AUTH}/{path}", body).status_code == 401


def test_the_database_down_is_said(make: Make, endpoints: Any, github_state: GitHub) -> None:
    visitor = Visitor(make(database_url="postgresql://nobody@127.0.0.1:9/none", steam_login=True))
    # The first request would bring the schema up to date; a database that is down later is what is tried here.
    visitor.client.application.extensions["tracera"]._started = True
    headers = JSON | {"Authorization": f"Bearer trc_{'x' * 43}"}
    assert visitor.get(f"{AUTH}/me", headers=headers).status_code == 503
    assert visitor.get(f"{AUTH}/me").status_code == 401
