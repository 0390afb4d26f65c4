"""Item page: price chart, measures, prices by source, similar items."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, ctx, dcc, html, no_update
from pydantic import AfterValidator

from app.candles.series import NoSourceError
from app.items import gaps
from app.items.long_measures import LONG_WINDOWS, long_measures
from app.providers.markets import MARKETS
from components.account import data
from components.alerts.button import alert_button, visitor_alert
from components.candles import chart as pair_chart
from components.candles import following
from components.candles import measures as pair_measures
from components.candles import view as pair_view
from components.compare.button import compare_link
from components.item import analysis, price_chart
from components.item.gaps import gap_list
from components.item.metric_card import Newest, basis_of, metric_cards, metric_skeletons
from components.item.sources import source_card
from components.item.view import (
    empty_chart,
    empty_measures,
    head_skeleton,
    item_head,
    not_found,
    quote_arguments,
    similar_list,
    source_choices,
)
from components.items.watch import visitor_star, watch_button
from components.ui import clientside, context, markup, url_state
from components.ui.inputs import LONGEST_NAME, ItemId, Name, Times
from components.ui.live import live_subscription
from components.ui.page import card, database_down, empty_state, not_yet, page, register_page, skeleton_rows
from db.accounts import watchlist
from db.candles import listed, symbols
from db.candles.intervals import NAMES as INTERVALS
from db.candles.symbols import Pair
from db.core.pool import Database, DatabaseDownError, Row
from db.items import details, items
from db.quotes import candles

PAGE = "item"
DEFAULTS: dict[str, str | int] = {
    "window": "30d",
    "source": "reference",
    "measures": pair_measures.DEFAULT,
    analysis.TAB: analysis.DEFAULT_TAB,
    analysis.SPAN: analysis.DEFAULT_SPAN,
}
PAIR_DEFAULTS = DEFAULTS | {"window": pair_chart.DEFAULT}
WINDOWS = tuple(candles.SPANS)
REFRESH_MS = 60_000
LARGEST_ID = 2**31 - 1
HEAD, SOURCES, SIMILAR = "item-head", "item-sources", "item-similar"
ITEM = Input("item-id", "data")
CLOCK = Input("item-clock", "n_intervals")
RETRY = Input("item-retry", "n_clicks", allow_optional=True)
WINDOW = Input(url_state.control(PAGE, "window"), "value")
SOURCE = Input(url_state.control(PAGE, "source"), "value")


def _known(window: str) -> str:
    if window not in WINDOWS and window not in INTERVALS:
        raise ValueError(f"none of {', '.join((*WINDOWS, *INTERVALS))}")
    return window


Span = Annotated[str, AfterValidator(_known)]


def register(app: Dash) -> None:
    register_page(__name__, path_template="/item/<item_id>", title=title, description="One item", layout=layout)
    url_state.register(app, PAGE, tuple(DEFAULTS))
    price_chart.register(app)
    following.register(app)
    pair_measures.register(app)
    analysis.register(app)
    app.callback(
        *markup.outputs(HEAD),
        Output(f"{SOURCES}-markup", "data"),
        Output(f"{SIMILAR}-markup", "data"),
        Output(url_state.control(PAGE, "source"), "data"),
        Output("item-body", "hidden"),
        ITEM,
        CLOCK,
        RETRY,
    )(update_item_header)
    markup.register(app, HEAD, SOURCES, SIMILAR)
    app.callback(
        Output(price_chart.DATA, "data"),
        Output(price_chart.STATE, "children"),
        Output(price_chart.GAPS, "children"),
        ITEM,
        WINDOW,
        SOURCE,
        RETRY,
        Input("item-chart-retry", "n_clicks", allow_optional=True),
        Input(price_chart.RELOAD, "data"),
        prevent_initial_call=True,  # the page brings the first chart
    )(update_chart)
    clientside.add(
        app,
        "priceChart",
        "choose",
        Output(url_state.control(PAGE, "window"), "value"),
        Input("item-longer", "n_clicks", allow_optional=True),
        State("item-longer", "data-window", allow_optional=True),
        prevent_initial_call=True,
    )
    app.callback(
        Output("item-measures", "children"),
        Output("item-measured", "children"),
        ITEM,
        WINDOW,
        SOURCE,
        CLOCK,
        RETRY,
        State("item-measured", "children"),
    )(update_measures)


def layout(item_id: str = "", **query: str) -> html.Div:
    known = as_id(item_id) or _opened(item_id)
    if known is None:
        return page(not_found("Items go by a number, as in /item/42, pairs by their symbol, as in /item/BTCUSDT."))
    is_pair = _is_pair(known)
    windows, defaults = (INTERVALS, PAIR_DEFAULTS) if is_pair else (WINDOWS, DEFAULTS)
    window = url_state.one_of(query, "window", windows, str(defaults["window"]))
    source = _named_source(query)
    controls = _controls(window, windows, source, is_pair=is_pair)
    measured = url_state.one_of(query, "measures", pair_measures.WINDOWS, pair_measures.DEFAULT)
    titles = ("Last 24 hours", "Other pairs") if is_pair else ("Measures", "Similar items")
    sources = card(markup.frame(SOURCES, skeleton_rows(2)), title="Sources")
    columns = html.Div(
        [
            html.Div(
                [
                    price_chart.price_chart(controls, update_chart(known, window, source), is_pair=is_pair),
                    # A pair has one source; its frame stays, since the page's callback writes there.
                    html.Div(sources, hidden=True) if is_pair else sources,
                ],
                className="item-main",
            ),
            html.Div(
                [
                    card(
                        html.Div(metric_skeletons(), id="item-measures"),
                        title=titles[0],
                        info=html.Span(id="item-measured"),
                    ),
                    pair_measures.measures_card(measured)
                    if is_pair
                    else html.Div(pair_measures.window_choice(measured), hidden=True),
                    card(markup.frame(SIMILAR, skeleton_rows(6)), title=titles[1]),
                ],
                className="item-aside",
            ),
        ],
        className="item-columns",
    )
    content = page(
        html.Div([markup.frame(HEAD, head_skeleton()), *_watch(known), compare_link(known)], className="item-top"),
        *(following.following_line(known) if is_pair else []),
        html.Div(analysis.tabs(columns, query), id="item-body"),
        live_subscription(known),
        dcc.Store(id="item-id", data=known),
        dcc.Interval(id="item-clock", interval=REFRESH_MS),
    )
    return url_state.outermost(content, PAGE, defaults)


def update_item_header(item_id: ItemId, _clock: Times, _retry: Times) -> tuple[Any, ...]:
    """Head, what stands in its place, sources, similar items, the choice of sources, and whether all but the head is hidden."""
    database = context.database()
    try:
        item = items.one(database, item_id)
        if item is None:
            nothing = not_found(f"Nothing is known under the number {item_id}.")
            return markup.to_html(nothing), no_update, "", "", no_update, True
        if pair := _pair_of(database, item):
            return _pair_header(pair)
        quotes = details.quotes(database, item_id)
        alike = items.similar(database, item_id)
        reference = quotes[0] if quotes and quotes[0]["reference"] else None
        measured = details.measures(database, item_id, reference["source"], "24h") if reference else None
        now = datetime.now(UTC)
        sources = source_card(database, item, quotes, now)
    except DatabaseDownError:
        if _refreshes():
            return (no_update,) * 6
        return "", html.Div(database_down(retry="item-retry"), className="card"), *(no_update,) * 4
    head = item_head(item, reference, measured["previous"] if measured else None)
    similar = markup.to_html(similar_list(alike))
    return markup.to_html(head), no_update, markup.to_html(sources), similar, source_choices(quotes), False


def update_chart(
    item_id: ItemId, window: Span, source: Name | None, _retry: Times = None, _again: Times = None, _missed: Any = None
) -> price_chart.Drawn:
    """The chart's data, what stands in its place where there is none, and the list of its gaps."""
    database = context.database()
    now = datetime.now(UTC)
    try:
        item = items.one(database, item_id)
        if item is None:
            return None, None, None
        if pair := _pair_of(database, item):
            return *_pair_chart(pair, window if window in INTERVALS else pair_chart.DEFAULT, now), None
        chosen_source = _source(item, source)
        found = (
            candles.window_candles(database, item_id, chosen_source, window, now, lead=price_chart.LEAD)
            if chosen_source
            else None
        )
        if found is None or not len(found):
            last = details.newest(database, item_id, chosen_source) if chosen_source else None
            # Without a bar the data still says whose it is, so that a live price can ask for more.
            empty = (
                price_chart.chart_data(found, item, str(chosen_source), window, now.timestamp())
                if found is not None
                else None
            )
            return empty, empty_chart(last, window, _longer(window, last, now)), None
        missing = gaps.of_chart(database, found, str(chosen_source), now)
    except DatabaseDownError:
        return no_update, database_down(retry="item-chart-retry"), no_update
    data = price_chart.chart_data(found, item, str(chosen_source), window, now.timestamp(), missing)
    return data, None, gap_list(missing, str(chosen_source), now)


