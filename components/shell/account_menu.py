"""Account menu: the signed-in user, sign-in and sign-out, in the corner of the header."""

from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from app.accounts.caller import Caller
from components.account import data
from components.ui.icon import icon
from components.ui.menu import ENTRY, menu

SIGN_OUT: dict[str, Any] = {"data-account-send": "POST /api/v1/auth/logout"}


def session_unchecked(caller: Caller) -> str:
    """Why personal pages are not shown while the caller's session cannot be checked."""
    return (
        f"Your session cannot be checked right now: {caller.unavailable} does not answer."
        " What is public is shown; your own pages come back by themselves."
    )


def account_menu() -> html.Div:
    """A menu for a signed-in user, else the link to sign-in; says so where the session cannot be checked."""
    caller = data.current_caller()
    if caller.unknown:
        return html.Div(_unknown(caller), className="account-corner")
    if data.session_user(caller) is None:
        named: dict[str, Any] = {"title": "Sign in"}  # phones show the icon alone
        return html.Div(
            dcc.Link(
                [icon("user", size=16), html.Span("Sign in", className="account-name")],
                href="/sign-in",
                className="account-open",
                **named,
            ),
            className="account-corner",
        )
    return html.Div(_menu(data.name()), className="account-corner")


def initials(name: str) -> str:
    """One or two letters that stand for a name."""
    words = [word for word in name.split() if word[0].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper() or "?"


def _menu(name: str) -> html.Div:
    label: dict[str, Any] = {"aria-label": f"Account of {name}"}
    face = [
        html.Span(initials(name), className="account-initials"),
        html.Span(name, className="account-name"),
        icon("chevron-down", size=14),
    ]
    entries = [
        dcc.Link([icon("user", size=16), "Account"], href="/account", className=ENTRY),
        html.Button([icon("sign-out", size=16), "Sign out"], type="button", className=ENTRY, **SIGN_OUT),
    ]
    return menu("account-menu", face, entries, look="account-open", **label)


def _unknown(caller: Caller) -> dmc.Tooltip:
    return dmc.Tooltip(
        html.Button(
            [icon("alert", size=16), html.Span("Session unknown", className="account-name")],
            type="button",
            className="account-open account-unknown",
        ),
        label=session_unchecked(caller),
        multiline=True,
        w=280,
        events={"hover": True, "focus": True, "touch": True},
    )
