"""How the market stands: its index and breadth, what moves most, and where the trade is."""

from functools import partial
from typing import Any

import dash_mantine_components as dmc
import redis
from dash import Dash, Input, Output, State, ctx, dcc, html

from components import clientside, context, market_tiles, shell, treemap, url_state
from components.format import percent
from components.guard import guarded
from components.item_row import live_row
from components.measures import MEASURES, days, gate_values
from components.page import (
    Children,
    card,
    empty_state,
    page,
    page_header,
    register_page,
    simulated_badge,
    skeleton,
    skeleton_rows,
)
from db import market, providers, rankings_read
from db.pool import DatabaseDownError, Row

PAGE = "market"
DEFAULTS: dict[str, str | int] = {"window": "24h", "size": "value"}
CHOICES = ("24h", "7d", "30d")
SIZES = ("value", "volume")
LISTED, MAPPED = 10, 150
REFRESH_MS = 30_000
SCHEME = Input(shell.SCHEME, "data")
WINDOW = Input(url_state.control(PAGE, "window"), "value")
CLOCK = Input("market-clock", "n_intervals")
RETRY = Input("market-retry", "n_clicks", allow_optional=True)
LISTS = (
    ("market-up", "Rising", "percent_change", True),
    ("market-down", "Falling", "percent_change", False),
    ("market-volatile", "Most volatile", "return_volatility", True),
)


def register(app: Dash) -> None:
    register_page(__name__, path="/", title="Market · Tracera", description="How the market stands", layout=layout)
    url_state.register(app, PAGE, tuple(DEFAULTS))
    app.callback(Output("market-tiles", "children"), WINDOW, CLOCK, RETRY)(show_tiles)
    app.callback(Output("market-strip", "children"), CLOCK, RETRY)(show_strip)
    app.callback([Output(name, "children") for name, *_ in LISTS], WINDOW, CLOCK, RETRY)(show_lists)
    app.callback(
        Output("market-map", "children"),
        WINDOW,
        Input(url_state.control(PAGE, "size"), "value"),
        SCHEME,
        CLOCK,
        RETRY,
        State("market-map", "children"),
    )(show_map)
    clientside.add(
        app,
        "market",
        "openItem",
        Output("market-opened", "data"),
        Input("market-treemap", "clickData", allow_optional=True),
    )


def layout(**query: str) -> html.Div:
    window = url_state.one_of(query, "window", CHOICES, "24h")
    size = url_state.one_of(query, "size", SIZES, "value")
    badge = simulated_badge() if context.simulated() else None
    words = ["What moves, how much, and where the trade is.", *([" ", badge] if badge else [])]
    lists = [
        card(html.Div(skeleton_rows(LISTED), id=name, className="rows-10"), title=title) for name, title, *_ in LISTS
    ]
    windows = dmc.SegmentedControl(
        id=url_state.control(PAGE, "window"),
        data=[{"value": value, "label": value} for value in CHOICES],
        value=window,
        size="sm",
        **_named("Window"),
    )
    sizes = dmc.SegmentedControl(
        id=url_state.control(PAGE, "size"),
        data=[{"value": "value", "label": "By value"}, {"value": "volume", "label": "By volume"}],
        value=size,
        size="xs",
        **_named("Size of the fields"),
    )
    heat = html.Div(skeleton("100%"), id="market-map", className="map")
    content = page(
        page_header("Market", words, windows),
        html.Div(skeleton(32), id="market-strip", className="strip-frame"),
        html.Div(market_tiles.waiting(), id="market-tiles", className="tiles-frame"),
        html.Div(lists, className="columns-3 lists"),
        card(heat, title="Where the trade is", info="the 150 most traded items", actions=sizes),
        dcc.Interval(id="market-clock", interval=REFRESH_MS),
        dcc.Store(id="market-opened"),
    )
    return url_state.outermost(content, PAGE, DEFAULTS)


def _named(text: str) -> dict[str, Any]:
    return {"aria-label": text}


def is_refresh() -> bool:
    """Whether the clock asked, and so something is on the screen that may stay."""
    return bool(ctx.triggered_id == "market-clock")


def ranking(metric: str, window: str, *, descending: bool, limit: int = LISTED) -> list[Row]:
    """From Redis; from PostgreSQL where Redis is down or has nothing yet."""
    database = context.database()
    try:
        ids = rankings_read.top_ids(context.cache(), metric, window, descending=descending, limit=limit)
    except redis.RedisError:
        ids = []
    if ids:
        return rankings_read.lines(database, window, days(window), ids)
    return rankings_read.ranked(
        database, metric, window, days(window), gate_values(MEASURES[metric]), descending=descending, limit=limit
    )


def show_tiles(window: str, _clock: int, _retry: int | None) -> Any:
    def render() -> html.Div:
        database = context.database()
        overview = market.overview(database, window, days(window), gate_values(MEASURES["percent_change"]))
        volatile = ranking("return_volatility", window, descending=True, limit=1)
        rate = providers.quotes_per_minute(database)
        return market_tiles.tiles(overview, volatile[0] if volatile else None, market.size(database), rate, window)

    return guarded(render, keep=is_refresh(), retry="market-retry")


def show_strip(_clock: int, _retry: int | None) -> Children:
    try:
        states = providers.states(context.database())
    except DatabaseDownError:
        return html.Div(
            "The database does not answer. Figures below are from before.", className="notice", role="status"
        )
    return market_tiles.provider_strip(states)


def show_lists(window: str, _clock: int, _retry: int | None) -> list[Any]:
    def render(metric: str, *, descending: bool) -> Children:
        rows = ranking(metric, window, descending=descending)
        if metric == "percent_change":
            rows = [row for row in rows if row["percent_change"] and (row["percent_change"] > 0) == descending]
            return [live_row(row) for row in rows] or nothing(metric, window)
        return [live_row(row, figure=volatility(row)) for row in rows] or nothing(metric, window)

    keep = is_refresh()
    return [guarded(partial(render, metric, descending=descending), keep=keep) for _, _, metric, descending in LISTS]


def volatility(row: Row) -> html.Span:
    return html.Span(percent(row["return_volatility"] * 100), className="figure", title="a day")


def nothing(metric: str, window: str) -> html.Div:
    """Why a list is empty: nothing measured, or nothing that moved that way."""
    asked = gate_values(MEASURES[metric])
    reach = rankings_read.reach(context.database(), window, days(window), asked)
    if reach["samples"] < asked["least_samples"]:
        return empty_state(
            "Not enough prices yet",
            f"Measures need {asked['least_samples']} closes; there are {reach['samples']} so far.",
        )
    return empty_state("Nothing here", f"No item that trades enough moved this way in {window}.")


def show_map(window: str, size: str, scheme: str | None, _clock: int, _retry: int | None, shown: Any) -> Any:
    def render() -> Children:
        by_value = size == "value"
        rows = market.heaviest(context.database(), window, days(window), by_value=by_value, limit=MAPPED)
        if not rows:
            return nothing("percent_change", window)
        graph = dcc.Graph(
            id="market-treemap",
            figure=treemap.figure(rows, window, scheme),
            config=treemap.CONFIG,
            style={"height": "var(--map-height)"},
            responsive=True,
        )
        return [graph, treemap.legend(window), treemap.table(rows, by_value=by_value)]

    return guarded(render, keep=is_refresh() and bool(shown))
