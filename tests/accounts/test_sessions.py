from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import redis
from flask import Flask

from app.accounts.caller import caller_of
from app.accounts.session_store import LIFETIME, SessionStore
from app.accounts.sessions import EXTENSION, current_session, sessions
from db.core.pool import Database
from tests.accounts.conftest import Make
from tests.accounts.support import AUTH, JSON, Visitor
from tests.conftest import wait_for
from tests.live.support import Valkey


def stored(client: redis.Redis) -> list[str]:
    return sorted(key.decode() for key in client.scan_iter("session:*"))


def set_cookie(visitor: Visitor) -> str:
    reply = visitor.through("steam/login")
    return next(value for name, value in reply.headers if name == "Set-Cookie" and "tracera_session=" in value)


def test_a_reader_costs_redis_nothing(visitor: Visitor, redis_client: redis.Redis) -> None:
    for path in ("/", "/api/v1/items", f"{AUTH}/csrf", f"{AUTH}/providers", "/_dash-layout"):
        assert visitor.get(path).status_code == 200
    assert visitor.get(f"{AUTH}/me").status_code == 401
    assert not [key for key in redis_client.scan_iter() if not key.startswith(b"ratelimit:")]
    assert (visitor.cookie() or "").startswith("v.")


def test_a_public_answer_sets_no_cookie(visitor: Visitor) -> None:
    assert "Set-Cookie" not in visitor.get("/api/v1/items").headers


def test_a_session_is_one_key_that_lives_72_hours(visitor: Visitor, redis_client: redis.Redis) -> None:
    visitor.through("steam/login")
    (key,) = stored(redis_client)
    assert key == f"session:{visitor.cookie()}"
    left = redis_client.ttl(key)
    assert isinstance(left, int)
    assert LIFETIME - 60 < left <= LIFETIME == 72 * 3600
    assert redis_client.type(key) == b"string"


def test_the_cookie_under_http(visitor: Visitor) -> None:
    cookie = set_cookie(visitor)
    assert cookie.startswith("tracera_session=")
    assert "; HttpOnly" in cookie
    assert "; SameSite=Lax" in cookie
    assert "; Path=/" in cookie
    assert "Domain" not in cookie
    assert "; Secure" not in cookie


def test_the_cookie_under_https(make: Make, steam_url: str) -> None:
    server = make(base_url="https://tracera.example", steam_login=True, steam_openid_url=steam_url)
    cookie = set_cookie(Visitor(server, "https://tracera.example"))
    assert cookie.startswith("__Host-tracera_session=")
    for flag in ("; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/"):
        assert flag in cookie
    assert "Domain" not in cookie


def test_signing_in_changes_the_id_and_ends_the_old_one(visitor: Visitor, redis_client: redis.Redis) -> None:
    visitor.leave("github")
    before = visitor.cookie()
    visitor.through("steam/login")
    between = visitor.cookie()
    visitor.through("steam/login")
    assert len({before, between, visitor.cookie()}) == 3
    assert stored(redis_client) == [f"session:{visitor.cookie()}"]


def test_a_new_id_makes_the_old_one_worthless(visitor: Visitor, server: Flask) -> None:
    visitor.through("steam/login")
    old = visitor.cookie() or ""
    store: SessionStore = server.extensions[EXTENSION]
    with server.test_request_context("/", base_url="http://localhost", headers={"Cookie": f"tracera_session={old}"}):
        sessions().regenerate(current_session())
        assert current_session().sid != old
    assert store.read(old) is None


def test_an_id_of_an_attackers_choice_is_not_taken(visitor: Visitor, server: Flask) -> None:
    chosen = "A" * 43
    visitor.client.set_cookie("tracera_session", chosen)
    visitor.through("steam/login")
    assert visitor.cookie() != chosen
    thief = Visitor(server)
    thief.client.set_cookie("tracera_session", chosen)
    assert thief.me() is None


def test_signing_out_ends_the_session_on_the_server(visitor: Visitor, server: Flask, redis_client: redis.Redis) -> None:
    visitor.through("steam/login")
    kept = visitor.cookie() or ""
    assert visitor.send("POST", f"{AUTH}/logout").status_code == 200
    assert visitor.me() is None
    assert visitor.cookie() != kept
    assert stored(redis_client) == []
    thief = Visitor(server)
    thief.client.set_cookie("tracera_session", kept)
    assert thief.me() is None


def test_the_csrf_token_changes_with_the_session(visitor: Visitor) -> None:
    first = visitor.get(f"{AUTH}/csrf").get_json()["token"]
    visitor.through("steam/login")
    second = visitor.get(f"{AUTH}/csrf").get_json()["token"]
    assert first.split(".")[0] != second.split(".")[0]


def test_a_late_answer_does_not_bring_an_ended_session_back(server: Flask, redis_client: redis.Redis) -> None:
    visitor = Visitor(server)
    visitor.through("steam/login")
    store: SessionStore = server.extensions[EXTENSION]
    session_id = visitor.cookie() or ""
    found = store.read(session_id)
    assert found is not None
    store.end(session_id)
    store.write(session_id, found[0], new=False)
    store.touch(session_id, found[0])
    assert stored(redis_client) == []


def test_a_session_in_use_is_prolonged(visitor: Visitor, redis_client: redis.Redis) -> None:
    visitor.through("steam/login")
    key = f"session:{visitor.cookie()}"
    redis_client.expire(key, 1000)
    assert visitor.me() is not None
    left = redis_client.ttl(key)
    assert isinstance(left, int)
    assert left > LIFETIME - 60


