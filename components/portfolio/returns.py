"""Returns tab: return, deposits and withdrawals, month by month."""

from datetime import UTC, datetime
from typing import Final

from dash import Dash

from app.portfolio.importer import fees_of
from app.portfolio.overview import read
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
    seen, course = read(context.database(), mine, fees_of(context.settings()), datetime.now(UTC))
    by_month = months(course)
    if not by_month:
        return card(_too_little(course))
    return returns_view.returns_tab(seen.performance, by_month, years(course), mine["currency"])


def _too_little(course: list[Row]) -> Children:
    if not course:
        words = (
            "Returns are counted from your first transaction on. An imported inventory is valued every few minutes, and"
            " its returns are counted from there. Import it, or add a transaction."
        )
        return empty_state("Nothing to count from yet", words, symbol="portfolio")
    words = "A return needs a beginning and an end. The next valuation comes within minutes; come back then."
    return empty_state("One valuation so far", words, symbol="portfolio")
