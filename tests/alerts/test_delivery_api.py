"""Webhooks as JSON: the secret is told once, addresses are checked, everything is its owner's alone, and a test says how it ended."""

import logging
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from werkzeug import Response

from app.api import tasks
from app.runtime import Runtime
from app.server.tasks import build_worker
from app.settings import Settings
from app.web.factory import create_server
from db.accounts.export import user_rows
from db.alerts import webhooks
from db.core.pool import Database
from db.embedded.servers import Endpoints
from tests.alerts.conftest import Caller, Market
from tests.alerts.receiver import Receiver, receiver

__all__ = ["receiver"]


@pytest.fixture
def runtime(database_url: str, endpoints: Endpoints, receiver: Receiver) -> Iterator[Runtime]:
    """An application that may send to the receiver."""
    hosts = (f"localhost:{receiver.server.port}",)
    made = Runtime(
        Settings(_env_file=None, database_url=database_url, redis_url=endpoints.redis_url, webhook_hosts=hosts)
    )
    yield made
    made.stop()


@pytest.fixture
def client(runtime: Runtime) -> FlaskClient:
    return create_server(runtime).test_client()


def test_a_webhook_is_set_changed_switched_and_deleted(ada: Caller, bob: Caller, receiver: Receiver) -> None:
    assert ada.ask("GET", "/webhook") == {"webhook": None}
    for method, path, body in (("PATCH", "/webhook", {"enabled": True}), ("DELETE", "/webhook", None)):
        ada.ask(method, path, 404, body)
    made = ada.ask("PUT", "/webhook", body={"url": receiver.url})
    assert made["secret"].startswith("whsec_")
    again = ada.ask("PUT", "/webhook", body={"url": f"{receiver.url}?again=1"})
    assert again["secret"] is None, "it was shown once"
    assert again["webhook"]["url"].endswith("?again=1")
    assert made["secret"] not in str(ada.ask("GET", "/webhook"))
    turned = ada.ask("POST", "/webhook/secret", body={})
    assert turned["secret"] not in {None, made["secret"]}
    assert turned["webhook"]["former_until"]
    assert not ada.ask("PATCH", "/webhook", body={"enabled": False})["webhook"]["enabled"]
    assert bob.ask("GET", "/webhook") == {"webhook": None}
    bob.ask("DELETE", "/webhook", 404)
    kept = str(user_rows(ada.database, ada.user))
    assert receiver.url in kept
    assert turned["secret"] not in kept
    assert made["secret"] not in kept
    ada.ask("DELETE", "/webhook")
    assert ada.ask("GET", "/webhook") == {"webhook": None}


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/", "https://127.0.0.1/", "https://localhost/", "https://2130706433/", "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest/meta-data", "https://me:secret@example.org/", "https://no-such-name.invalid/", "x", "",
    ],
)  # fmt: skip
def test_addresses_that_may_not_be_are_refused(ada: Caller, url: str) -> None:
    ada.ask("PUT", "/webhook", 400, {"url": url})
    assert ada.ask("GET", "/webhook") == {"webhook": None}


def test_a_key_that_may_only_read_changes_nothing(ada: Caller, receiver: Receiver) -> None:
    ada.ask("PUT", "/webhook", body={"url": receiver.url})
    for method, path, body in (
        ("PUT", "/webhook", {"url": receiver.url}), ("PATCH", "/webhook", {"enabled": False}), ("DELETE", "/webhook", None),
        ("POST", "/webhook/secret", {}), ("POST", "/webhook/test", {}),
    ):  # fmt: skip
        ada.ask(method, path, 403, body, scope="read")
    assert ada.ask("GET", "/webhook", scope="read")["webhook"]["enabled"]


def test_a_test_goes_the_real_way_and_says_how_it_ended(
    ada: Caller, bob: Caller, receiver: Receiver, runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    secret = ada.ask("PUT", "/webhook", body={"url": receiver.url})["secret"]
    receiver.answers = [Response("fine", status=200), Response("no", status=500), Response(status=410)]
    worker = build_worker(runtime, 1)
    worker.start()
    try:
        with caplog.at_level(logging.DEBUG):
            told = ada.ask("POST", "/webhook/test", body={})
            assert (told["message"], told["delivery"]["state"]) == (
                "The test was delivered. It answered 200: fine",
                "delivered",
            )
            failed = ada.ask("POST", "/webhook/test", 409, {})
            assert failed["error"] == "The test failed. It answered 500: no"
            assert "410" in ada.ask("POST", "/webhook/test", 409, {})["error"]
    finally:
        worker.stop()
    assert len(receiver.messages(secret)) == 3
    rows = ada.ask("GET", "/deliveries")["deliveries"]
    assert [(row["state"], row["status"], row["tries"], row["test"]) for row in rows] == [
        ("gone", 410, 1, True), ("refused", 500, 1, True), ("delivered", 200, 1, True),
    ]  # fmt: skip
    assert ada.ask("GET", f"/deliveries?before={rows[0]['id']}&limit=1")["deliveries"] == [rows[1]]
    assert bob.ask("GET", "/deliveries") == {"deliveries": []}
    assert not ada.ask("GET", "/webhook")["webhook"]["enabled"]
    assert secret not in caplog.text


def test_a_test_that_no_worker_takes_is_put_in_once(
    ada: Caller, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    monkeypatch.setattr(tasks, "WAIT_SECONDS", 0.1)
    ada.ask("POST", "/webhook/test", 404, {})
    ada.ask("PUT", "/webhook", body={"url": receiver.url})
    first, second = (ada.ask("POST", "/webhook/test", 202, {}) for _ in range(2))
    assert first["id"] == second["id"]
    assert len(database.rows("SELECT FROM alert_deliveries")) == 1


def test_deliveries_go_with_their_user(market: Market, receiver: Receiver) -> None:
    webhooks.put(market.database, market.user, receiver.url, "whsec_eA==")
    market.database.execute("DELETE FROM users")
    assert not market.database.rows("SELECT FROM alert_webhooks")