def test_a_session_of_a_deleted_account_is_anonymous(visitor: Visitor, database: Database) -> None:
    visitor.through("steam/login")
    database.execute("DELETE FROM users")
    assert visitor.me() is None


def test_a_restored_database_does_not_give_a_session_to_somebody_else(visitor: Visitor, database: Database) -> None:
    visitor.through("steam/login")
    database.execute("UPDATE users SET session_key = 'of somebody else', name = 'Somebody else'")
    assert visitor.me() is None


def test_sessions_are_listed_and_each_can_be_ended(visitor: Visitor, server: Flask) -> None:
    visitor.through("steam/login")
    other = Visitor(server)
    other.through("steam/login")
    entries = visitor.get(f"{AUTH}/sessions").get_json()["sessions"]
    assert [entry["current"] for entry in entries] == [False, True]
    assert entries[0]["method"] == "steam"
    assert entries[0]["address"] == "127.0.0.1"
    assert entries[0]["user_agent"].startswith("Werkzeug")
    assert (other.cookie() or "?") not in str(entries)
    assert visitor.send("DELETE", f"{AUTH}/sessions/{entries[0]['id']}").status_code == 200
    assert other.me() is None
    assert visitor.me() is not None
    assert visitor.send("DELETE", f"{AUTH}/sessions/{entries[0]['id']}").status_code == 404


def test_a_user_cannot_end_anothers_session(visitor: Visitor, server: Flask) -> None:
    visitor.through("steam/login")
    other = Visitor(server)
    other.through("google")
    entry = other.get(f"{AUTH}/sessions").get_json()["sessions"][0]
    assert visitor.send("DELETE", f"{AUTH}/sessions/{entry['id']}").status_code == 404
    assert other.me() is not None


def test_signing_out_everywhere(visitor: Visitor, server: Flask, redis_client: redis.Redis) -> None:
    visitors = [visitor, Visitor(server), Visitor(server)]
    for each in visitors:
        each.through("steam/login")
    assert visitor.send("DELETE", f"{AUTH}/sessions").status_code == 200
    assert [each.me() for each in visitors] == [None, None, None]
    assert stored(redis_client) == []


def test_signing_out_everywhere_reaches_a_session_that_is_on_no_list(
    visitor: Visitor, server: Flask, redis_client: redis.Redis
) -> None:
    visitor.through("steam/login")
    other = Visitor(server)
    other.through("steam/login")
    for key in redis_client.scan_iter("sessions:*"):
        redis_client.delete(key)
    visitor.send("DELETE", f"{AUTH}/sessions")
    assert other.me() is None


@pytest.fixture
def own_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    valkey = Valkey(tmp_path_factory.mktemp("valkey"))
    valkey.start()
    yield valkey
    valkey.client.close()
    valkey.kill()


def test_redis_down_and_back(make: Make, steam_url: str, own_valkey: Valkey) -> None:
    server = make(redis_url=own_valkey.url, steam_login=True, steam_openid_url=steam_url)
    ada, reader = Visitor(server), Visitor(server)
    ada.through("steam/login")
    before, token = ada.me(), ada.get(f"{AUTH}/csrf").get_json()["token"]
    kept = own_valkey.client.dump(f"session:{ada.cookie()}")
    assert isinstance(kept, bytes)
    own_valkey.kill()
    for visitor in (ada, reader):
        for path in ("/", "/api/v1/items", "/_dash-layout"):
            assert visitor.get(path).status_code == 200
    assert ada.get(f"{AUTH}/me").status_code == 503
    assert "try again" in ada.get(f"{AUTH}/me").get_json()["error"]
    assert reader.get(f"{AUTH}/me").status_code == 401
    assert ada.get(f"{AUTH}/csrf").get_json()["token"].split(".")[0] == token.split(".")[0]
    for visitor in (ada, reader):
        assert visitor.get(f"{AUTH}/steam/login").status_code == 503
    assert ada.client.post(f"{AUTH}/logout", headers=JSON | {"X-CSRF-Token": token}).status_code == 503
    cookie = ada.cookie()
    own_valkey.start()
    own_valkey.client.restore(f"session:{cookie}", 100_000, kept, replace=True)
    wait_for(lambda: reader.get(f"{AUTH}/steam/login").status_code == 302, 10, "nobody can sign in again")
    assert ada.me() == before
    assert reader.me() is None
    assert reader.through("steam/login").status_code == 303


def test_the_caller_of_a_handshake(visitor: Visitor, server: Flask, database: Database) -> None:
    store: SessionStore = server.extensions[EXTENSION]
    visitor.through("steam/login")
    me: dict[str, Any] = visitor.me() or {}
    cookies = {"tracera_session": visitor.cookie() or ""}
    found = caller_of(database, store, cookies=cookies, authorization=None)
    assert (found.kind, found.user_id, found.scope, found.session_id) == ("session", me["id"], "full", visitor.cookie())
    assert caller_of(database, store, cookies={}, authorization=None).kind == "anonymous"
    assert caller_of(database, store, cookies={"tracera_session": "B" * 43}, authorization=None).kind == "anonymous"
    assert caller_of(database, store, cookies=cookies, authorization="Bearer trc_wrong").refused
    dead = SessionStore(redis.Redis.from_url("redis://127.0.0.1:9/0"), "tracera_session")
    unknown = caller_of(database, dead, cookies=cookies, authorization=None)
    assert unknown == replace(unknown, kind="anonymous", user_id=None, unknown=True)
