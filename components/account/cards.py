"""Account cards: profile, sign-in methods, sessions, keys, activity, data."""

import json
from typing import Any

import dash_mantine_components as dmc
from dash import html

from components.account.data import AccountData
from components.account.files import files_card
from components.account.format import device, event, method
from components.account.sign_in import AUTH, start
from components.shell.account_menu import initials
from components.ui import context
from components.ui.format import DASH, age_text, time_text
from components.ui.icon import icon
from components.ui.page import Children, card, definition_list, empty_state
from db.core.pool import Row


def account_cards(data: AccountData) -> html.Div:
    """All cards."""
    return html.Div(
        [
            html.Div(
                [_profile(data), _methods(data), *([files_card(data)] if context.has_items() else []), _data()],
                className="account-column",
            ),
            html.Div([_sessions(data), _keys(data), _activity(data)], className="account-column"),
        ],
        className="account-grid",
    )


def action(
    text: str, call: str, *, body: dict[str, Any] | None = None, sure: str | None = None, danger: bool = False
) -> html.Button:
    """A button that calls a route; with `sure`, only at the second click."""
    attributes: dict[str, Any] = {"data-account-send": call}
    if body is not None:
        attributes["data-account-body"] = json.dumps(body)
    if sure is not None:
        attributes["data-account-sure"] = sure
    look = "account-button account-danger" if danger else "account-button"
    return html.Button(text, type="button", className=look, **attributes)


def moment(when: Any) -> html.Span:
    """How long ago; the time itself on hover."""
    return html.Span(age_text(when), title=time_text(when))


def _profile(data: AccountData) -> html.Section:
    user = data.user
    email = user["email"] if user["email_verified"] else None
    head = html.Div(
        [
            html.Span(initials(user["name"]), className="account-initials account-initials-large"),
            html.Div(
                [
                    html.Div(user["name"], className="account-title"),
                    html.Div(email or "no e-mail address", className="muted account-small"),
                ]
            ),
        ],
        className="account-person",
    )
    steam = next((entry["subject"] for entry in data.identities if entry["provider"] == "steam"), None)
    pairs: list[tuple[str, Children]] = [
        ("Account since", html.Span(f"{user['created_at']:%d %b %Y}", title=time_text(user["created_at"]))),
        ("Last sign-in", moment(user["last_sign_in"])),
        ("SteamID64", steam),
    ]
    return card(head, definition_list(pairs), title="Profile")


def _methods(data: AccountData) -> html.Section:
    linked = {entry["provider"] for entry in data.identities}
    others = [
        name
        for name in ("google", "github", "steam")
        if name not in linked and (name in data.usable or name == "steam")
    ]
    last = len([entry for entry in data.identities if entry["provider"] in data.usable]) <= 1
    rows = [_linked(entry, keep=last and entry["provider"] in data.usable) for entry in data.identities]
    return card(html.Ul([*rows, *map(_unlinked, others)], className="account-list"), title="Sign-in methods")


def _linked(entry: Row, *, keep: bool) -> html.Li:
    name = method(entry["provider"])
    what = entry["subject"] if entry["provider"] in {"steam", "email"} else entry["email"] or entry["name"]
    end = (
        html.Span(
            "only way in", className="muted account-small", title="Link another method before you unlink this one."
        )
        if keep
        else action("Unlink", f"POST {AUTH}/unlink", body={"provider": entry["provider"]}, sure="Really unlink?")
    )
    return _row(icon(entry["provider"], size=18), name, [what or DASH, " · used ", moment(entry["last_used"])], end)


def _unlinked(name: str) -> html.Li:
    href = f"{AUTH}/steam?next=/account" if name == "steam" else start(name, link="true", next="/account")
    why = "needed to import your inventory" if name == "steam" else "not linked"
    return _row(icon(name, size=18), method(name), why, html.A("Link", href=href, className="account-button"))