def update_measures(
    item_id: ItemId, window: Span, source: Name | None, _clock: Times, _retry: Times, shown: Any
) -> tuple[Any, Any]:
    """The metric cards, and what they were made from."""
    database = context.database()
    try:
        item = items.one(database, item_id)
        if item is None:
            return None, None
        if pair := _pair_of(database, item):
            return pair_view.day_figures(pair, symbols.ticker(database, item_id)), None
        chosen_source = _source(item, source)
        row = _measures(database, item_id, chosen_source, window) if chosen_source else None
        if row is None:
            last = details.newest(database, item_id, chosen_source) if chosen_source else None
            if _holds(window, last, datetime.now(UTC)):
                return not_yet("Measures follow within a minute of the first prices.", clock="item-clock"), None
            return empty_measures(last, window), None
        newest = _newest(database, item_id, str(chosen_source), row["previous"])
    except DatabaseDownError:
        return (no_update, no_update) if shown and _refreshes() else (database_down(), no_update)
    return metric_cards(row, window, item, newest), basis_of(row, window)


def _pair_of(database: Database, item: Row) -> Pair | None:
    """The pair that an item is; only exchange markets are asked."""
    market = MARKETS.get(item["market"])
    return symbols.of_item(database, item["id"]) if market and market.quotes == "exchange" else None


