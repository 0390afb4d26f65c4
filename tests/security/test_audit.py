"""Audit: refused requests in a user's name are in that user's activity log, up to a limit."""

from collections.abc import Callable
from typing import Any

import pytest
import redis
from flask.testing import FlaskClient

from app.runtime import Runtime
from app.security import audit as security_audit
from components.account.format import event
from db.accounts import audit
from db.core.pool import Row
from tests.security.conftest import CALL, CALLBACKS, Person

People = Callable[[], Person]
Keys = Callable[[int, str], dict[str, str]]
POST = "/api/v1/test/signed_in"
EVIL = {"Origin": "http://evil.example"}


def log_of(runtime: Runtime, person: Person) -> list[Row]:
    return audit.of_user(runtime.services.database, person.user_id)


def test_missing_csrf_token_is_logged(runtime: Runtime, person: People) -> None:
    ada, bob = person(), person()
    assert ada.client.post(POST).status_code == 400
    (line,) = log_of(runtime, ada)
    assert (line["event"], line["address"]) == ("refused", "127.0.0.1")
    assert line["detail"] == {"call": f"POST {POST}", "reason": "The CSRF token is missing", "with": "session"}
    assert event(line["event"], line["detail"]) == f"Refused POST {POST}: The CSRF token is missing"
    assert log_of(runtime, bob) == []


def test_another_sessions_csrf_token_is_logged(runtime: Runtime, person: People) -> None:
    ada, bob = person(), person()
    assert ada.client.post(CALLBACKS, json=CALL, headers={"X-CSRFToken": bob.token}).status_code == 400
    assert [line["detail"]["reason"] for line in log_of(runtime, ada)] == ["The CSRF tokens do not match"]
    assert log_of(runtime, bob) == []


def test_foreign_origin_is_logged(runtime: Runtime, person: People) -> None:
    ada = person()
    assert ada.client.post(POST, headers=EVIL | {"X-CSRF-Token": ada.token}).status_code == 403
    (line,) = log_of(runtime, ada)
    assert line["detail"]["origin"] == "http://evil.example"
    assert "Origin" in line["detail"]["reason"]


def test_cross_site_read_is_logged(runtime: Runtime, person: People) -> None:
    ada = person()
    reply = ada.client.get("/api/v1/test/signed_in", headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"})
    assert reply.status_code == 403
    assert [line["detail"]["call"] for line in log_of(runtime, ada)] == ["GET /api/v1/test/signed_in"]


@pytest.mark.parametrize(
    ("rule", "reason"),
    [("key_full", "this API key may only read"), ("signed_in", "an API key may not do this; sign in")],
)
def test_a_key_that_wants_too_much(
    rule: str, reason: str, runtime: Runtime, client: FlaskClient, person: People, key: Keys
) -> None:
    ada = person()
    assert client.post(f"/api/v1/test/{rule}", headers=key(ada.user_id, "read")).json == {"error": reason}
    (line,) = log_of(runtime, ada)
    assert line["detail"] == {"call": f"POST /api/v1/test/{rule}", "reason": reason, "with": "key"}


def test_allowed_and_anonymous_requests_are_not_logged(
    runtime: Runtime, client: FlaskClient, person: People, key: Keys
) -> None:
    ada = person()
    assert client.post(POST).status_code == 401
    assert client.post(POST, headers=EVIL).status_code == 401
    assert client.post("/api/v1/test/public", headers=EVIL).status_code == 403
    assert client.post("/api/v1/test/key_read", headers=key(ada.user_id, "read")).status_code == 200
    assert ada.client.post(POST, headers={"X-CSRF-Token": ada.token}).status_code == 200
    assert runtime.services.database.rows("SELECT * FROM audit_log") == []


@pytest.mark.parametrize("origin", ["http://\u00e9.example", "x" * 4000, "a\tb"])
def test_whatever_the_origin_says_the_answer_is_the_same(origin: str, runtime: Runtime, person: People) -> None:
    ada = person()
    assert ada.client.post(POST, headers={"Origin": origin, "X-CSRF-Token": ada.token}).status_code == 403
    (line,) = log_of(runtime, ada)
    assert len(line["detail"].get("origin", "")) <= 200


def test_many_refusals_write_few_lines(runtime: Runtime, person: People, redis_client: redis.Redis) -> None:
    ada, bob = person(), person()
    for _ in range(40):
        assert ada.client.post(POST).status_code == 400
    assert len(log_of(runtime, ada)) == security_audit.MAX_REFUSALS.amount
    assert bob.client.post(POST).status_code == 400
    assert len(log_of(runtime, bob)) == 1
    assert 0 < redis_client.ttl(f"ratelimit:{{refusals}}:user:{ada.user_id}") <= security_audit.MAX_REFUSALS.seconds


def test_only_the_newest_refusals_are_stored(runtime: Runtime, person: People, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, database = person(), runtime.services.database
    audit.note(database, ada.user_id, "sign-in", {}, address=None, user_agent=None)
    monkeypatch.setattr(security_audit, "MAX_ENTRIES", 3)

    def calls() -> list[Any]:
        return [line["detail"].get("call") for line in log_of(runtime, ada)]

    for rule in ("public", "signed_in", "key_read", "key_full", "public"):
        assert ada.client.post(f"/api/v1/test/{rule}").status_code == 400
    prefix = "POST /api/v1/test/"
    assert calls() == [f"{prefix}public", f"{prefix}key_full", f"{prefix}key_read", None]
