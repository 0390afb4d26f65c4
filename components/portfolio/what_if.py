"""What-if tab: items added, removed or swapped, and value and risk before and after.

assets/portfolio/what_if.js asks `POST /api/v1/portfolio/what-if` and draws the answer; nothing of it is kept.
"""

from typing import Any

from dash import Dash, Output, html

from components.portfolio.panel import OPENED
from components.ui import clientside
from components.ui.page import Children, card

ROOT = "portfolio-what-if"
WORDS = "Nothing is bought, sold or kept here: try a change and see what it would do to value and risk."


def layout() -> Children:
    """The frame; its parts are filled when the tab is opened."""
    polite: dict[str, Any] = {"aria-live": "polite"}
    try_it = card(
        html.P(WORDS, className="portfolio-note"),
        html.Div(**_named("form")),
        html.Div(**_named("changes")),
        title="What if",
    )
    result = card(html.Div(**_named("result"), **polite), title="Before and after")
    return html.Div([try_it, result], id=ROOT, className="portfolio-what-if")


def register(app: Dash) -> None:
    """Read what is held while the tab is open."""
    clientside.add(
        app,
        "portfolioWhatIf",
        "show",
        # Nothing is written there; Dash wants an output.
        Output(ROOT, "data-asked"),
        *OPENED,
    )


def _named(name: str) -> dict[str, Any]:
    return {"data-part": name}