def _sessions(data: AccountData) -> html.Section:
    if data.sessions is None:
        body: Children = empty_state(
            "Sessions cannot be listed right now",
            "They are kept in Redis, which does not answer. It comes back by itself.",
            symbol="alert",
        )
        return card(body, title="Where you are signed in")
    rows = []
    for entry in data.sessions:
        words = [
            f"{entry['address'] or 'unknown address'} · {method(entry['method'])} · seen ",
            moment(entry["last_seen"]),
        ]
        end = (
            html.Span("this browser", className="account-badge")
            if entry["current"]
            else action("End", f"DELETE {AUTH}/sessions/{entry['id']}", sure="Really end?")
        )
        name = html.Span(device(entry["user_agent"]), title=entry["user_agent"] or "")
        rows.append(_row(icon("local", size=18), name, words, end))
    everywhere = action("Sign out everywhere", f"DELETE {AUTH}/sessions", sure="Really, here too?")
    return card(html.Ul(rows, className="account-list"), title="Where you are signed in", actions=everywhere)


def _keys(data: AccountData) -> html.Section:
    rows = [
        _row(
            icon("key", size=18),
            [key["name"], html.Span("read only" if key["scope"] == "read" else "full", className="account-badge")],
            [
                html.Code(f"{key['prefix']}…"),
                " · ",
                "never used" if key["last_used"] is None else ["used ", moment(key["last_used"])],
            ],
            action("Revoke", f"DELETE {AUTH}/keys/{key['id']}", sure="Really revoke?"),
        )
        for key in data.keys
    ]
    what = html.P(["For scripts: ", html.Code("Authorization: Bearer trc_…")], className="account-note")
    return card(what, html.Ul(_flat(rows), className="account-list"), _key_form(), title="API keys")


def _key_form() -> html.Form:
    send: dict[str, Any] = {"data-account-send": f"POST {AUTH}/keys"}
    scope: dict[str, Any] = {"aria-label": "What the key may do"}
    return html.Form(
        [
            dmc.TextInput(
                name="name",
                label="Name of a new key",
                placeholder="backup script",
                required=True,
                withAsterisk=False,
                inputProps={"maxLength": 60},
            ),
            dmc.SegmentedControl(
                name="scope",
                data=[{"value": "read", "label": "Read only"}, {"value": "full", "label": "Full"}],
                value="read",
                **scope,
            ),
            html.Button("Create key", type="submit", className="account-button account-primary"),
        ],
        className="account-inline",
        **send,
    )


def _activity(data: AccountData) -> html.Section:
    rows = [
        html.Li(
            [
                html.Span(event(entry["event"], entry["detail"])),
                html.Span([entry["address"] or DASH, " · ", moment(entry["time"])], className="muted account-small"),
            ],
            className="account-event",
        )
        for entry in data.activity
    ]
    return card(html.Ul(rows, className="account-list"), title="Activity", info=f"the last {len(rows)} events")


def _data() -> html.Section:
    send: dict[str, Any] = {"data-account-send": f"DELETE {AUTH}/account"}
    form = html.Form(
        [
            dmc.TextInput(
                name="confirm",
                label="Type “delete my account”",
                required=True,
                withAsterisk=False,
                autoComplete="off",
            ),
            html.Button("Delete for good", type="submit", className="account-button account-danger"),
        ],
        className="account-inline",
        **send,
    )
    export = action("Download as JSON", "POST /api/v1/exports/account")
    delete = html.Details(
        [
            html.Summary("Delete this account"),
            html.P(
                "Your sign-in methods, sessions, keys, holdings and history are removed at once. This cannot be undone.",
                className="account-note",
            ),
            form,
        ],
        className="account-delete",
    )
    text = html.P("Everything kept about you, in one file.", className="account-note")
    return card(html.Div([text, export], className="account-export"), delete, title="Your data")


def _row(symbol: Children, title: Children, words: Children, end: Children) -> html.Li:
    return html.Li(
        [
            symbol,
            html.Div(
                [html.Div(title, className="account-title"), html.Div(words, className="muted account-small")],
                className="account-words",
            ),
            html.Div(end, className="account-end"),
        ],
        className="account-row",
    )


def _flat(rows: list[html.Li]) -> list[Any]:
    return rows or [html.Li("No keys yet.", className="muted account-small")]
