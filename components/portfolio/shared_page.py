"""Shared portfolio: shows what the owner of a share link allows, and nothing that leads to more."""

from typing import Any

from dash import dcc, html

from app.portfolio import sharing
from app.portfolio.overview import Overview
from components.portfolio import data
from components.portfolio.holdings import allocation, grid, movers
from components.portfolio.tiles import RETURN, VOLATILITY, slot, tile_frames, tile_html, today_share
from components.ui import context
from components.ui.markup import to_html
from components.ui.page import Children, card, empty_state, info_mark, tile
from db.core.pool import Row

ALLOWED = ("return", "return-note", "volatility")
"""Slots whose text tells no amounts."""


def find(token: str) -> tuple[Row, bool] | None:
    """The portfolio that a token shows, and whether quantities are hidden.

    Raises:
        DatabaseDownError: not now.
    """
    return sharing.find(context.database(), token)


def body(*, hidden: bool) -> list[Children]:
    """The page's parts; without quantities there are neither amounts nor movers."""
    if not hidden:
        return [tile_frames(), movers(), allocation(), grid()]
    tiles = [
        tile("Today", slot("today"), slot("today-note")),
        tile("Return", slot("return"), slot("return-note"), info=info_mark(RETURN, label="return")),
        tile("Volatility", slot("volatility"), slot("volatility-note"), info=info_mark(VOLATILITY, label="volatility")),
    ]
    return [html.Div(tiles, className="portfolio-tiles portfolio-tiles-3"), allocation(), grid()]


def read(portfolio: Row, *, hidden: bool) -> tuple[dict[str, str], dict[str, Any]]:
    """Texts by slot, and the rows for the browser: both from what `public_view` lets through.

    Raises:
        DatabaseDownError: not now.
    """
    overview = data.read_overview(portfolio)
    view = sharing.public_view(overview, hide_quantities=hidden)
    browser_data = data.for_browser(view["holdings"], portfolio, view) | {"shared": True, "hidden": hidden}
    return _texts(overview, view, hidden=hidden), browser_data


def gone() -> Children:
    """The link was revoked, or never was one."""
    back = dcc.Link("To the market", href="/", className="button")
    return card(
        empty_state(
            "This link does not work",
            "Its owner revoked it, or the address is not complete. Ask for a new one.",
            back,
            symbol="portfolio",
        )
    )


def _texts(overview: Overview, view: dict[str, Any], *, hidden: bool) -> dict[str, str]:
    texts = tile_html(overview, None)
    texts["volatility-note"] = "of daily returns over 90 days"
    if not hidden:
        return texts
    shown = {name: texts[name] for name in (*ALLOWED, "volatility-note")}
    return shown | {"today": to_html(today_share(view["percent_change_24h"])), "today-note": "in 24 h"}
