"""What the signed-in user holds: its worth as prices move, what it earned, and how it got here."""

from typing import Any

from dash import Dash, Input, Output, ctx, dcc, html, no_update

from components import (
    clientside,
    context,
    portfolio_actions,
    portfolio_chart,
    portfolio_holdings,
    portfolio_owner,
    portfolio_read,
    portfolio_states,
    portfolio_tabs,
    portfolio_tiles,
)
from components.inputs import PortfolioId, Times, Version
from components.page import Children, alert, card, database_down, page, page_header, register_page
from components.portfolio_owner import chosen
from components.portfolio_states import import_panel
from db import portfolios
from db.pool import DatabaseDownError, Row

REFRESH_MS = 60_000
VERSION, CHOSEN, DATA, SLOTS = "portfolio-version", "portfolio-chosen", "portfolio-data", "portfolio-slots"
DESCRIPTION = "What you hold, what it is worth now, and what it earned."


def register(app: Dash) -> None:
    register_page(
        __name__, path="/portfolio", title="Portfolio · Tracera", description="What you hold and earn", layout=layout
    )
    portfolio_tabs.register(app)
    portfolio_chart.register(app)
    app.callback(
        Output(SLOTS, "data"),
        Output(DATA, "data"),
        Output("portfolio-state", "children"),
        Output("portfolio-figures", "hidden"),
        Input(VERSION, "data"),
        Input(CHOSEN, "data"),
        Input("portfolio-clock", "n_intervals"),
        Input("portfolio-retry", "n_clicks", allow_optional=True),
    )(show)
    switch = portfolio_actions.SWITCH
    clientside.add(
        app, "portfolioPage", "go", Output(switch, "data-gone"), Input(switch, "value"), prevent_initial_call=True
    )
    clientside.add(app, "portfolioPage", "fill", Output(SLOTS, "clear_data"), Input(SLOTS, "data"))
    clientside.add(app, "portfolioPage", "adopt", Output(DATA, "clear_data"), Input(DATA, "data"))


def layout(tab: str | None = None, portfolio: str | None = None, **_query: str) -> html.Div:
    try:
        wanted = portfolio_owner.as_id(portfolio)
        mine = chosen(wanted) or (chosen(None) if wanted is not None else None)
        actions = portfolio_actions.actions(mine, linked=_linked(mine)) if mine else None
    except DatabaseDownError:
        return page(page_header("Portfolio", DESCRIPTION), card(database_down()))
    if mine is None:
        return page(page_header("Portfolio", DESCRIPTION), portfolio_owner.signed_out_state())
    stores = [
        dcc.Store(id=VERSION),
        dcc.Store(id=CHOSEN, data=None if mine["includes_steam"] else mine["id"]),
        dcc.Store(id=DATA),
        dcc.Store(id=SLOTS),
        dcc.Interval(id="portfolio-clock", interval=REFRESH_MS),
    ]
    named: dict[str, Any] = {"data-portfolio-id": "" if mine["includes_steam"] else mine["id"]}
    figures = html.Div(
        [
            portfolio_tiles.frames(),
            html.Div([portfolio_chart.layout(), portfolio_holdings.allocation()], className="portfolio-top"),
        ],
        id="portfolio-figures",
        className="page",
        **named,
    )
    return page(
        page_header("Portfolio", DESCRIPTION, actions),
        import_panel(),
        html.Div(id="portfolio-state"),
        portfolio_holdings.subscription(),
        figures,
        portfolio_tabs.tabs(tab),
        *stores,
    )


def show(_version: Version, portfolio_id: PortfolioId, _clock: Times, _retry: Times) -> tuple[Any, ...]:
    """Figures, rows, what stands above them, and whether there are any figures."""
    try:
        mine = chosen(portfolio_id)
        if mine is None:
            return no_update, no_update, portfolio_states.gone(), True
        seen = portfolio_read.read(mine)
        overview = seen.overview
        data = portfolio_read.for_browser(overview.holdings, mine, overview.totals)
        empty = not overview.holdings and overview.totals["realized_pnl"] is None
        state: Children = alert(overview.problem) if overview.problem else None
        if empty and state is None:
            state = _nothing(mine)
    except DatabaseDownError:
        if ctx.triggered_id == "portfolio-clock":
            return (no_update,) * 4
        return no_update, no_update, card(database_down(retry="portfolio-retry")), no_update
    return portfolio_tiles.fillings(overview, seen.percentile), data, state, empty


def _nothing(mine: Row) -> Children:
    return portfolio_states.nothing_held(
        includes_steam=mine["includes_steam"],
        linked=_linked(mine),
        transactions=any(tab.value == "transactions" for tab in portfolio_tabs.TABS),
    )


def _linked(mine: Row) -> bool:
    return portfolios.steam_id(context.database(), mine["user_id"]) is not None
