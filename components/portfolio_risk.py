"""The tab of risk: how far the portfolio swings, what makes it swing, and what moves together."""

from datetime import UTC, datetime
from typing import Final

from dash import Dash

from app.portfolio.risks import risk_report
from app.portfolio.service import fees_of
from components import context, portfolio_panel, portfolio_risk_parts
from components.page import Children, card, skeleton, skeleton_tiles
from db.pool import Row

TAB: Final = "risk"


def layout() -> Children:
    """The frame, with what will come as skeletons."""
    return portfolio_panel.frame(TAB, [skeleton_tiles(8), card(skeleton(240))])


def register(app: Dash) -> None:
    """Measure while the tab is open."""
    portfolio_panel.register(app, TAB, _risk)


def _risk(mine: Row) -> Children:
    report = risk_report(context.database(), mine, fees_of(context.settings()), datetime.now(UTC))
    return portfolio_risk_parts.everything(report)
