"""Delivery view: where alerts go beside the bell, and what became of the last that were sent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import dash_mantine_components as dmc
from dash import html

from app.alerts.quiet import zones
from components.ui import context
from components.ui.format import age_text, time_text
from components.ui.page import Children, alert, card
from db.alerts import deliveries, preferences, webhooks
from db.core.pool import Row

ROUTE: Final = "/api/v1/alerts"
SHOWN: Final = 10
STATES: Final = {
    "held": "Held until quiet hours end",
    "waiting": "On its way",
    "delivered": "Delivered",
    "gone": "Gone",
    "refused": "Not delivered",
    "failed": "Given up",
}
CHANNELS: Final = {"webhook": "Webhook", "mail": "E-mail"}


@dataclass(frozen=True, slots=True)
class Outward:
    """What is known of a user's deliveries; `webhook` is None where there is none."""

    webhook: Row | None
    preferences: Row
    deliveries: list[Row]
    can_mail: bool


def read(user_id: int) -> Outward:
    """Of a user.

    Raises:
        DatabaseDownError: not now.
    """
    database = context.database()
    return Outward(
        webhooks.of_user(database, user_id),
        preferences.of_user(database, user_id),
        deliveries.page(database, user_id, None, SHOWN),
        bool(context.settings().smtp_host),
    )


def delivery(found: Outward, now: datetime) -> html.Section:
    """The card."""
    parts: list[Any] = [_webhook(found.webhook), _mail(found), _quiet(found.preferences)]
    if found.deliveries:
        parts.append(_sent(found.deliveries, now))
    return card(*parts, title="Delivery")


def secret_box() -> dmc.Modal:
    """Shows a secret that was just made; assets/account/actions.js fills it."""
    copy: dict[str, Any] = {"data-account-copy": "account-key"}
    return dmc.Modal(
        [
            html.P(
                "Copy it now: it is shown this once. Your receiver verifies by it that a message is from here.",
                className="account-note",
            ),
            html.Code(id="account-key", className="account-key"),
            html.Div(
                html.Button("Copy", type="button", className="account-button account-primary", **copy),
                className="account-export",
            ),
        ],
        id="account-key-box",
        title="The webhook's secret",
        size="lg",
        closeButtonProps={"aria-label": "Close"},
    )


def _webhook(hook: Row | None) -> html.Div:
    what = "What fires is sent to your own address as JSON, signed as Standard Webhooks has it."
    head = html.Div([html.H3("Webhook", className="alert-way"), html.P(what, className="account-note")])
    if hook is None:
        return html.Div([head, _address(None)], className="alert-out")
    state = "On" if hook["enabled"] else "Off"
    words = html.Div(
        [html.Code(hook["url"], className="alert-url"), html.Span(state, className="account-badge")],
        className="alert-line",
    )
    off = "The receiver answered that it is gone (410), so the webhook is off. Turn it on again once it is back."
    test: dict[str, Any] = {"data-alert-test": "true"}
    switch = {"enabled": not hook["enabled"]}
    acts = [
        _button("Send a test", f"POST {ROUTE}/webhook/test", **test),
        _button("Turn off" if hook["enabled"] else "Turn on", f"PATCH {ROUTE}/webhook", switch, "It is off." if hook["enabled"] else "It is on."),
        _button("New secret", f"POST {ROUTE}/webhook/secret", sure="Really change it?"),
        _button("Delete webhook", f"DELETE {ROUTE}/webhook", sure="Really delete it?"),
    ]  # fmt: skip
    change = html.Details([html.Summary("Change the address"), _address(hook["url"])], className="alert-more")
    gone = [alert(off)] if hook["gone_at"] else []
    former = ["The secret of before signs too until ", time_text(hook["former_until"]), "."]
    both = [html.P(former, className="account-note")] if hook["former_until"] else []
    return html.Div([head, *gone, words, *both, html.Div(acts, className="alert-ways"), change], className="alert-out")


def _address(url: str | None) -> html.Form:
    send: dict[str, Any] = {"data-account-send": f"PUT {ROUTE}/webhook"}
    field = dmc.TextInput(
        name="url",
        label="Address, https",
        placeholder="https://example.org/tracera",
        value=url or "",
        required=True,
        withAsterisk=False,
        autoComplete="off",
        inputProps={"maxLength": 1000},
    )
    button = html.Button("Save" if url else "Set webhook", type="submit", className="account-button account-primary")
    return html.Form([field, button], className="account-inline", **send)


