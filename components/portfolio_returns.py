"""The tab of returns: what the portfolio earned, month by month, and what went in and out."""

from typing import Any

from dash import Dash, Input, ctx, no_update

from app.portfolio.months import months, years
from app.portfolio.overview import performance
from components import context, markup, portfolio_returns_parts
from components.page import Children, card, empty_state, skeleton, skeleton_tiles
from components.portfolio_owner import chosen
from components.portfolio_states import gone
from db import portfolio_snapshots
from db.pool import Row

TAB, FRAME, RETRY = "returns", "portfolio-returns", "portfolio-returns-retry"


def layout() -> Children:
    """The frame, with what will come as skeletons."""
    waiting = [skeleton_tiles(4), card(skeleton(220))]
    return markup.frame(FRAME, waiting, className="portfolio-returns")


def register(app: Dash) -> None:
    """Read while the tab is open."""
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
        return gone() if mine is None else _returns(mine)

    return markup.answer(render, keep=ctx.triggered_id == "portfolio-version", retry=RETRY)


def _returns(mine: Row) -> Children:
    database = context.database()
    every = portfolio_snapshots.series(database, mine["user_id"], mine["id"])
    # Amounts of a currency that was chosen before cannot be added to today's.
    snapshots = [row for row in every if row["currency"] == mine["currency"]]
    by_month = months(snapshots)
    if not by_month:
        return card(_too_little(snapshots))
    return portfolio_returns_parts.everything(performance(database, mine), by_month, years(snapshots), mine["currency"])


def _too_little(snapshots: list[Row]) -> Children:
    if not snapshots:
        words = (
            "What you hold is valued every few minutes, and returns are counted from valuation to valuation. Import your"
            " inventory or add a transaction; the first valuation follows."
        )
        return empty_state("No valuation yet", words, symbol="portfolio")
    words = "A return needs a beginning and an end. The next valuation comes within minutes; come back then."
    return empty_state("One valuation so far", words, symbol="portfolio")