def _opened(symbol: str) -> int | None:
    """The item of a pair that some exchange lists; opening it is what makes it one."""
    try:
        found = symbols.find(context.database(), symbol)
        return found.item_id if found else listed.adopt(context.database(), symbol)
    except DatabaseDownError:
        return None


def _is_pair(item_id: int) -> bool:
    try:
        return symbols.of_item(context.database(), item_id) is not None
    except DatabaseDownError:
        return False  # the page says so, whichever controls it has


def _pair_header(pair: Pair) -> tuple[Any, ...]:
    database = context.database()
    tickers = symbols.tickers(database, pair.market)
    mine = next((row for row in tickers if row["item_id"] == pair.item_id), None)
    others = markup.to_html(pair_view.other_pairs(pair, tickers))
    return markup.to_html(pair_view.pair_head(pair, mine)), no_update, "", others, no_update, False


def _pair_chart(pair: Pair, interval: str, now: datetime) -> tuple[Any, Any]:
    try:
        found = pair_chart.data(pair, interval, now.timestamp())
    except NoSourceError as error:
        return None, empty_state("No candles yet", f"{error}. They appear when an exchange that has it is switched on.")
    if found is None:
        return None, empty_state("No candles yet", "The first ones come within a minute of the first trade.")
    return found, None


def title(item_id: str = "") -> str:
    """What the browser's tab says."""
    known = as_id(item_id) or _opened(item_id)
    try:
        item = None if known is None else items.one(context.database(), known)
    except DatabaseDownError:
        item = None  # the page itself says so
    return f"{item['market_hash_name'] if item else 'Item'} · Tracera"


def as_id(text: str) -> int | None:
    """An item's number from the address, or None."""
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 11 and int(text) <= LARGEST_ID else None  # noqa: PLR2004


def _measures(database: Database, item_id: int, source: str, window: str) -> Row | None:
    if window in LONG_WINDOWS:
        return long_measures(database, item_id, source, window, datetime.now(UTC))
    return details.measures(database, item_id, source, window)


def _newest(database: Database, item_id: int, source: str, base: int | None) -> Newest | None:
    """What a source asks now, and what its change counts from."""
    found = next((one for one in details.quotes(database, item_id) if one["source"] == source), None)
    return None if found is None else Newest(item_id, found["price"], base, quote_arguments(found))


def _longer(window: str, last: datetime | None, now: datetime) -> dmc.Button | None:
    """The shortest window that holds the last quote, to choose with one click."""
    if last is None:
        return None
    fits = next((name for name in WINDOWS if name != window and _holds(name, last, now)), None)
    if fits is None:
        return None
    label = "Show all prices" if fits == "all" else f"Show {fits}"
    attributes: dict[str, Any] = {"data-window": fits}
    return dmc.Button(label, id="item-longer", size="sm", variant="default", **attributes)


def _holds(window: str, last: datetime | None, now: datetime) -> bool:
    length = candles.SPANS[window].length
    return last is not None and (length is None or now - last < length)


def _source(item: Row, chosen: str | None) -> str | None:
    return chosen if chosen and chosen != "reference" else item["source"]


def _named_source(query: Mapping[str, str]) -> str:
    """The source in the address; one that no callback would take counts as the reference."""
    source = query.get("source") or "reference"
    return source if source.isprintable() and len(source) <= LONGEST_NAME else "reference"


def _refreshes() -> bool:
    """Whether the clock triggered the callback, so that what is on the screen may stay."""
    return bool(ctx.triggered_id == "item-clock")


def _watch(item_id: int) -> list[Any]:
    """The watchlist star and the alert button, where the session and the watchlist can be read."""
    caller = data.current_caller()
    if caller.unknown:
        return []
    user_id = data.session_user(caller)
    if user_id is None:
        return [visitor_star(item_id), visitor_alert(item_id)]
    try:
        star = watch_button(item_id, watched=watchlist.has(context.database(), user_id, item_id))
        return [star, alert_button(item_id)]
    except DatabaseDownError:
        return []


def _controls(window: str, choices: Sequence[str], source: str, *, is_pair: bool) -> html.Div:
    windows = dmc.SegmentedControl(
        id=url_state.control(PAGE, "window"),
        value=window,
        data=list(choices),
        size="xs",
        **_named("Length of a candle" if is_pair else "Window"),
    )
    sources = dmc.Select(
        id=url_state.control(PAGE, "source"),
        value=source,
        data=[{"value": source, "label": source.capitalize()}],
        size="xs",
        allowDeselect=False,
        className="item-source",
        **_named("Source"),
    )
    choice = html.Div(sources, hidden=True) if is_pair else sources
    return html.Div([windows, choice], className="chart-controls")


def _named(text: str) -> dict[str, Any]:
    return {"aria-label": text}
