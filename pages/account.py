"""Account page: sign-in methods, sessions, keys, activity, and deletion of the account."""

from typing import Any

import dash_mantine_components as dmc
from dash import Dash, Input, Output, dcc, html

from app.accounts.errors import REFUSALS
from components.account import cards, data
from components.shell.account_menu import SIGN_OUT, session_unchecked
from components.ui.guard import guarded
from components.ui.inputs import Version
from components.ui.page import Children, alert, empty_state, error_state, page, page_header, register_page

VERSION, BODY = "account-version", "account-body"


def register(app: Dash) -> None:
    register_page(__name__, path="/account", title="Account · Tracera", description="Your account", layout=layout)
    app.callback(Output(BODY, "children"), Input(VERSION, "data"), prevent_initial_call=True)(update_account)


def layout(error: str | None = None, **_query: str) -> html.Div:
    parts: list[Children] = []
    if data.current_caller().kind == "session":
        out = html.Button("Sign out", type="button", className="account-button", **SIGN_OUT)
        parts.append(page_header("Account", "How you sign in, where you are signed in, and what is kept.", out))
    else:
        parts.append(page_header("Account", "How you sign in, where you are signed in, and what is kept."))
    if error is not None and error in REFUSALS:
        parts.append(alert(REFUSALS[error][1]))
    return page(*parts, html.Div(update_account(None), id=BODY), dcc.Store(id=VERSION), _new_key())


def update_account(_version: Version) -> Children:
    caller = data.current_caller()
    if caller.unknown:
        return error_state("Your account cannot be shown right now", session_unchecked(caller))
    user_id = data.session_user(caller)
    if user_id is None:
        link = dcc.Link("Sign in", href="/sign-in?next=/account", className="account-button account-primary")
        return empty_state(
            "You are not signed in", "Sign in to see your methods, sessions and keys.", link, symbol="user"
        )
    return guarded(lambda: _everything(user_id), keep=False)


def _everything(user_id: int) -> Children:
    found = data.read_account(user_id)
    return empty_state("This account is gone", "It was deleted.") if found is None else cards.account_cards(found)


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
