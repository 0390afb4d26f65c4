"""Watchlist page: lists of items with notes and target prices, live; a visitor's are kept in the browser."""

from typing import Any

import dash_mantine_components as dmc
from dash import Dash, Input, Output, dcc, html

from components.account import data
from components.items.filters import WINDOWS
from components.items.grid import WATCHED, watch_grid
from components.items.toolbar import button, toolbar
from components.items.watch import nothing_watched
from components.shell.account_menu import session_unchecked
from components.ui import clientside, url_state
from components.ui.page import STILL_WORKS, Children, card, error_state, page, page_header, register_page

BEGUN = "watchlist-begun"
"""Store of the window that is shown: the browser begins the page with it."""


def register(app: Dash) -> None:
    register_page(__name__, path="/watchlist", title="Watchlist · Tracera", description="What you watch", layout=layout)
    clientside.add(app, "watchlist", "begin", Output(BEGUN, "data"), Input("watchlist-window", "value"))
    for function, component, prop in (
        ("columns", "watchlist-columns", "value"),
        ("retry", "watchlist-retry", "n_clicks"),
    ):
        clientside.add(app, "watchlist", function, Input(component, prop), prevent_initial_call=True)


def layout(**query: str) -> html.Div:
    caller = data.current_caller()
    if caller.unknown:
        header = page_header("Watchlist", "What you watch, with its newest price.")
        return page(header, card(error_state("Your watchlist cannot be shown right now", session_unchecked(caller))))
    total = html.Span(id="watchlist-total", role="status")
    words: list[Children] = ["What you watch, live. ", total]
    if data.session_user(caller) is None:
        link = dcc.Link("Sign in", href="/sign-in?next=/watchlist")
        words += [" Kept in this browser: ", link, " to have it everywhere."]
    return page(
        page_header("Watchlist", words, toolbar("watchlist", button("Add items", "watchlist-add", "plus"), WATCHED)),
        html.Section(
            [
                _bar(url_state.one_of(query, "window", WINDOWS, WINDOWS[0])),
                html.Div([watch_grid(), _states()], className="items-frame"),
            ],
            className="card items-screener watchlist",
        ),
        dcc.Store(id=BEGUN),
    )


def _bar(window: str) -> html.Div:
    lists: dict[str, Any] = {"aria-label": "Watchlists"}
    named: dict[str, Any] = {"aria-label": "Window"}
    windows = dmc.SegmentedControl(
        id="watchlist-window", value=window, data=list(WINDOWS), size="xs", className="items-window", **named
    )
    edit = dmc.Button("Edit list", id="watchlist-edit", variant="subtle", size="xs")
    return html.Div(
        [html.Nav(id="watchlist-tabs", className="watch-tabs", **lists), edit, windows], className="watch-bar"
    )


def _states() -> html.Div:
    """What stands in place of rows; assets/items/watchlist.js says which."""
    failed = error_state(
        "Your watchlist cannot be shown right now",
        html.Span(id="watchlist-error"),
        retry="watchlist-retry",
        works=STILL_WORKS,
    )
    parts = [html.Div(nothing_watched(), className="items-none"), html.Div(failed, className="items-failed")]
    return html.Div(parts, id="watchlist-state", className="items-state")
