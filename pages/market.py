"""Market page: index and breadth, greatest moves, and a treemap of sales."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Literal

import dash_mantine_components as dmc
import redis
from dash import Dash, Input, Output, ctx, dcc, html

from app.candles import feeds
from app.providers.markets import MARKETS, Market
from components.items.measures import gate_values, scope_of
from components.items.row import live_row
from components.market import tiles, treemap
from components.market.switch import MarketId, chosen, default, market_switch
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
from db.items import market as overviews
from db.items import rankings
from db.operations import providers

PAGE = "market"
DEFAULTS: dict[str, str | int] = {"market": "", "window": "24h", "size": "value"}
"""What the address leaves out; its market is the instance's first one."""
CHOICES = ("24h", "7d", "30d")
SIZES = ("value", "volume")
Listed = Literal["24h", "7d", "30d"]
LISTED, MAPPED = 10, 150
REFRESH_MS = 30_000
MARKET = Input(url_state.control(PAGE, "market"), "value")
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
    app.callback(Output("market-tiles", "children"), MARKET, WINDOW, CLOCK, RETRY)(update_tiles)
    app.callback(*markup.outputs("market-strip"), MARKET, CLOCK, RETRY)(update_provider_strip)
    lists = [output for name, *_ in LISTS for output in markup.outputs(name)]
    app.callback(*lists, MARKET, WINDOW, CLOCK, RETRY)(update_lists)
    size = Input(url_state.control(PAGE, "size"), "value")
    app.callback(*markup.outputs("market-map"), Output("market-sizes", "hidden"), MARKET, WINDOW, size, CLOCK, RETRY)(
        update_treemap
    )
    markup.register(app, "market-strip", "market-map", *(name for name, *_ in LISTS))


def layout(**query: str) -> html.Div:
    market = chosen(query)
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
        page_header(
            "Market",
            "What moves, how much, and where the trade is.",
            [strip, market_switch(PAGE, market), windows],
        ),
        html.Div(tiles.waiting(), id="market-tiles", className="tiles-frame"),
        html.Div(lists, className="columns-3 lists"),
        card(
            heat,
            title="Where the trade is",
            info="what is traded most",
            actions=html.Div(sizes, id="market-sizes", hidden=market.quotes == "exchange"),
        ),
        dcc.Interval(id="market-clock", interval=REFRESH_MS),
    )
    return url_state.outermost(content, PAGE, DEFAULTS | {"market": default()})


def _named(text: str) -> dict[str, Any]:
    return {"aria-label": text}


def is_refresh() -> bool:
    """Whether the clock triggered the callback, so that what is on the screen may stay."""
    return bool(ctx.triggered_id == "market-clock")


def ranking(market: Market, metric: str, window: str, *, descending: bool, limit: int = LISTED) -> list[Row]:
    """From Redis; from PostgreSQL where Redis is down or has nothing yet."""
    database, scope = context.database(), scope_of(market, window)
    try:
        ids = rankings.top_ids(context.cache(), metric, scope, descending=descending, limit=limit)
    except redis.RedisError:
        ids = []
    if ids:
        return rankings.lines(database, scope, ids)
    return rankings.ranked(database, metric, scope, gate_values(metric, market), descending=descending, limit=limit)


def update_tiles(market_id: MarketId, window: Listed, _clock: Times, _retry: Times) -> Any:
    market = MARKETS[market_id]

    def render() -> html.Div:
        database, scope = context.database(), scope_of(market, window)
        pairs = market.quotes == "exchange"
        overview = overviews.overview(
            database, scope, gate_values("percent_change", market), currency=market.currency if pairs else None
        )
        volatile = ranking(market, "return_volatility", window, descending=True, limit=1)
        size = overviews.size(database, scope)
        flow = tiles.pair_count(size) if pairs else tiles.quote_flow(size, providers.quotes_per_minute(database))
        return tiles.tiles(market, overview, volatile[0] if volatile else None, flow, window)

    return guarded(render, keep=is_refresh(), retry="market-retry")


def update_provider_strip(market_id: MarketId, _clock: Times, _retry: Times) -> tuple[Any, Any]:
    def render() -> Children:
        try:
            if MARKETS[market_id].quotes == "exchange":
                return tiles.exchange_strip(feeds.states(context.cache()))
            return tiles.provider_strip(providers.states(context.database()))
        except DatabaseDownError:
            return notice("The database does not answer. Figures below are from before.")
        except redis.RedisError:
            return notice("Redis does not answer: how the exchanges do is not known.")

    return markup.answer(render, keep=False)


def notice(words: str) -> html.Div:
    """What does not answer, in place of how the sources do."""
    return html.Div(words, className="notice", role="status")


def update_lists(market_id: MarketId, window: Listed, _clock: Times, _retry: Times) -> list[Any]:
    market = MARKETS[market_id]

    def render(metric: str, *, descending: bool) -> Children:
        if metric == "percent_change":
            rows = ranking(market, metric, window, descending=descending, limit=2 * LISTED)
            moved = movers(rows, rising=descending)[:LISTED]
            return [live_row(row) for row in moved] or empty_list(market, metric, window)
        rows = ranking(market, metric, window, descending=descending)
        return [live_row(row, figure=volatility(row)) for row in rows] or empty_list(market, metric, window)

    keep = is_refresh()
    drawn = [partial(render, metric, descending=descending) for _, _, metric, descending in LISTS]
    return [part for one in drawn for part in markup.answer(one, keep=keep)]


def movers(rows: Sequence[Row], *, rising: bool) -> list[Row]:
    """The rows that moved one way, greatest first, by the price of now: the ranking is as old as the last measures."""
    side = 1 if rising else -1
    strength = {row["item_id"]: side * (row["price"] / row["base_price"] - 1) for row in rows if row["base_price"]}
    moved = [row for row in rows if strength.get(row["item_id"], 0) > 0]
    return sorted(moved, key=lambda row: strength[row["item_id"]], reverse=True)


def volatility(row: Row) -> html.Span:
    return html.Span(percent(row["return_volatility"] * 100), className="figure", title="a day")


def empty_list(market: Market, metric: str, window: str) -> html.Div:
    """Why a list is empty: nothing measured, or nothing that moved that way."""
    gate = gate_values(metric, market)
    reach = rankings.reach(context.database(), scope_of(market, window), gate)
    if reach["samples"] < gate["least_samples"]:
        words = f"Measures need {gate['least_samples']} closes; there are {reach['samples']} so far."
        return not_yet(words, clock="market-clock")
    return empty_state("Nothing here", f"No {market.thing} that trades enough moved this way in {window}.")


def update_treemap(
    market_id: MarketId, window: Listed, size: Literal["value", "volume"], _clock: Times, _retry: Times
) -> tuple[Any, ...]:
    """The map, what stands in its place, and whether the choice of a size is hidden: pairs go by value alone."""
    market = MARKETS[market_id]
    pairs = market.quotes == "exchange"

    def render() -> Children:
        by_value = pairs or size == "value"
        rows = overviews.heaviest(context.database(), scope_of(market, window), by_value=by_value, limit=MAPPED)
        if not rows:
            return empty_list(market, "percent_change", window)
        return treemap.treemap(market, rows, window, by_value=by_value)

    return *markup.answer(render, keep=is_refresh()), pairs
