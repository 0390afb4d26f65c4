"""Redis outage: public reads go on, groups that fail closed wait, and no caller gets another one's identity."""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.session_store import USER, new_session_id
from app.accounts.sessions import EXTENSION as SESSIONS
from app.runtime import Runtime
from app.security import policy
from app.security.access import Access, Group, Row
from app.settings import Settings
from app.web.factory import create_server
from db.accounts import users
from db.embedded.servers import Embedded
from tests.conftest import wait_for
from tests.patience import within
from tests.security.conftest import CALL, CALLBACKS, token_of

OUTAGE = float(os.environ.get("TRACERA_TEST_OUTAGE_SECONDS", "5"))
IMPORT, MINE = "/api/v1/test/import", "/api/v1/test/mine"


class Mortal:
    """A Valkey of the test's own, which may be stopped and started again on its data."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.start()

    def start(self) -> None:
        self._server = Embedded(self._folder, postgres=False).start()

    def stop(self) -> None:
        self._server.stop()

    @property
    def url(self) -> str:
        return self._server.endpoints().redis_url


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Mortal]:
    made = Mortal(tmp_path / "valkey")
    yield made
    made.stop()


@pytest.fixture
def server(database_url: str, mortal: Mortal, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    runtime = Runtime(Settings(_env_file=None, database_url=database_url, redis_url=mortal.url, limit_json="20/60"))
    runtime.start()
    made = create_server(runtime)
    monkeypatch.setitem(policy.ROUTES, ("POST", IMPORT), Row(Access.PUBLIC, Group.IMPORT))
    monkeypatch.setitem(policy.ROUTES, ("GET", MINE), Row(Access.KEY_READ, Group.JSON))
    made.add_url_rule(IMPORT, "import", lambda: {"done": True}, methods=["POST"])
    made.add_url_rule(MINE, "mine", lambda: {"done": True})
    yield made
    runtime.stop()


def signed_in(server: Flask) -> FlaskClient:
    database = server.extensions["tracera"].services.database
    with database.connection() as connection:
        user_id = users.create(connection, name="Ada", email=None, avatar_url=None)
        row = users.signed_in(connection, user_id)
    store, session_id = server.extensions[SESSIONS], new_session_id()
    store.write(session_id, {USER: f"{user_id}:{row['session_key']}"}, new=True)
    browser = server.test_client()
    browser.set_cookie(store.cookie_name, session_id)
    return browser


@pytest.mark.slow
def test_requests_during_and_after_a_redis_outage(server: Flask, mortal: Mortal) -> None:
    reader, member = server.test_client(), signed_in(server)
    token, member_token = token_of(reader), token_of(member)
    assert member.get(MINE).status_code == 200
    mortal.stop()
    deadline, rounds = time.monotonic() + OUTAGE, 0
    while time.monotonic() < deadline or rounds == 0:
        rounds += 1
        check_readers(reader, token, rounds)
        check_members(member, member_token)
        for client, word in ((reader, token), (member, member_token)):
            check_refusals(client, word)
        time.sleep(0.5)
    limited(reader)
    mortal.start()
    wait_for(lambda: member.get(MINE).status_code == 200, 10, "the session is not known again")
    assert "tracera_session" not in str(member.get("/").headers.getlist("Set-Cookie")), "the session was replaced"
    assert reader.post(IMPORT, headers={"X-CSRFToken": token}).status_code == 200
    # What was counted in the process meanwhile is not held against anybody.
    assert reader.get("/api/v1/items").status_code == 200
    with redis.Redis.from_url(mortal.url) as client:
        assert list(client.scan_iter("ratelimit:{json}:*"))


def check_readers(reader: FlaskClient, token: str, rounds: int) -> None:
    """Pages, callbacks and JSON answer as ever, and soon."""
    begun = time.monotonic()
    assert reader.get("/").status_code == 200
    assert reader.post(CALLBACKS, json=CALL, headers={"X-CSRFToken": token}).status_code == 200
    if rounds < 5:
        assert reader.get("/api/v1/items").status_code == 200
        assert reader.get("/api/v1/rankings/volatile").status_code == 200
    assert reader.get("/healthz").status_code == 200
    assert reader.get("/readyz").status_code == 503
    assert time.monotonic() - begun < within(5)


def check_members(member: FlaskClient, token: str) -> None:
    """Nobody is signed in, and they are told that this passes; what is public stays so."""
    reply = member.get(MINE)
    assert reply.status_code in {429, 503}
    if reply.status_code == 503:
        assert reply.json
        assert "cannot be checked now" in reply.json["error"]
        assert reply.headers["Retry-After"] == "5"
    assert member.get("/").status_code == 200
    assert member.post(CALLBACKS, json=CALL, headers={"X-CSRFToken": token}).status_code == 200


def check_refusals(client: FlaskClient, token: str) -> None:
    """What must be counted for all processes is not done at all."""
    for path in (IMPORT, "/api/v1/auth/magic-link", "/api/v1/auth/local"):
        reply = client.post(path, json={"email": "a@example.com"}, headers={"X-CSRFToken": token})
        assert reply.status_code == 503, path
        assert reply.json == {
            "error": "this cannot be done now, because Redis does not answer; try again in a few seconds"
        }
        assert reply.headers["Retry-After"] == "5"
    assert client.get("/api/v1/auth/google").status_code == 503


def limited(reader: FlaskClient) -> None:
    """Reads are limited all the same, by this process."""
    statuses = [reader.get("/api/v1/items").status_code for _ in range(25)]
    assert statuses[-1] == 429


def test_a_redis_that_is_silent_costs_one_request_a_moment(database_url: str) -> None:
    """Connections that are taken and never answered: only the first request of a second waits."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        client = create_server(
            Runtime(Settings(_env_file=None, database_url=database_url, redis_url=url))
        ).test_client()
        begun = time.monotonic()
        assert {client.get("/healthz").status_code for _ in range(20)} == {200}
        assert time.monotonic() - begun < within(5)
