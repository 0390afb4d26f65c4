"""Alerts page: the user's rules with where each is, and the history of what they told."""

from dash import Dash, Input, Output, dcc, html

from components.account import data
from components.alerts import bell
from components.alerts.delivery import secret_box
from components.alerts.view import everything
from components.shell.account_menu import session_unchecked
from components.ui.guard import guarded
from components.ui.inputs import Version
from components.ui.page import Children, empty_state, error_state, page, page_header, register_page

VERSION, BODY = "alerts-version", "alerts-body"
RETRY = "alerts-retry"


def register(app: Dash) -> None:
    register_page(__name__, path="/alerts", title="Alerts · Tracera", description="What you are told of", layout=layout)
    bell.register(app)
    app.callback(
        Output(BODY, "children"),
        Input(VERSION, "data"),
        Input(RETRY, "n_clicks", allow_optional=True),
        prevent_initial_call=True,
    )(update_alerts)


def layout(**_query: str) -> html.Div:
    words = "Looked at after each computation of the measures. Each tells what happened, how unusual it is, and what you hold."
    return page(
        page_header("Alerts", words),
        html.Div(update_alerts(None), id=BODY, className="alerts-body"),
        dcc.Store(id=VERSION),
        secret_box(),
    )


def update_alerts(_version: Version, _retry: int | None = None) -> Children:
    caller = data.current_caller()
    if caller.unknown:
        return error_state("Your alerts cannot be shown right now", session_unchecked(caller), retry=RETRY)
    user_id = data.session_user(caller)
    if user_id is None:
        link = dcc.Link("Sign in", href="/sign-in?next=/alerts", className="account-button account-primary")
        return empty_state("You are not signed in", "Sign in to be told when prices move.", link, symbol="bell")
    return guarded(lambda: everything(user_id), keep=False, retry=RETRY)
