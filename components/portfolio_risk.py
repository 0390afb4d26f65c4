"""The tab of risk: how far the portfolio swings, what makes it swing, and what moves together."""

from datetime import UTC, datetime
from typing import Any

from dash import Dash, Input, ctx, no_update

from app.portfolio.risks import risk_report
from app.portfolio.service import fees_of
from components import context, markup, portfolio_risk_parts
from components.page import Children, card, skeleton, skeleton_tiles
from components.portfolio_owner import chosen
from components.portfolio_states import gone

TAB, FRAME, RETRY = "risk", "portfolio-risk", "portfolio-risk-retry"


def layout() -> Children:
    """The frame, with what will come as skeletons."""
    waiting = [skeleton_tiles(8), card(skeleton(240))]
    return markup.frame(FRAME, waiting, className="portfolio-risk")


def register(app: Dash) -> None:
    """Measure while the tab is open."""
    app.callback(
        *markup.outputs(FRAME),
        Input("portfolio-tab", "value"),
        Input("portfolio-version", "data"),
        Input("portfolio-chosen", "data"),
        Input(RETRY, "n_clicks", allow_optional=True),
    )(show)
    markup.register(app, FRAME)


def show(tab: str | None, _version: Any, portfolio_id: int | None, _retry: Any) -> tuple[Any, Any]:
    """Markup and state."""
    if tab != TAB:
        return no_update, no_update

    def render() -> Children:
        mine = chosen(portfolio_id)
        if mine is None:
            return gone()
        report = risk_report(context.database(), mine, fees_of(context.settings()), datetime.now(UTC))
        return portfolio_risk_parts.everything(report)

    return markup.answer(render, keep=ctx.triggered_id == "portfolio-version", retry=RETRY)
