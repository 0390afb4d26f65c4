"""Alerts by e-mail: opt-in, to a verified address, one mail for one evaluation, sent though the mail server was away."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.accounts.alert_mail import subject
from app.runtime import Runtime
from app.server.tasks import build_worker
from app.settings import Settings
from app.tasks import kinds, worker
from app.tasks.kinds import ALERT_MAIL
from app.web import alert_words
from app.web.factory import create_server
from db.alerts import deliveries, preferences
from db.embedded.servers import Endpoints
from jobs import alerts
from tests.accounts.servers.mail import Mailbox, receiving
from tests.alerts.conftest import NOW, Caller, Market
from tests.conftest import free_port, wait_for

ADDRESS = "ada@example.org"


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def runtime(database_url: str, endpoints: Endpoints, port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    """With a mail server."""
    monkeypatch.setattr(worker, "POLL", 0.1)
    monkeypatch.setitem(kinds.KINDS, ALERT_MAIL.name, replace(ALERT_MAIL, most=5, pause=0.5))
    mail: dict[str, Any] = {
        "smtp_host": "127.0.0.1",
        "smtp_port": port,
        "smtp_security": "none",
        "smtp_from": "tracera@example.org",
    }
    made = Runtime(Settings(_env_file=None, database_url=database_url, redis_url=endpoints.redis_url, **mail))
    yield made
    made.stop()


@pytest.fixture
def client(runtime: Runtime) -> FlaskClient:
    return create_server(runtime).test_client()


def know(market: Market, *, verified: bool = True) -> None:
    market.database.execute(
        "UPDATE users SET email = %s, email_verified = %s WHERE id = %s", [ADDRESS, verified, market.user]
    )


def test_mail_is_for_who_asks_and_whose_address_is_known(ada: Caller, market: Market) -> None:
    ada.ask("PUT", "/mail", 409, {"by_mail": True})
    know(market, verified=False)
    ada.ask("PUT", "/mail", 409, {"by_mail": True})
    assert ada.ask("GET", "/preferences") == {"by_mail": False, "email": None, "quiet_hours": None, "message": None}
    know(market)
    market.rule(kind="price", item_id=market.add_item("Case A", 1_250), threshold=1_000)
    alerts.run(market.database, NOW)
    assert deliveries.page(market.database, market.user, None, 10) == [], "nobody asked for it"
    ada.ask("PUT", "/mail", 403, {"by_mail": True}, scope="read")
    assert ada.ask("PUT", "/mail", body={"by_mail": True})["email"] == ADDRESS
    assert not ada.ask("PUT", "/mail", body={"by_mail": False})["by_mail"]


def test_one_evaluation_is_one_mail(market: Market, runtime: Runtime, port: int) -> None:
    know(market)
    preferences.set_mail(market.database, market.user, by_mail=True)
    for name in ("Case A", "Case\r\nBcc: eve@example.org B", "Größe"):
        market.rule(kind="price", item_id=market.add_item(name, 1_250), threshold=1_000)
    assert alerts.run(market.database, NOW).events == 3
    mails = build_worker(runtime, 1)
    mails.start()
    (row,) = deliveries.page(market.database, market.user, None, 10)
    wait_for(lambda: said(market) == "The mail server did not take it.", 10, "it was not tried")
    box: Mailbox
    with receiving(port) as box:
        wait_for(lambda: state(market) == "delivered", 15, "no mail")
        mails.stop()
    (message,) = box.messages
    assert (message["To"], message["Bcc"]) == (ADDRESS, None)
    assert message["Message-ID"].startswith(f"<{row['message_id']}@")
    text = message.get_payload(decode=True)
    assert isinstance(text, bytes)
    words = text.decode()
    assert "Case A is at $12.50, above $10.00, 08 May 2024 10:00 UTC" in words
    assert "Größe is at $12.50" in words
    assert "http://localhost:8050/item/" in words


def test_a_subject_names_one_alert_whole_and_counts_several(market: Market) -> None:
    for name in ("A", "B", "C", "D"):
        market.rule(kind="price", item_id=market.add_item(name, 1_250), threshold=1_000)
    alerts.run(market.database, NOW)
    events = deliveries.events(market.database, list(range(1, 5)))
    assert subject(alert_words, events[:1], 1) == "A is at $12.50, above $10.00"
    assert subject(alert_words, events, 4) == "4 alerts: A, B, C, …"


def test_whoever_turns_it_off_gets_nothing_that_waits(market: Market, runtime: Runtime) -> None:
    know(market)
    preferences.set_mail(market.database, market.user, by_mail=True)
    market.rule(kind="price", item_id=market.add_item("Case A", 1_250), threshold=1_000)
    alerts.run(market.database, NOW + timedelta(minutes=1))
    preferences.set_mail(market.database, market.user, by_mail=False)
    mails = build_worker(runtime, 1)
    mails.start()
    wait_for(lambda: state(market) == "refused", 10, "it is still to be sent")
    mails.stop()


def state(market: Market) -> object:
    return deliveries.page(market.database, market.user, None, 1)[0]["state"]


def said(market: Market) -> object:
    return deliveries.page(market.database, market.user, None, 1)[0]["said"]