def _mail(found: Outward) -> html.Div:
    row = found.preferences
    acts: list[html.Button] = []
    if not found.can_mail and not row["by_mail"]:
        words = "This instance has no mail server."
    elif row["email"] is None:
        words, acts = (
            "No verified address of yours is known: sign in with a link by e-mail, or with Google or GitHub.",
            [],
        )
    else:
        words = f"One mail for all that fires at once, to {row['email']}."
        done = "No more alerts by e-mail." if row["by_mail"] else "Alerts come by e-mail too."
        text = "Turn e-mail off" if row["by_mail"] else "Turn e-mail on"
        acts = [_button(text, f"PUT {ROUTE}/mail", {"by_mail": not row["by_mail"]}, done)]
    head = html.Div([html.H3("E-mail", className="alert-way"), html.P(words, className="account-note")])
    return html.Div([head, *([html.Div(acts, className="alert-ways")] if acts else [])], className="alert-out")


def _quiet(row: Row) -> html.Div:
    has = row["time_zone"] is not None
    words = "Webhook and e-mail wait, and what fired comes together at the end. The bell counts on."
    head = html.Div([html.H3("Quiet hours", className="alert-way"), html.P(words, className="account-note")])
    send: dict[str, Any] = {"data-account-send": f"PUT {ROUTE}/quiet-hours"}
    start, end = (
        f"{row[name]:%H:%M}" if has else given for name, given in (("quiet_from", "22:00"), ("quiet_until", "07:00"))
    )
    zone = dmc.Select(
        name="time_zone", label="Time zone", data=list(zones()), value=row["time_zone"] or "UTC",
        searchable=True, allowDeselect=False, limit=100, nothingFoundMessage="No such time zone",
    )  # fmt: skip
    fields = [
        _clock("quiet_from", "From", start), _clock("quiet_until", "Until", end), zone,
        html.Button("Save" if has else "Set quiet hours", type="submit", className="account-button account-primary"),
    ]  # fmt: skip
    remove = (
        [_button("Remove quiet hours", f"DELETE {ROUTE}/quiet-hours", None, "There are no quiet hours.")] if has else []
    )
    return html.Div([head, html.Form([*fields, *remove], className="account-inline", **send)], className="alert-out")


def _clock(name: str, label: str, value: str) -> dmc.TextInput:
    return dmc.TextInput(
        name=name,
        label=label,
        value=value,
        required=True,
        withAsterisk=False,
        inputProps={"type": "time"},
        className="alert-clock",
    )


def _button(
    text: str, call: str, body: Mapping[str, Any] | None = None, done: str = "", sure: str = "", **more: Any
) -> html.Button:
    given = {"data-account-send": call, "data-account-done": done, "data-account-sure": sure}
    attributes: dict[str, Any] = {name: value for name, value in given.items() if value} | more
    if body is not None:
        attributes["data-account-body"] = json.dumps(body)
    return html.Button(text, type="button", className="account-button", **attributes)


def _sent(rows: list[Row], now: datetime) -> html.Div:
    heads = ("Sent", "What", "State", "")
    table = html.Table(
        [
            html.Thead(html.Tr([html.Th(head, scope="col") for head in heads])),
            html.Tbody([_one(row, now) for row in rows]),
        ],
        className="alert-rules alert-sent row-cards",
    )
    return html.Div([html.H3("Last deliveries", className="alert-way"), table], className="alert-out")


def _one(row: Row, now: datetime) -> html.Tr:
    count = row["alerts"]
    what = "Test" if row["test"] else f"{count} alert{'' if count == 1 else 's'}"
    look = "no_data" if row["state"] in {"gone", "refused", "failed"} else row["state"]
    return html.Tr(
        [
            html.Td(html.Span(age_text(row["created_at"], now), title=time_text(row["created_at"]))),
            html.Td(f"{what} · {CHANNELS[row['channel']]}"),
            html.Td(html.Span(html.Span(STATES[row["state"]]), className=f"alert-state alert-state-{look}")),
            html.Td(_said(row), className="alert-said"),
        ]
    )


def _said(row: Row) -> Children:
    words = [row["said"] or ""]
    if row["next_try"] and row["tries"]:
        words.append(f"Try {row['tries'] + 1} at {row['next_try']:%H:%M} UTC.")
    elif row["tries"] > 1:
        words.append(f"{row['tries']} tries.")
    return " ".join(filter(None, words))
