"""Portfolio page: holdings, live value, profit, returns and risk of the signed-in user."""

from typing import Any

from dash import Dash, Input, Output, ctx, dcc, html, no_update

from app.portfolio.sample import is_possible
from components.portfolio import actions, chart, data, holdings, owner, states, tabs, tiles
from components.portfolio.owner import selected_portfolio
from components.portfolio.states import import_panel, sample_banner
from components.ui import clientside, context
from components.ui.inputs import PortfolioId, Times, Version
from components.ui.page import Children, alert, card, database_down, page, page_header, register_page
from db.core.pool import DatabaseDownError, Row
from db.portfolio import portfolios

REFRESH_MS = 60_000
VERSION, CHOSEN, DATA, SLOTS = "portfolio-version", "portfolio-chosen", "portfolio-data", "portfolio-slots"
DESCRIPTION = "What you hold, what it is worth now, and what it earned."


def register(app: Dash) -> None:
    register_page(
        __name__, path="/portfolio", title="Portfolio · Tracera", description="What you hold and earn", layout=layout
    )
    tabs.register(app)
    chart.register(app)
    app.callback(
        Output(SLOTS, "data"),
        Output(DATA, "data"),
        Output("portfolio-state", "children"),
        Output("portfolio-figures", "hidden"),
        Input(VERSION, "data"),
        Input(CHOSEN, "data"),
        Input("portfolio-clock", "n_intervals"),
        Input("portfolio-retry", "n_clicks", allow_optional=True),
    )(update_portfolio)
    switch = actions.SWITCH
    clientside.add(
        app, "portfolioPage", "go", Output(switch, "data-gone"), Input(switch, "value"), prevent_initial_call=True
    )
    clientside.add(app, "portfolioPage", "fill", Output(SLOTS, "clear_data"), Input(SLOTS, "data"))
    clientside.add(app, "portfolioPage", "adopt", Output(DATA, "clear_data"), Input(DATA, "data"))


def layout(tab: str | None = None, portfolio: str | None = None, **_query: str) -> html.Div:
    try:
        wanted = owner.as_id(portfolio)
        mine = selected_portfolio(wanted) or (selected_portfolio(None) if wanted is not None else None)
        header_actions = actions.actions(mine, linked=_linked(mine)) if mine else None
    except DatabaseDownError:
        return page(page_header("Portfolio", DESCRIPTION), card(database_down()))
    if mine is None:
        return page(page_header("Portfolio", DESCRIPTION), owner.signed_out_state())
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
            tiles.tile_frames(),
            html.Div([chart.layout(), holdings.allocation()], className="portfolio-top"),
        ],
        id="portfolio-figures",
        className="page",
        **named,
    )
    return page(
        page_header("Portfolio", DESCRIPTION, header_actions),
        *([sample_banner(mine["id"])] if mine["sample"] else []),
        import_panel(),
        html.Div(id="portfolio-state"),
        holdings.subscription(),
        figures,
        tabs.tabs(tab),
        *stores,
    )


def update_portfolio(_version: Version, portfolio_id: PortfolioId, _clock: Times, _retry: Times) -> tuple[Any, ...]:
    """Figures, rows, what stands above them, and whether there are any figures."""
    try:
        mine = selected_portfolio(portfolio_id)
        if mine is None:
            return no_update, no_update, states.gone(), True
        current = data.read(mine)
        overview = current.overview
        browser_data = data.for_browser(overview.holdings, mine, overview.totals)
        empty = not overview.holdings and overview.totals["realized_pnl"] is None
        state: Children = alert(overview.problem) if overview.problem else None
        if empty and state is None:
            state = _nothing(mine)
    except DatabaseDownError:
        if ctx.triggered_id == "portfolio-clock":
            return (no_update,) * 4
        return no_update, no_update, card(database_down(retry="portfolio-retry")), no_update
    return tiles.tile_html(overview, current.percentile), browser_data, state, empty


def _nothing(mine: Row) -> Children:
    return states.nothing_held(
        includes_steam=mine["includes_steam"] and context.has_items(),
        linked=_linked(mine),
        sample=not mine["sample"] and context.has_items() and is_possible(context.database(), context.markets()[0].id),
    )


def _linked(mine: Row) -> bool:
    return portfolios.steam_id(context.database(), mine["user_id"]) is not None
