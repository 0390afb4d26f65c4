"""Sending to a real receiver: signed, once in effect, and each answer has its meaning."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError
from werkzeug import Request, Response

from app.alerts import outbox, webhook
from app.alerts.sending import Sender
from app.tasks import kinds
from app.tasks.kinds import WEBHOOK
from app.web import alert_words
from db.alerts import history, webhooks
from db.tasks import details, queue
from jobs import alerts
from tests.alerts.conftest import NOW, Market
from tests.alerts.receiver import PATH, Hook, Receiver, StartSending, hook, never, receiver, start_sending, trickle
from tests.conftest import wait_for

__all__ = ["hook", "receiver", "start_sending"]


def test_a_signature_is_that_of_the_standard() -> None:
    """HMAC-SHA256 of id, timestamp and body, written out without the library."""
    secret, body, at = (
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLjSw",
        b'{"test": 2432232314}',
        datetime.fromtimestamp(1_614_265_330, UTC),
    )
    headers = webhook.signed("msg_p5jXN8AQM9LWM0D4loKWxJek", at, body, [secret])
    text = b'msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}'
    digest = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), text, hashlib.sha256).digest()
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def test_what_fired_in_one_evaluation_is_one_signed_message(
    market: Market, hook: Hook, receiver: Receiver, start_sending: StartSending
) -> None:
    items = [market.add_item(name, 1_250) for name in ("Case A", "Case B", "Quiet", "Low")]
    first, second, muted, _ = [market.rule(kind="price", item_id=item, threshold=1_000) for item in items[:3]] + [
        market.rule(kind="price", item_id=items[3], threshold=9_000)
    ]
    market.database.execute("UPDATE alert_rules SET muted = true WHERE id = %s", [muted])
    other = market.add_user("Bob")
    assert alerts.run(market.database, NOW).events == 3
    assert alerts.run(market.database, NOW + timedelta(minutes=1)).events == 0
    start_sending()
    wait_for(lambda: receiver.requests, 10, "nothing came")
    (row,) = market.database.rows("SELECT id FROM alert_deliveries")
    assert hook.ended(row["id"])["state"] == "delivered"
    (message,) = receiver.messages(hook.secret)
    assert (message["type"], message["data"]["count"]) == ("alerts.fired", 2)
    told = [(one["rule_id"], one["kind"], one["text"], one["url"]) for one in message["data"]["alerts"]]
    assert told == [
        (first, "fired", "Case A is at $12.50, above $10.00", f"http://tracera.test/item/{items[0]}"),
        (second, "fired", "Case B is at $12.50, above $10.00", f"http://tracera.test/item/{items[1]}"),
    ]
    assert message["data"]["alerts"][0]["facts"]["value"] == 1_250
    assert receiver.requests[0].headers["webhook-id"] == hook.one(row["id"])["message_id"]
    assert not market.database.rows("SELECT FROM alert_deliveries WHERE user_id = %s", [other])


def test_an_evaluation_that_fails_sends_nothing(market: Market, hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    market.rule(kind="price", item_id=market.add_item("Case A", 1_250), threshold=1_000)

    def fail(*_given: Any, **_named: Any) -> int:
        raise RuntimeError("no")

    monkeypatch.setattr("db.alerts.deliveries.belongs_to", fail)
    with pytest.raises(RuntimeError):
        alerts.run(market.database, NOW)
    assert market.events() == []
    assert not market.database.rows("SELECT FROM tasks.procrastinate_jobs")
    monkeypatch.undo()
    assert alerts.run(market.database, NOW).events == 1
    (row,) = market.database.rows("SELECT tries, event_ids FROM alert_deliveries")
    assert (row["tries"], len(row["event_ids"])) == (0, 1)


def test_a_try_that_failed_is_made_again_under_the_same_id(
    hook: Hook, receiver: Receiver, start_sending: StartSending
) -> None:
    receiver.answers = [Response("no room", status=500), Response(status=404), Response(status=200)]
    delivery = hook.send(*event_of(hook))
    start_sending()
    row = hook.ended(delivery)
    assert (row["state"], row["tries"], row["status"], row["said"]) == ("delivered", 3, 200, "It answered 200.")
    assert {one.headers["webhook-id"] for one in receiver.requests} == {row["message_id"]}
    assert len({one.get_data() for one in receiver.requests}) == 1
    assert len(receiver.messages(hook.secret)) == 3


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([Response("the disk\x00 is\nfull " + "x" * 5_000, status=500)], "It answered 500: the disk is full xxx"),
        ([Response(status=302, headers={"Location": "http://127.0.0.1:1/"})], "It answered 302."),
    ],
)
def test_what_never_succeeds_is_a_dead_letter(
    hook: Hook, receiver: Receiver, start_sending: StartSending, answers: list[Response], said: str
) -> None:
    receiver.answers = answers
    delivery = hook.send(*event_of(hook))
    start_sending()
    row = hook.ended(delivery)
    assert (row["state"], row["tries"], row["next_try"]) == ("failed", 3, None)
    assert row["said"].startswith(said)
    assert len(row["said"]) < 200
    dead = "SELECT id FROM tasks.procrastinate_jobs WHERE status = 'failed'"
    wait_for(lambda: hook.database.rows(dead), 10, "no dead letter")
    (letter,) = hook.database.rows(dead)
    kept = details.letter(hook.database, letter["id"])
    assert kept
    assert "full" not in str(kept), "an excerpt is for the webhook's owner alone"
    assert PATH not in str(kept)
    assert len(receiver.requests) == 3
    # Whoever runs the instance may give it another chance.
    receiver.answers = [Response(status=204)]
    assert queue.retry(hook.database, letter["id"])
    wait_for(lambda: hook.one(delivery)["state"] == "delivered", 10, "it was not sent")


@pytest.mark.parametrize("answers", [never, trickle])
def test_a_receiver_that_does_not_end_its_answer_holds_nothing_up(
    hook: Hook, start_sending: StartSending, answers: Callable[[Event], Callable[[Request], Response]]
) -> None:
    gate = Event()
    hook.receiver.server.expect_request("/slow").respond_with_handler(answers(gate))
    webhooks.put(hook.database, hook.user, hook.receiver.url.replace(PATH, "/slow"), "")
    delivery = hook.send(test=True)
    start_sending()
    row = hook.ended(delivery)
    gate.set()
    if answers is never:
        assert (row["state"], row["status"], row["said"]) == ("refused", None, "Localhost did not answer within 0.5 s.")
    else:  # enough of it was seen
        assert row["state"] in {"delivered", "refused"}


def test_410_turns_the_webhook_off_and_tells_the_owner(
    hook: Hook, receiver: Receiver, start_sending: StartSending
) -> None:
    receiver.answers = [Response(status=410)]
    gone, later = hook.send(*event_of(hook)), hook.send(*event_of(hook))
    unread = history.unread(hook.database, hook.user)
    start_sending()
    assert {hook.ended(gone)["state"], hook.ended(later)["state"]} <= {"gone", "refused"}
    row = webhooks.of_user(hook.database, hook.user)
    assert row
    assert not row["enabled"]
    assert row["gone_at"]
    newest = history.page(hook.database, hook.user, None, 1)[0]
    assert (newest["kind"], newest["facts"]) == ("webhook_off", {"host": "localhost"})
    assert history.unread(hook.database, hook.user) == unread + 1


def test_429_is_left_alone_as_long_as_it_asks(hook: Hook, receiver: Receiver, start_sending: StartSending) -> None:
    receiver.answers = [Response(status=429, headers={"Retry-After": "120"})]
    delivery = hook.send(*event_of(hook))
    start_sending()
    wait_for(lambda: hook.one(delivery)["next_try"], 10, "it was not tried")
    wait_for(lambda: hook.one(delivery)["tries"] == 1 and hook.one(delivery)["next_try"], 10, "it is not put off")
    row = hook.one(delivery)
    left = (row["next_try"] - row["tried_at"]).total_seconds()
    assert 119 < left < 140
    assert (row["state"], row["status"]) == ("waiting", 429)
    assert len(receiver.requests) == 1


def test_after_a_rotation_both_secrets_verify(hook: Hook, receiver: Receiver, start_sending: StartSending) -> None:
    another = webhook.new_secret()
    assert webhooks.rotate(hook.database, hook.user, another)
    delivery = hook.send(test=True)
    start_sending()
    assert hook.ended(delivery)["state"] == "delivered"
    assert receiver.messages(hook.secret) == receiver.messages(another)
    assert receiver.messages(another)[0]["type"] == "alerts.test"
    request = receiver.requests[0]
    with pytest.raises(WebhookVerificationError):
        Webhook(another).verify(request.get_data() + b" ", dict(request.headers))
    hook.database.execute("UPDATE alert_webhooks SET former_until = now()")
    assert hook.ended(hook.send(test=True))["state"] == "delivered"
    with pytest.raises(WebhookVerificationError):
        receiver.messages(hook.secret)


def test_a_name_that_leads_home_by_the_time_of_the_delivery_is_refused(
    hook: Hook, receiver: Receiver, start_sending: StartSending
) -> None:
    """Set while it was public: asked again, and nothing is connected to."""
    asked: list[str] = []

    def rebound(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["93.184.215.14", "127.0.0.1"]

    hook.database.execute("UPDATE alert_webhooks SET url = %s", [f"https://rebind.test:{receiver.server.port}{PATH}"])
    delivery = hook.send(*event_of(hook))
    start_sending(resolve=rebound)
    row = hook.ended(delivery)
    assert (row["state"], row["tries"]) == ("refused", 1)
    assert row["said"].startswith("Rebind.test is in a private network")
    assert (asked, receiver.requests) == (["rebind.test"], [])


def test_the_connection_is_made_to_the_address_that_was_checked(
    hook: Hook, receiver: Receiver, start_sending: StartSending
) -> None:
    """The name is known to the injected resolver alone, so whoever asked for it anew would find nothing."""
    name = f"receiver.test:{receiver.server.port}"
    hook.database.execute("UPDATE alert_webhooks SET url = %s", [f"http://{name}{PATH}?a=1"])
    delivery = hook.send(test=True)
    start_sending(allowed=[name], resolve=lambda _host, _port: ["127.0.0.1"])
    assert hook.ended(delivery)["state"] == "delivered"
    assert (receiver.requests[0].headers["Host"], receiver.requests[0].query_string) == (name, b"a=1")


def test_a_name_that_is_not_known_now_is_tried_again(hook: Hook, start_sending: StartSending) -> None:
    calls: list[int] = []

    def resolve(_host: str, _port: int) -> list[str]:
        calls.append(1)
        if len(calls) == 1:
            raise OSError("no answer")
        return ["127.0.0.1"]

    delivery = hook.send(*event_of(hook))
    start_sending(resolve=resolve)
    row = hook.ended(delivery)
    assert (row["state"], row["tries"]) == ("delivered", 2)


def test_nothing_is_sent_of_a_webhook_that_is_off_or_gone(
    hook: Hook, receiver: Receiver, start_sending: StartSending
) -> None:
    webhooks.switch(hook.database, hook.user, enabled=False)
    delivery = hook.send(*event_of(hook))
    start_sending()
    assert hook.ended(delivery)["said"] == "The webhook was off."
    webhooks.delete(hook.database, hook.user)
    assert hook.ended(hook.send(test=True))["state"] == "refused"
    hook.database.execute("DELETE FROM users")
    assert receiver.requests == []


def test_pauses_double_up_to_hours() -> None:
    assert [round(min(WEBHOOK.longest, WEBHOOK.pause * 2**failures)) for failures in (0, 1, 10, 12)] == [
        10,
        20,
        10_240,
        21_600,
    ]
    assert all(10_800 <= kinds.WEBHOOK.wait(30) <= 21_600 for _ in range(50))


def test_a_body_is_the_same_at_each_try_and_bounded(hook: Hook) -> None:
    (event,) = event_of(hook)
    sender = Sender([], alert_words.sentence, "http://tracera.test")
    row = {"test": False, "created_at": NOW, "event_ids": [event] * 500}
    found = hook.database.rows("SELECT id, rule_id, kind, time, since, facts FROM alert_events")
    assert sender.body(row, found) == replace(sender).body(row, found)


def event_of(hook: Hook) -> list[int]:
    """An event as an evaluation keeps it, without its delivery."""
    market = Market.__new__(Market)
    market.database, market.user = hook.database, hook.user
    item = market.add_item(f"Case {len(market.events())}", 1_250)
    market.rule(kind="price", item_id=item, threshold=1_000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outbox, "put_in", lambda *_: None)
        assert alerts.run(hook.database, NOW).events == 1
    row = hook.database.row("SELECT max(id) AS id FROM alert_events")
    assert row
    return [row["id"]]
