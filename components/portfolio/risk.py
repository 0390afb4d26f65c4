"""Risk tab: volatility, contributions and correlation of a portfolio."""

from datetime import UTC, datetime
from typing import Final

from dash import Dash

from app.portfolio.importer import fees_of
from app.portfolio.risk import risk_report
from components.portfolio import panel, risk_view
from components.ui import context
from components.ui.page import Children, card, skeleton, skeleton_tiles
from db.core.pool import Row

TAB: Final = "risk"


def layout() -> Children:
    """The frame, with what will come as skeletons."""
    return panel.frame(TAB, [skeleton_tiles(8), card(skeleton(240))])


def register(app: Dash) -> None:
    """Measure while the tab is open."""
    panel.register(app, TAB, _risk)


def _risk(mine: Row) -> Children:
    report = risk_report(
        context.database(), mine, fees_of(context.settings()), datetime.now(UTC), market=context.markets()[0].id
    )
    return risk_view.risk_tab(report)
