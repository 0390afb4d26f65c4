"""Pair measures: the measures of a pair in a window of choice, from its candles."""

from typing import Any

import dash_mantine_components as dmc
from dash import Dash, Input, Output, html

from components.candles.view import quote
from components.item.metric_card import Newest, basis_of, metric_cards, metric_skeletons
from components.ui import context, url_state
from components.ui.inputs import ItemId, Times, Window
from components.ui.page import card, database_down, not_yet
from db.candles import symbols
from db.core.pool import DatabaseDownError, Row
from db.items import details

PAGE, NAME = "item", "measures"
WINDOWS = ("1h", "24h", "7d", "30d")
DAY = DEFAULT = "24h"
BODY, BASIS = "pair-measures", "pair-measured"


def register(app: Dash) -> None:
    """Read the measures as the window changes, and with the page's clock."""
    app.callback(
        Output(BODY, "children"),
        Output(BASIS, "children"),
        Input("item-id", "data"),
        Input(url_state.control(PAGE, NAME), "value"),
        Input("item-clock", "n_intervals"),
    )(update_pair_measures)


def measures_card(window: str) -> html.Section:
    """The card, with the choice of its window."""
    return card(
        html.Div(metric_skeletons(), id=BODY), title="Measures", info=html.Span(id=BASIS), actions=window_choice(window)
    )


def window_choice(window: str) -> dmc.SegmentedControl:
    """The control `measures` of the item page."""
    named: dict[str, Any] = {"aria-label": "Window of the measures"}
    return dmc.SegmentedControl(
        id=url_state.control(PAGE, NAME), value=window, data=list(WINDOWS), size="xs", className="pair-window", **named
    )


def update_pair_measures(item_id: ItemId, window: Window, _clock: Times) -> tuple[Any, Any]:
    """The cards, and what they were made from."""
    database = context.database()
    try:
        pair = symbols.of_item(database, item_id)
        if pair is None:
            return None, None
        row = details.measures(database, item_id, pair.source, window) if pair.source else None
        ticker = symbols.ticker(database, item_id)
    except DatabaseDownError:
        return database_down(), None
    if row is None:
        return not_yet("Measures follow within a minute of the first candles.", clock="item-clock"), None
    item = {"price_scale": pair.price_scale, "currency": pair.quote_currency}
    return metric_cards(row, window, item, _newest(item_id, window, ticker, row["previous"])), basis_of(row, window)


def _newest(item_id: int, window: str, ticker: Row | None, previous: int | None) -> Newest | None:
    """The pair's price, against the exchange's own of 24 hours ago in that window, as in the page's head."""
    if ticker is None:
        return None
    return Newest(item_id, ticker["price"], ticker["open"] if window == DAY else previous, quote(ticker))
