"""Crypto page: the pairs of exchange markets, live."""

from typing import Any

from dash import Dash, Input, ctx, dcc, html

from components.candles.table import table
from components.ui import context, markup
from components.ui.inputs import Times
from components.ui.page import Children, empty_state, page, page_header, register_page, skeleton_rows
from db.candles import sparklines, symbols
from db.items.markets import BINANCE_SPOT

BODY = "crypto-body"
REFRESH_MS = 15_000


def register(app: Dash) -> None:
    register_page(__name__, path="/crypto", title="Crypto · Tracera", description="Pairs of exchanges", layout=layout)
    app.callback(
        *markup.outputs(BODY),
        Input("crypto-clock", "n_intervals"),
        Input("crypto-retry", "n_clicks", allow_optional=True),
    )(update_pairs)
    markup.register(app, BODY)


def layout(**_query: str) -> html.Div:
    waiting = html.Div(skeleton_rows(14), className="pairs-waiting")
    return page(
        page_header("Crypto", "Spot pairs, live: price, day's change, what was traded and where in the day's range."),
        html.Section(markup.frame(BODY, [waiting]), className="card card-flush"),
        dcc.Interval(id="crypto-clock", interval=REFRESH_MS),
    )


def update_pairs(_clock: Times, _retry: Times) -> tuple[Any, Any]:
    def render() -> Children:
        rows = symbols.tickers(context.database(), BINANCE_SPOT)
        if not rows:
            return empty_state(
                "No pairs yet",
                "Prices of pairs appear within seconds of the first start. Which exchanges run, TRACERA_PROVIDERS says.",
            )
        return table(rows, sparklines.closes(context.database(), BINANCE_SPOT))

    return markup.answer(render, keep=ctx.triggered_id == "crypto-clock", retry="crypto-retry")
