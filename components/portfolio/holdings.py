"""Holdings tab: grid, movers and allocation, drawn by assets/portfolio/grid.js from the store `portfolio-data`."""

from typing import Any

from dash import Dash, html

from components.ui.page import Children, card


def layout() -> Children:
    """The frames; assets/portfolio/cards.js and assets/portfolio/grid.js fill them."""
    return [movers(), grid()]


def movers() -> html.Section:
    """Where it appears what gained and lost most."""
    place: dict[str, Any] = {"data-portfolio-movers": ""}
    return card(html.Div(className="portfolio-columns portfolio-place", **place), title="Movers of the day")


def grid() -> html.Section:
    """Where the grid of holdings appears."""
    place: dict[str, Any] = {"data-portfolio-grid": ""}
    return html.Section(className="card card-flush portfolio-place", **place)


def allocation() -> html.Section:
    """Where it appears what the portfolio is made of."""
    place: dict[str, Any] = {"data-portfolio-allocation": ""}
    return card(html.Div(className="portfolio-allocation portfolio-place", **place), title="Allocation")


def subscription() -> html.Div:
    """Invisible: subscribes the page to the prices of all holdings, drawn or not."""
    hidden: dict[str, Any] = {"aria-hidden": "true"}
    return html.Div(id="portfolio-live", hidden=True, **hidden)


def register(_app: Dash) -> None:
    """Nothing to call: pages/portfolio.py reads the holdings together with the totals."""
