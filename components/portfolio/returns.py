"""The tab of returns: what the portfolio earned, month by month, and what went in and out."""

from typing import Final

from dash import Dash

from app.portfolio.overview import performance, valuations
from app.portfolio.periodic_returns import months, years
from components.portfolio import panel, returns_view
from components.ui import context
from components.ui.page import Children, card, empty_state, skeleton, skeleton_tiles
from db.core.pool import Row

TAB: Final = "returns"


def layout() -> Children:
    """The frame, with what will come as skeletons."""
    return panel.frame(TAB, [skeleton_tiles(4), card(skeleton(220))])


def register(app: Dash) -> None:
    """Read while the tab is open."""
    panel.register(app, TAB, _returns)


def _returns(mine: Row) -> Children:
    database = context.database()
    snapshots = valuations(database, mine)
    by_month = months(snapshots)
    if not by_month:
        return card(_too_little(snapshots))
    earned = performance(database, mine, snapshots)
    return returns_view.everything(earned, by_month, years(snapshots), mine["currency"])


def _too_little(snapshots: list[Row]) -> Children:
    if not snapshots:
        words = (
            "What you hold is valued every few minutes, and returns are counted from valuation to valuation. Import your"
            " inventory or add a transaction; the first valuation follows."
        )
        return empty_state("No valuation yet", words, symbol="portfolio")
    words = "A return needs a beginning and an end. The next valuation comes within minutes; come back then."
    return empty_state("One valuation so far", words, symbol="portfolio")
