"""Alerts as JSON: checked, private to their user, bounded; a change begins a rule anew, a mute does not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.alerts.rule import Condition, default_clear
from app.api import alerts as routes
from db.core.pool import Database
from jobs import alerts
from tests.alerts.conftest import Caller, Market


@pytest.fixture
def item(market: Market) -> int:
    return market.add_item("AK", 1_000, datetime.now(UTC))


def made(who: Caller, item: int, **condition: Any) -> dict[str, Any]:
    answer: dict[str, Any] = who.ask("POST", "", body={"kind": "price", "item_id": item, "threshold": 900} | condition)
    return answer


def test_a_rule_is_made_listed_changed_and_deleted(ada: Caller, item: int) -> None:
    rule = made(ada, item)
    assert (rule["name"], rule["clear"], rule["state"], rule["value"], rule["currency"]) == (
        "AK",
        882,
        "ok",
        1_000,
        "USD",
    )
    assert ada.ask("GET", f"?item_id={item}")["alerts"] == [rule] == ada.ask("GET", "")["alerts"]
    assert ada.ask("GET", f"?item_id={item + 1}")["alerts"] == []
    changed = ada.ask("PATCH", f"/{rule['id']}", body={"threshold": 2_000, "hold_seconds": 60})
    assert (changed["threshold"], changed["clear"], changed["hold_seconds"], changed["direction"]) == (
        2_000,
        1_960,
        60,
        "above",
    )
    changed = ada.ask("PATCH", f"/{rule['id']}", body={"direction": "below"})
    assert (changed["threshold"], changed["clear"]) == (2_000, 2_040)
    assert ada.ask("GET", f"/{rule['id']}") == changed
    ada.ask("DELETE", f"/{rule['id']}")
    ada.ask("DELETE", f"/{rule['id']}", 404)
    assert ada.ask("GET", "")["alerts"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"threshold": 0},
        {"threshold": -5, "kind": "stale"},
        {"direction": "either"},
        {"clear": 901},
        {"direction": "below", "clear": 899},
        {"kind": "value"},
        {"portfolio_id": 1},
        {"window": "7d"},
        {"kind": "stale", "direction": "below"},
        {"kind": "change", "direction": "either", "threshold": -1},
        {"hold_seconds": 10**6},
        {"unheard": 1},
        {"item_id": None},
    ],
)
def test_what_makes_no_sense_is_refused(ada: Caller, item: int, wrong: dict[str, Any]) -> None:
    ada.ask("POST", "", 400, {"kind": "price", "item_id": item, "threshold": 900} | wrong)
    assert ada.ask("GET", "")["alerts"] == []


def test_a_change_that_makes_no_sense_changes_nothing(ada: Caller, item: int) -> None:
    rule = made(ada, item)
    for wrong in ({"threshold": 0}, {"threshold": None}, {"direction": "either"}, {"clear": 901}, {"item_id": 3}):
        ada.ask("PATCH", f"/{rule['id']}", 400, wrong)
    assert ada.ask("GET", f"/{rule['id']}") == rule


def test_rules_are_on_what_there_is(ada: Caller, bob: Caller, item: int, database: Database) -> None:
    made_for_bob = database.row("INSERT INTO portfolios (user_id, name) VALUES (%s, 'Main') RETURNING id", [bob.user])
    assert made_for_bob
    ada.ask("POST", "", 404, {"kind": "price", "item_id": item + 1, "threshold": 1})
    value = {"kind": "value", "portfolio_id": made_for_bob["id"], "threshold": 1}
    ada.ask("POST", "", 404, value)
    assert bob.ask("POST", "", body=value)["name"] == "Main"


def test_they_are_their_users_alone(
    ada: Caller, bob: Caller, item: int, database: Database, client: FlaskClient
) -> None:
    rule = made(ada, item)
    alerts.run(database, datetime.now(UTC))
    newest = ada.ask("GET", "/events")["events"][0]["id"]
    for method, body in (("GET", None), ("PATCH", {"muted": True}), ("DELETE", None)):
        bob.ask(method, f"/{rule['id']}", 404, body)
    bob.ask("POST", "/events/read", body={"newest": newest})
    assert bob.ask("GET", "/events") == {"events": [], "unread": 0}
    assert ada.ask("GET", "/unread") == {"unread": 1}
    ada.ask("POST", "", 403, {"kind": "price", "item_id": item, "threshold": 9}, scope="read")
    ada.ask("PATCH", f"/{rule['id']}", 403, {"muted": True}, scope="read")
    ada.ask("POST", "/events/read", 403, {"newest": newest}, scope="read")
    assert len(ada.ask("GET", "", scope="read")["alerts"]) == 1
    for path in ("", f"/{rule['id']}", "/events", "/unread"):
        assert client.get(f"/api/v1/alerts{path}").status_code == 401


def test_no_more_than_one_may_have(ada: Caller, item: int, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "MOST", 2)
    made(ada, item)
    made(ada, item)
    ada.ask("POST", "", 409, {"kind": "price", "item_id": item, "threshold": 9})
    assert database.row("SELECT count(*) FROM alert_rules") == {"count": 2}


def test_what_was_told_is_read_page_by_page(ada: Caller, item: int, database: Database) -> None:
    rules = [made(ada, item)["id"] for _ in range(3)]
    alerts.run(database, datetime.now(UTC))
    first = ada.ask("GET", "/events?limit=2")
    assert ([event["rule_id"] for event in first["events"]], first["unread"]) == ([rules[2], rules[1]], 3)
    rest = ada.ask("GET", f"/events?before={first['events'][-1]['id']}")["events"]
    assert [(event["rule_id"], event["kind"], event["facts"]["name"]) for event in rest] == [(rules[0], "fired", "AK")]
    assert ada.ask("POST", "/events/read", body={"newest": first["events"][1]["id"]}) == {"unread": 1}
    ada.ask("DELETE", f"/{rules[0]}")
    assert [event["read"] for event in ada.ask("GET", "/events")["events"]] == [False, True, True]
    assert ada.ask("GET", "/events")["events"][2]["rule_id"] is None, "the history outlives its rule"


def test_a_changed_condition_begins_anew_and_a_mute_does_not(ada: Caller, item: int, database: Database) -> None:
    now = datetime.now(UTC)
    rule = made(ada, item, once=True)["id"]
    other = made(ada, item)["id"]
    alerts.run(database, now)
    assert ada.ask("GET", f"/{rule}")["state"] == "done"
    assert (
        ada.ask("PATCH", f"/{other}", body={"muted": True, "snoozed_until": "2100-01-01T00:00:00Z"})["state"]
        == "firing"
    )
    assert ada.ask("PATCH", f"/{other}", body={"snoozed_until": None, "enabled": False})["snoozed_until"] is None
    assert ada.ask("PATCH", f"/{other}", body={"enabled": True})["state"] == "ok"
    assert ada.ask("PATCH", f"/{rule}", body={"enabled": True})["state"] == "ok"
    alerts.run(database, now + timedelta(seconds=1))
    assert [event["rule_id"] for event in ada.ask("GET", "/events")["events"]] == [other, rule, other, rule]


@pytest.mark.parametrize(
    ("kind", "direction", "threshold", "clear"),
    [
        ("price", "above", 100, 98),
        ("price", "below", 100, 102),
        ("value", "above", 5_000, 4_900),
        ("change", "above", 5, 3),
        ("change", "below", -5, -3),
        ("change", "either", 10, 8),
        ("change", "either", 1, 0.5),
        ("sigma", "either", 3, 2.5),
        ("stale", "above", 6, 3),
    ],
)
def test_the_default_clear_threshold(kind: str, direction: str, threshold: float, clear: float) -> None:
    assert default_clear(kind, direction, threshold) == clear
    target = {"portfolio_id": 1} if kind == "value" else {"item_id": 1}
    condition = Condition.model_validate({"kind": kind, "direction": direction, "threshold": threshold, **target})
    assert condition.clear == clear
