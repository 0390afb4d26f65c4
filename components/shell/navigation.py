"""Navigation: the links at the side, and the bar at the bottom of a phone."""

from dataclasses import dataclass
from typing import Any

import dash
import dash_mantine_components as dmc
from dash import Dash, Input, Output, html

from components.ui import clientside, context
from components.ui.icon import icon

SIDE, BAR = "nav-side", "nav-bar"


@dataclass(frozen=True, slots=True)
class Place:
    """A page as the navigation shows it; `icon` names the file. With `of_items` it is of no use where no items are collected."""

    name: str
    path: str
    icon: str
    of_items: bool = False


PLACES = (
    Place("Market", "/", "market"),
    Place("Items", "/items", "items", of_items=True),
    Place("Rankings", "/rankings", "rankings"),
    Place("Edges", "/edges", "edges", of_items=True),
    Place("Portfolio", "/portfolio", "portfolio"),
    Place("Crypto", "/crypto", "crypto"),
    Place("Watchlist", "/watchlist", "watchlist"),
    Place("Compare", "/compare", "compare"),
    Place("Alerts", "/alerts", "bell"),
    Place("Research", "/research", "research", of_items=True),
    Place("Status", "/status", "status"),
)
LAST = "Status"
"""Stands apart from the rest."""
IN_BAR = 5
BAR_ORDER = ("Market", "Items", "Rankings", "Portfolio", "Watchlist", "Crypto")
"""Of a phone's bar: the first ones that there are; the others are behind the burger."""


def places() -> list[Place]:
    """Those that this application has, and that its markets are of use to."""
    known = {page["path"] for page in dash.page_registry.values()}
    return [place for place in PLACES if place.path in known and (context.has_items() or not place.of_items)]


def side_links() -> html.Nav:
    """All pages, under each other."""
    entries: list[Any] = []
    for place in places():
        if place.name == LAST:
            entries.append(html.Hr(className="nav-rule"))
        entries.append(
            dmc.NavLink(
                id={"type": SIDE, "path": place.path},
                label=place.name,
                href=place.path,
                leftSection=icon(place.icon),
                className="nav-link",
            )
        )
    name: dict[str, Any] = {"aria-label": "Pages"}
    return html.Nav(entries, **name)


def bottom_bar() -> html.Nav:
    """Five pages, side by side; the others are behind the burger."""
    known = {place.name: place for place in places()}
    shown = [known[name] for name in BAR_ORDER if name in known][:IN_BAR]
    links = [
        dmc.NavLink(
            id={"type": BAR, "path": place.path},
            label=place.name,
            href=place.path,
            leftSection=icon(place.icon, size=20),
            className="bar-link",
        )
        for place in shown
    ]
    name: dict[str, Any] = {"aria-label": "Main pages"}
    return html.Nav(links, className="bar", **name)


def register(app: Dash) -> None:
    """Mark the link of the page that is shown; close the burger's menu on the way."""
    for kind in (SIDE, BAR):
        every = {"type": kind, "path": dash.ALL}
        clientside.add(
            app,
            "shell",
            "markCurrent",
            Output(every, "active"),
            Output(every, "aria-current"),
            Input("_pages_location", "pathname"),
            # Once it is there, an item's page says whether that is a pair.
            Input("price-chart-picker", "data-kind", allow_optional=True),
            Input(every, "id"),
        )
