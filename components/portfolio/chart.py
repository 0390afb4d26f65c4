"""Value chart: value and return over time beside the market; drawn by assets/portfolio/chart.js from `portfolio-history`."""

from datetime import UTC, datetime
from typing import Any

from dash import Dash, Input, Output, ctx, dcc, html, no_update

from app.portfolio.benchmark import market_levels, timeline
from app.portfolio.importer import fees_of
from app.portfolio.overview import read
from components.portfolio.owner import selected_portfolio
from components.ui import clientside, context
from components.ui.format import scale
from components.ui.inputs import PortfolioId, Times, Version
from components.ui.page import Children, card, database_down, empty_state, skeleton
from db.core.pool import DatabaseDownError, Row

DATA, STATE = "portfolio-history", "portfolio-history-state"
MIN_POINTS = 2


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
    )(update_chart)
    clientside.add(app, "portfolioPage", "history", Output(DATA, "clear_data"), Input(DATA, "data"))


def update_chart(_version: Version, portfolio_id: PortfolioId, _clock: Times, _retry: Times) -> tuple[Any, Children]:
    """The history, and the empty state where there is none yet."""
    try:
        mine = selected_portfolio(portfolio_id)
        if mine is None:
            return no_update, no_update
        found = history(mine, datetime.now(UTC))
    except DatabaseDownError:
        is_refresh = ctx.triggered_id == "portfolio-clock"
        return no_update, no_update if is_refresh else database_down(retry="portfolio-history-retry")
    if len(found["time"]) < MIN_POINTS:
        every = context.settings().portfolio_seconds
        wait = f"{every // 60} min" if every >= 120 else f"{every} s"  # noqa: PLR2004  # two minutes
        return None, empty_state(
            "No history yet", f"The portfolio is valued every {wait}; the line begins with the second time."
        )
    return found, None


def history(portfolio: Row, now: datetime) -> dict[str, Any]:
    """A portfolio's history in its own currency beside the market."""
    database = context.database()
    _, rows = read(database, portfolio, fees_of(context.settings()), now, hours=True)
    levels = market_levels(database, context.markets()[0].id, rows[0]["time"], now) if rows else None
    return {"currency": portfolio["currency"], "scale": scale(portfolio["currency"]), **timeline(rows, levels)}
