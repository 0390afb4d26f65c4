"""Shared page: a portfolio shared by link, read only."""

from typing import Any

from dash import Dash, Input, Output, State, dcc, html, no_update

from components.portfolio import holdings, shared_page
from components.ui import clientside, shared_link
from components.ui.inputs import Name, Times
from components.ui.page import card, database_down, page, page_header, register_page
from db.core.pool import DatabaseDownError

REFRESH_MS = 60_000
PREFIX = "/shared/"
SLOTS, DATA, STATE = "shared-slots", "shared-data", "shared-state"


def register(app: Dash) -> None:
    register_page(
        __name__,
        path_template="/shared/<token>",
        title="Shared portfolio · Tracera",
        description="A portfolio that its owner shares",
        layout=layout,
    )
    app.callback(
        Output(SLOTS, "data"),
        Output(DATA, "data"),
        Output(STATE, "children"),
        Input("shared-clock", "n_intervals"),
        State("shared-token", "data"),
    )(update_shared_portfolio)
    clientside.add(app, "portfolioPage", "fill", Output(SLOTS, "clear_data"), Input(SLOTS, "data"))
    clientside.add(app, "portfolioPage", "adopt", Output(DATA, "clear_data"), Input(DATA, "data"))
    shared_link.register(app.server, PREFIX, lambda token: shared_page.find(token) is not None)


def layout(token: str | None = None, **_query: str) -> html.Div:
    try:
        found = shared_page.find(token or "")
    except DatabaseDownError:
        return page(page_header("Shared portfolio", "Read only"), card(database_down()))
    if found is None:
        return page(page_header("Shared portfolio", "Read only"), shared_page.gone())
    portfolio, hidden = found
    words = "Shared by its owner, without quantities and amounts." if hidden else "Shared by its owner."
    return page(
        page_header(portfolio["name"], f"{words} Read only, prices are live."),
        html.Div(id=STATE),
        holdings.subscription(),
        *shared_page.body(hidden=hidden),
        dcc.Store(id="shared-token", data=token),
        dcc.Store(id=SLOTS),
        dcc.Store(id=DATA),
        dcc.Interval(id="shared-clock", interval=REFRESH_MS),
    )


def update_shared_portfolio(_clock: Times, token: Name) -> tuple[Any, ...]:
    """Texts, rows, and what is wrong."""
    try:
        found = shared_page.find(token)
        if found is None:
            return {}, None, shared_page.gone()
        portfolio, hidden = found
        return (*shared_page.read(portfolio, hidden=hidden), None)
    except DatabaseDownError:
        return no_update, no_update, card(database_down())
