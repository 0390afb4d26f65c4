"""Bell: how many alerts are unread, in the header of every page; assets/alerts/bell.js asks, and the list is made when it is opened."""

from typing import Any

from dash import Dash, Input, Output, dcc, html

from components.account import data
from components.alerts.view import bell_list
from components.ui.icon import icon
from components.ui.inputs import Version
from components.ui.menu import menu
from components.ui.page import Children, skeleton_rows

MENU, LIST, OPENED = "alerts-menu", "alerts-list", "alerts-opened"


def bell() -> html.Div:
    """For a visitor there is nothing in it."""
    corner = html.Div(id="alerts-bell", className="alerts-corner")
    if data.session_user(data.current_caller()) is None:
        return corner
    face = [icon("bell", size=18), html.Span(id="alerts-count", className="alerts-count", hidden=True)]
    label: dict[str, Any] = {"aria-label": "Alerts", "title": "Alerts"}
    listed = html.Div(skeleton_rows(3), id=LIST, className="alerts-list")
    corner.children = [menu(MENU, face, [listed], look="alerts-open", **label), dcc.Store(id=OPENED)]
    return corner


def register(app: Dash) -> None:
    """Fill the list whenever it is opened."""
    app.callback(Output(LIST, "children"), Input(OPENED, "data"), prevent_initial_call=True)(update_list)


def update_list(_opened: Version) -> Children:
    """The newest events, and where all of them are."""
    return bell_list(data.session_user(data.current_caller()))
