"""What the signed-in user holds: its worth as prices move, what it earned, and how it got here."""

from typing import Any

from dash import Dash, Input, Output, ctx, dcc, html, no_update

from components.portfolio import actions as portfolio_actions
from components.portfolio import chart, holdings, owner, states, tabs, tiles
from components.portfolio import data as portfolio_read
from components.portfolio.owner import chosen
from components.portfolio.states import import_panel
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
    )(update)
    switch = portfolio_actions.SWITCH
    clientside.add(
        app, "portfolioPage", "go", Output(switch, "data-gone"), Input(switch, "value"), prevent_initial_call=True
    )
    clientside.add(app, "portfolioPage", "fill", Output(SLOTS, "clear_data"), Input(SLOTS, "data"))
    clientside.add(app, "portfolioPage", "adopt", Output(DATA, "clear_data"), Input(DATA, "data"))


def layout(tab: str | None = None, portfolio: str | None = None, **_query: str) -> html.Div:
    try:
        wanted = owner.as_id(portfolio)
        mine = chosen(wanted) or (chosen(None) if wanted is not None else None)
        actions = portfolio_actions.actions(mine, linked=_linked(mine)) if mine else None
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
            tiles.frames(),
            html.Div([chart.layout(), holdings.allocation()], className="portfolio-top"),
        ],
        id="portfolio-figures",
        className="page",
        **named,
    )
    return page(
        page_header("Portfolio", DESCRIPTION, actions),
        import_panel(),
        html.Div(id="portfolio-state"),
        holdings.subscription(),
        figures,
        tabs.tabs(tab),
        *stores,
    )


def update(_version: Version, portfolio_id: PortfolioId, _clock: Times, _retry: Times) -> tuple[Any, ...]:
    """Figures, rows, what stands above them, and whether there are any figures."""
    try:
        mine = chosen(portfolio_id)
        if mine is None:
            return no_update, no_update, states.gone(), True
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
    return tiles.fillings(overview, seen.percentile), data, state, empty


def _nothing(mine: Row) -> Children:
    return states.nothing_held(
        includes_steam=mine["includes_steam"],
        linked=_linked(mine),
        transactions=any(tab.value == "transactions" for tab in tabs.TABS),
    )


def _linked(mine: Row) -> bool:
    return portfolios.steam_id(context.database(), mine["user_id"]) is not None
