"""Watchlist controls: the star of an item, and what stands on an empty list."""

from typing import Any

from dash import dcc, html

from components.ui.icon import icon
from components.ui.page import empty_state

ROUTE = "/api/v1/marketwatch"


def watch_button(item_id: int, *, watched: bool) -> html.Button:
    """The star of an item; assets/items/watch.js turns it."""
    attributes: dict[str, Any] = {
        "data-watch": item_id,
        "data-account-send": f"{'DELETE' if watched else 'POST'} {ROUTE}/{item_id}",
        "aria-pressed": "true" if watched else "false",
        "title": "On your watchlist" if watched else "Put it on your watchlist",
    }
    return html.Button(
        [icon("watchlist", size=16), icon("watching", size=16), html.Span("Watch")],
        type="button",
        className="watch-button",
        **attributes,
    )


def visitor_star(item_id: int) -> html.Button:
    """The star for a visitor without a session: it is kept in the browser, and goes along at sign-in."""
    attributes: dict[str, Any] = {"data-watch": item_id, "aria-pressed": "false"}
    return html.Button(
        [icon("watchlist", size=16), icon("watching", size=16), html.Span("Watch")],
        type="button",
        className="watch-button",
        title="Put it on your watchlist",
        **attributes,
    )


def nothing_watched() -> html.Div:
    """A watchlist without items."""
    link = dcc.Link("Find items", href="/items", className="account-button account-primary")
    return empty_state(
        "Nothing on this list yet",
        "Add an item above, or press the star of one: its price then moves here.",
        link,
        symbol="watchlist",
    )
