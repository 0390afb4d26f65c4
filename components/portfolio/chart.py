"""Value and return over time beside the market; drawn by assets/portfolio/chart.js from the store `portfolio-history`."""

from datetime import UTC, datetime
from typing import Any

from dash import Dash, Input, Output, ctx, dcc, html, no_update

from app.portfolio.benchmark import market_levels, timeline
from app.portfolio.overview import valuations
from components.portfolio.owner import chosen
from components.ui import clientside, context
from components.ui.format import scale
from components.ui.inputs import PortfolioId, Times, Version
from components.ui.page import Children, card, database_down, empty_state, skeleton
from db.core.pool import DatabaseDownError, Row

DATA, STATE = "portfolio-history", "portfolio-history-state"
LEAST = 2


def layout() -> html.Section:
    """The card; what stands in its place while there is nothing to draw is in `STATE`."""
    place: dict[str, Any] = {"data-portfolio-chart": ""}
    return card(
        # The frame keeps its height while one makes way for the other.
        html.Div(
            [
                html.Div(className="portfolio-chart", **place),
                html.Div(skeleton(340), id=STATE, className="portfolio-chart-state"),
            ],
            className="portfolio-chart-frame",
        ),
        dcc.Store(id=DATA),
        title="Value over time",
    )


def register(app: Dash) -> None:
    """The history is read at another time than the figures, so that neither waits for the other."""
    app.callback(
        Output(DATA, "data"),
        Output(STATE, "children"),
        Input("portfolio-version", "data"),
        Input("portfolio-chosen", "data"),
        Input("portfolio-clock", "n_intervals"),
        Input("portfolio-history-retry", "n_clicks", allow_optional=True),
    )(show)
    clientside.add(app, "portfolioPage", "history", Output(DATA, "clear_data"), Input(DATA, "data"))


def show(_version: Version, portfolio_id: PortfolioId, _clock: Times, _retry: Times) -> tuple[Any, Children]:
    """The history, and what is said where there is none yet."""
    try:
        mine = chosen(portfolio_id)
        if mine is None:
            return no_update, no_update
        found = history(mine, datetime.now(UTC))
    except DatabaseDownError:
        kept = ctx.triggered_id == "portfolio-clock"
        return no_update, no_update if kept else database_down(retry="portfolio-history-retry")
    if len(found["time"]) < LEAST:
        every = context.settings().portfolio_seconds
        wait = f"{every // 60} min" if every >= 120 else f"{every} s"  # noqa: PLR2004  # two minutes
        return None, empty_state(
            "No history yet", f"The portfolio is valued every {wait}; the line begins with the second time."
        )
    return found, None


def history(portfolio: Row, now: datetime) -> dict[str, Any]:
    """A portfolio's valuations in its own currency beside the market."""
    database = context.database()
    rows = valuations(database, portfolio)
    levels = market_levels(database, rows[0]["time"], now) if rows else None
    return {"currency": portfolio["currency"], "scale": scale(portfolio["currency"]), **timeline(rows, levels)}
