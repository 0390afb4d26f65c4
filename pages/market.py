"""How the market stands: its index and breadth, what moves most, and where the trade is."""

from functools import partial
from typing import Any, Literal

import dash_mantine_components as dmc
import redis
from dash import Dash, Input, Output, ctx, dcc, html

from components.items.measures import MEASURES, days, gate_values
from components.items.row import live_row
from components.market import tiles, treemap
from components.ui import context, markup, url_state
from components.ui.format import percent
from components.ui.guard import guarded
from components.ui.inputs import Times
from components.ui.page import (
    Children,
    card,
    empty_state,
    not_yet,
    page,
    page_header,
    register_page,
    skeleton,
    skeleton_rows,
)
from db.core.pool import DatabaseDownError, Row
from db.items import market, rankings
from db.operations import providers

PAGE = "market"
DEFAULTS: dict[str, str | int] = {"window": "24h", "size": "value"}
CHOICES = ("24h", "7d", "30d")
SIZES = ("value", "volume")
Listed = Literal["24h", "7d", "30d"]
LISTED, MAPPED = 10, 150
REFRESH_MS = 30_000
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
    app.callback(Output("market-tiles", "children"), WINDOW, CLOCK, RETRY)(update_tiles)
    app.callback(*markup.outputs("market-strip"), CLOCK, RETRY)(update_provider_strip)
    lists = [output for name, *_ in LISTS for output in markup.outputs(name)]
    app.callback(*lists, WINDOW, CLOCK, RETRY)(update_lists)
    size = Input(url_state.control(PAGE, "size"), "value")
    app.callback(*markup.outputs("market-map"), WINDOW, size, CLOCK, RETRY)(update_treemap)
    markup.register(app, "market-strip", "market-map", *(name for name, *_ in LISTS))


def layout(**query: str) -> html.Div:
    window = url_state.one_of(query, "window", CHOICES, "24h")
    size = url_state.one_of(query, "size", SIZES, "value")
    lists = [
        card(markup.frame(name, skeleton_rows(LISTED), className="rows-10"), title=title) for name, title, *_ in LISTS
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
    heat = markup.frame("market-map", skeleton("var(--map-height)"), className="map-frame")
    strip = markup.frame("market-strip", skeleton(32, width=180), className="strip-frame")
    content = page(
        page_header("Market", "What moves, how much, and where the trade is.", [strip, windows]),
        html.Div(tiles.waiting(), id="market-tiles", className="tiles-frame"),
        html.Div(lists, className="columns-3 lists"),
        card(heat, title="Where the trade is", info="the most traded items", actions=sizes),
        dcc.Interval(id="market-clock", interval=REFRESH_MS),
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
        ids = rankings.top_ids(context.cache(), metric, window, descending=descending, limit=limit)
    except redis.RedisError:
        ids = []
    if ids:
        return rankings.lines(database, window, days(window), ids)
    return rankings.ranked(
        database, metric, window, days(window), gate_values(MEASURES[metric]), descending=descending, limit=limit
    )


def update_tiles(window: Listed, _clock: Times, _retry: Times) -> Any:
    def render() -> html.Div:
        database = context.database()
        overview = market.overview(database, window, days(window), gate_values(MEASURES["percent_change"]))
        volatile = ranking("return_volatility", window, descending=True, limit=1)
        rate = providers.quotes_per_minute(database)
        return tiles.tiles(overview, volatile[0] if volatile else None, market.size(database), rate, window)

    return guarded(render, keep=is_refresh(), retry="market-retry")


def update_provider_strip(_clock: Times, _retry: Times) -> tuple[Any, Any]:
    def render() -> Children:
        try:
            return tiles.provider_strip(providers.states(context.database()))
        except DatabaseDownError:
            words = "The database does not answer. Figures below are from before."
            return html.Div(words, className="notice", role="status")

    return markup.answer(render, keep=False)


def update_lists(window: Listed, _clock: Times, _retry: Times) -> list[Any]:
    def render(metric: str, *, descending: bool) -> Children:
        rows = ranking(metric, window, descending=descending)
        if metric == "percent_change":
            rows = [row for row in rows if row["percent_change"] and (row["percent_change"] > 0) == descending]
            return [live_row(row) for row in rows] or nothing(metric, window)
        return [live_row(row, figure=volatility(row)) for row in rows] or nothing(metric, window)

    keep = is_refresh()
    drawn = [partial(render, metric, descending=descending) for _, _, metric, descending in LISTS]
    return [part for one in drawn for part in markup.answer(one, keep=keep)]


def volatility(row: Row) -> html.Span:
    return html.Span(percent(row["return_volatility"] * 100), className="figure", title="a day")


def nothing(metric: str, window: str) -> html.Div:
    """Why a list is empty: nothing measured, or nothing that moved that way."""
    asked = gate_values(MEASURES[metric])
    reach = rankings.reach(context.database(), window, days(window), asked)
    if reach["samples"] < asked["least_samples"]:
        words = f"Measures need {asked['least_samples']} closes; there are {reach['samples']} so far."
        return not_yet(words, clock="market-clock")
    return empty_state("Nothing here", f"No item that trades enough moved this way in {window}.")


def update_treemap(window: Listed, size: Literal["value", "volume"], _clock: Times, _retry: Times) -> tuple[Any, Any]:
    def render() -> Children:
        by_value = size == "value"
        rows = market.heaviest(context.database(), window, days(window), by_value=by_value, limit=MAPPED)
        return treemap.treemap(rows, window, by_value=by_value) if rows else nothing("percent_change", window)

    return markup.answer(render, keep=is_refresh())
