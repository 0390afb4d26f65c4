"""Alerts views: the bell's list, and the rules and history of the alerts page."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from dash import dcc, html

from app.alerts.rule import with_scale
from app.alerts.states import State
from app.times import rfc3339_second
from components.alerts.button import portfolio_alert
from components.alerts.delivery import delivery, read
from components.alerts.history import event_list, is_unread
from components.alerts.words import STATES, condition, threshold
from components.ui import context
from components.ui.format import age_text, scale, time_text
from components.ui.guard import guarded
from components.ui.page import Children, card, empty_state
from db.alerts import history, rules
from db.core.pool import Row

ROUTE = "/api/v1/alerts"
IN_BELL, ON_PAGE = 10, 100


def bell_list(user_id: int | None) -> Children:
    """The newest events, and where all of them are."""
    if user_id is None:
        return empty_state("You are not signed in", "Your session has ended.", symbol="bell")
    return guarded(lambda: _bell_list(user_id), keep=False)


def _bell_list(user_id: int) -> Children:
    events = history.page(context.database(), user_id, None, IN_BELL)
    link = dcc.Link("All alerts", href="/alerts", className="menu-entry alerts-all")
    if not events:
        return [
            empty_state(
                "Nothing has fired yet", "Open an item and press Alert: what it tells comes here.", symbol="bell"
            ),
            link,
        ]
    return [event_list(events, datetime.now(UTC)), link]


def everything(user_id: int) -> Children:
    """Rules, where alerts go, and history."""
    database, now = context.database(), datetime.now(UTC)
    mine, events = rules.of_user(database, user_id, now), history.page(database, user_id, None, ON_PAGE)
    owned = [{**one, "price_scale": scale(one["currency"])} for one in rules.portfolios(database, user_id)]
    return [_rules(mine, owned, now), delivery(read(user_id), now), _history(events, now)]


def _rules(mine: list[Row], owned: list[Row], now: datetime) -> html.Section:
    add = portfolio_alert(owned) if owned else None
    if not mine:
        find = dcc.Link("Find items", href="/items", className="account-button account-primary")
        empty = empty_state(
            "No rules yet", "Press Alert on an item's page and say when you want to be told.", find, symbol="bell"
        )
        return card(empty, title="Rules", actions=add)
    heads = ("On", "Fires at", "Now", "State", "")
    table = html.Table(
        [
            html.Thead(html.Tr([html.Th(head, scope="col") for head in heads])),
            html.Tbody([_row(rule, now) for rule in mine]),
        ],
        className="alert-rules row-cards",
    )
    return card(table, title="Rules", info=str(len(mine)), actions=add)


def _row(rule: Row, now: datetime) -> html.Tr:
    rule = with_scale(rule)
    href = f"/item/{rule['item_id']}" if rule["item_id"] else f"/portfolio?portfolio={rule['portfolio_id']}"
    kind = rule["kind"]
    return html.Tr(
        [
            html.Td(dcc.Link(rule["name"], href=href), className="alert-on"),
            html.Td(condition(rule, kind)),
            html.Td(threshold(rule, rule["value"], kind), className="alert-now"),
            html.Td(_state(rule, now)),
            html.Td(html.Div(_actions(rule, now), className="alert-acts")),
        ]
    )


def _state(rule: Row, now: datetime) -> html.Span:
    name = State(rule["state"]).name.lower()
    if not rule["enabled"] or (rule["until"] and rule["until"] <= now):
        return html.Span("Off", className="alert-state")
    quiet = "muted" if rule["muted"] else "snoozed" if rule["snoozed_until"] and rule["snoozed_until"] > now else None
    since = html.Span(f" {age_text(rule['since'], now)}" if name != "ok" else "", title=time_text(rule["since"]))
    return html.Span(
        [html.Span(STATES[name]), since, *([html.Span(f", {quiet}")] if quiet else [])],
        className=f"alert-state alert-state-{name}",
    )


def _actions(rule: Row, now: datetime) -> list[html.Button]:
    quiet = rule["muted"] or bool(rule["snoozed_until"] and rule["snoozed_until"] > now)
    is_on = rule["enabled"] and State(rule["state"]) is not State.DONE
    path = f"{ROUTE}/{rule['id']}"
    tomorrow = rfc3339_second(now + timedelta(days=1))
    mute = {"muted": not quiet} | ({"snoozed_until": None} if quiet else {})
    named = f"the alert on {rule['name']}"
    return [
        _button("Edit", f"Edit {named}", **{"data-alert-edit": rule["id"]}),
        _send("Unmute" if quiet else "Mute", named, f"PATCH {path}", mute, "Told again." if quiet else "Muted: it stays in the history."),
        *([] if quiet else [_send("Snooze", f"{named} for 24 hours", f"PATCH {path}", {"snoozed_until": tomorrow}, "Snoozed for 24 hours.")]),
        _send("Pause" if is_on else "Resume", named, f"PATCH {path}", {"enabled": not is_on}, "Paused." if is_on else "It begins anew."),
        _send("Delete", named, f"DELETE {path}", None, "The alert is deleted.", **{"data-account-sure": "Really?"}),
    ]  # fmt: skip


def _send(text: str, named: str, call: str, body: dict[str, Any] | None, done: str, **more: Any) -> html.Button:
    sent = {} if body is None else {"data-account-body": json.dumps(body)}
    return _button(text, f"{text}: {named}", **{"data-account-send": call, "data-account-done": done}, **sent, **more)


def _button(text: str, label: str, **attributes: Any) -> html.Button:
    attributes["aria-label"] = label
    return html.Button(text, type="button", className="account-button", **attributes)


def _history(events: list[Row], now: datetime) -> html.Section:
    if not events:
        return card(
            empty_state("Nothing has fired yet", "What your rules tell stays here for 180 days.", symbol="inbox"),
            title="History",
        )
    read = (
        _send("Mark all as read", "history", f"POST {ROUTE}/events/read", {"newest": events[0]["id"]}, "All read.")
        if any(map(is_unread, events))
        else None
    )
    return card(event_list(events, now), title="History", actions=read)
