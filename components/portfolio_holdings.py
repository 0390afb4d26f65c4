"""The tab of holdings: what is held, drawn by assets/portfolio_grid.js from the store `portfolio-data`."""

from typing import Any

from dash import Dash, html

from components.page import Children, skeleton_rows


def layout() -> Children:
    """The frame; the grid is put into it."""
    grid: dict[str, Any] = {"data-portfolio-grid": ""}
    return html.Div(html.Div(skeleton_rows(12), className="portfolio-waiting"), className="card card-flush", **grid)


def register(_app: Dash) -> None:
    """Nothing to call: pages/portfolio.py reads the holdings together with the totals."""
