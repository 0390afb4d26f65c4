"""Where one can go: the links at the side, and the bar at the bottom of a phone."""

from dataclasses import dataclass
from typing import Any

import dash
import dash_mantine_components as dmc
from dash import Dash, Input, Output, html

from components.ui import clientside
from components.ui.icon import icon

SIDE, BAR = "nav-side", "nav-bar"


@dataclass(frozen=True, slots=True)
class Place:
    """A page as the navigation shows it; `icon` names the file."""

    name: str
    path: str
    icon: str


PLACES = (
    Place("Market", "/", "market"),
    Place("Items", "/items", "items"),
    Place("Rankings", "/rankings", "rankings"),
    Place("Portfolio", "/portfolio", "portfolio"),
    Place("Watchlist", "/watchlist", "watchlist"),
    Place("Status", "/status", "status"),
)
LAST = "Status"
"""Stands apart from the rest."""
IN_BAR = 4


def places() -> list[Place]:
    """Those that this application has."""
    known = {page["path"] for page in dash.page_registry.values()}
    return [place for place in PLACES if place.path in known]


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
    """The first pages, side by side; the others are behind the burger."""
    shown = places()
    if len(shown) > IN_BAR:
        shown = shown[:IN_BAR]
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
            Input(every, "id"),
        )
