"""Sign-in page."""

from dash import Dash, dcc, html

from app.accounts.errors import REFUSALS
from app.accounts.methods.registry import usable
from app.accounts.redirects import safe_next_path
from components.account import data, sign_in
from components.ui import context
from components.ui.page import Children, alert, error_state, page, register_page


def register(_app: Dash) -> None:
    register_page(__name__, path="/sign-in", title="Sign in · Tracera", description="The ways in", layout=layout)


def layout(error: str | None = None, next: str | None = None, **_query: str) -> html.Div:  # noqa: A002 - the address says so
    box: list[Children] = [html.H1("Sign in", className="page-title")]
    if error is not None and error in REFUSALS:
        box.append(alert(REFUSALS[error][1]))
    caller = data.current_caller()
    if caller.unknown:
        box.append(
            error_state(
                "Signing in is not possible right now",
                f"{caller.unavailable[0].upper()}{caller.unavailable[1:]} does not answer. It comes back by itself.",
            )
        )
    elif caller.kind == "session":
        box += _signed_in()
    else:
        box += _sign_in_methods(safe_next_path(next, "/account"))
    return page(html.Section(box, className="card account-box"))


def _signed_in() -> list[Children]:
    return [
        html.P(["You are signed in as ", html.Strong(data.name()), "."], className="account-note"),
        dcc.Link("Go to your account", href="/account", className="account-way"),
    ]


def _sign_in_methods(next_path: str) -> list[Children]:
    found = sign_in.sign_in_methods(usable(context.settings()), next_path)
    if not found:
        return [
            html.P(
                "No way to sign in is configured on this instance. Prices, charts and rankings need no account."
                " The settings are in docs/accounts.md.",
                className="account-note",
            )
        ]
    why = "For your portfolio, watchlist and API keys. Everything else needs no account."
    return [html.P(why, className="account-note"), *found]
