"""The tab of holdings: what is held and what moved, drawn by assets/portfolio_grid.js from the store `portfolio-data`."""

from typing import Any

from dash import Dash, html

from components.page import Children, card, skeleton_rows


def layout() -> Children:
    """The frames; assets/portfolio_cards.js and assets/portfolio_grid.js fill them."""
    movers: dict[str, Any] = {"data-portfolio-movers": ""}
    return [card(html.Div(className="portfolio-columns", **movers), title="Movers of the day"), grid()]


def grid() -> html.Section:
    """Where the grid of holdings appears."""
    place: dict[str, Any] = {"data-portfolio-grid": ""}
    return html.Section(html.Div(skeleton_rows(8), className="portfolio-waiting"), className="card card-flush", **place)


def allocation() -> html.Section:
    """Where it appears what the portfolio is made of."""
    place: dict[str, Any] = {"data-portfolio-allocation": ""}
    return card(html.Div(className="portfolio-allocation", **place), title="Allocation")


def subscription() -> html.Div:
    """Nothing to see: what is held is asked for there, drawn or not."""
    hidden: dict[str, Any] = {"aria-hidden": "true"}
    return html.Div(id="portfolio-live", hidden=True, **hidden)


def register(_app: Dash) -> None:
    """Nothing to call: pages/portfolio.py reads the holdings together with the totals."""
