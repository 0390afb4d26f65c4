"""The signed-in user: methods, sessions, keys, activity, and the way out for good."""

from typing import Any

import dash_mantine_components as dmc
from dash import Dash, Input, Output, dcc, html

from app.accounts.errors import REFUSALS
from components.account import cards, data
from components.shell.account_menu import SIGN_OUT, cannot_check
from components.ui.guard import guarded
from components.ui.inputs import Version
from components.ui.page import Children, alert, empty_state, error_state, page, page_header, register_page

VERSION, BODY = "account-version", "account-body"


def register(app: Dash) -> None:
    register_page(__name__, path="/account", title="Account · Tracera", description="Your account", layout=layout)
    app.callback(Output(BODY, "children"), Input(VERSION, "data"), prevent_initial_call=True)(update)


def layout(error: str | None = None, **_query: str) -> html.Div:
    parts: list[Children] = []
    if data.who().kind == "session":
        out = html.Button("Sign out", type="button", className="account-button", **SIGN_OUT)
        parts.append(page_header("Account", "How you sign in, where you are signed in, and what is kept.", out))
    else:
        parts.append(page_header("Account", "How you sign in, where you are signed in, and what is kept."))
    if error is not None and error in REFUSALS:
        parts.append(alert(REFUSALS[error][1]))
    return page(*parts, html.Div(update(None), id=BODY), dcc.Store(id=VERSION), _new_key())


def update(_version: Version) -> Children:
    who = data.who()
    if who.unknown:
        return error_state("Your account cannot be shown right now", cannot_check(who))
    user_id = data.session_user(who)
    if user_id is None:
        link = dcc.Link("Sign in", href="/sign-in?next=/account", className="account-button account-primary")
        return empty_state(
            "You are not signed in", "Sign in to see your methods, sessions and keys.", link, symbol="user"
        )
    return guarded(lambda: _everything(user_id), keep=False)


def _everything(user_id: int) -> Children:
    found = data.gather(user_id)
    return empty_state("This account is gone", "It was deleted.") if found is None else cards.everything(found)


def _new_key() -> dmc.Modal:
    copy: dict[str, Any] = {"data-account-copy": "account-key"}
    return dmc.Modal(
        [
            html.P("Copy it now: it is shown this once and kept nowhere.", className="account-note"),
            html.Code(id="account-key", className="account-key"),
            html.Div(
                html.Button("Copy", type="button", className="account-button account-primary", **copy),
                className="account-export",
            ),
        ],
        id="account-key-box",
        title="Your new API key",
        size="lg",
        closeButtonProps={"aria-label": "Close"},
    )
