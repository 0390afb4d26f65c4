"""One item: its price over time, its measures, what others ask for it, and what is like it."""

from datetime import UTC, datetime
from typing import Annotated, Any

import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, ctx, dcc, html, no_update
from pydantic import AfterValidator

from app.items.long_measures import LONG, long_measures
from components.account import data
from components.item import price_chart
from components.item.metric_card import basis_of, metric_cards, metric_skeletons
from components.item.view import (
    head_skeleton,
    item_head,
    not_found,
    nothing_drawn,
    nothing_measured,
    similar_list,
    source_choices,
    source_table,
)
from components.items.watch import watch_button, watch_link
from components.ui import clientside, context, markup, url_state
from components.ui.inputs import ItemId, Name, Times
from components.ui.live import live_subscription
from components.ui.page import card, database_down, not_yet, page, register_page, skeleton_rows
from db.accounts import watchlist
from db.core.pool import Database, DatabaseDownError, Row
from db.items import details, items
from db.quotes import candles

PAGE = "item"
DEFAULTS: dict[str, str | int] = {"window": "30d", "source": "reference"}
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
    if window not in WINDOWS:
        raise ValueError(f"none of {', '.join(WINDOWS)}")
    return window


Span = Annotated[str, AfterValidator(_known)]


def register(app: Dash) -> None:
    register_page(__name__, path_template="/item/<item_id>", title=title, description="One item", layout=layout)
    url_state.register(app, PAGE, tuple(DEFAULTS))
    price_chart.register(app)
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
        ITEM,
        WINDOW,
        SOURCE,
        RETRY,
        Input("item-chart-retry", "n_clicks", allow_optional=True),
        Input(price_chart.AGAIN, "data"),
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
    known = as_id(item_id)
    if known is None:
        return page(not_found("Items go by a number, as in /item/42."))
    window = url_state.one_of(query, "window", WINDOWS, str(DEFAULTS["window"]))
    body = html.Div(
        [
            html.Div(
                [
                    price_chart.price_chart(_controls(window, query.get("source") or "reference")),
                    card(markup.frame(SOURCES, skeleton_rows(2)), title="Sources"),
                ],
                className="item-main",
            ),
            html.Div(
                [
                    card(
                        html.Div(metric_skeletons(), id="item-measures"),
                        title="Measures",
                        info=html.Span(id="item-measured"),
                    ),
                    card(markup.frame(SIMILAR, skeleton_rows(6)), title="Similar items"),
                ],
                className="item-aside",
            ),
        ],
        id="item-body",
        className="item-columns",
    )
    content = page(
        html.Div([markup.frame(HEAD, head_skeleton()), *_watch(known)], className="item-top"),
        body,
        live_subscription(known),
        dcc.Store(id="item-id", data=known),
        dcc.Interval(id="item-clock", interval=REFRESH_MS),
    )
    return url_state.outermost(content, PAGE, DEFAULTS)


def update_item_header(item_id: ItemId, _clock: Times, _retry: Times) -> tuple[Any, ...]:
    """Head, what stands in its place, sources, similar items, the choice of sources, and whether all but the head is hidden."""
    database = context.database()
    try:
        item = items.one(database, item_id)
        if item is None:
            nothing = not_found(f"Nothing is known under the number {item_id}.")
            return markup.to_html(nothing), no_update, "", "", no_update, True
        quotes = details.quotes(database, item_id)
        alike = items.similar(database, item_id)
        reference = quotes[0] if quotes and quotes[0]["reference"] else None
        measured = details.measures(database, item_id, reference["source"], "24h") if reference else None
    except DatabaseDownError:
        if _refreshes():
            return (no_update,) * 6
        return "", html.Div(database_down(retry="item-retry"), className="card"), *(no_update,) * 4
    head = item_head(item, reference, measured["previous"] if measured else None)
    sources, similar = markup.to_html(source_table(item, quotes)), markup.to_html(similar_list(alike))
    return markup.to_html(head), no_update, sources, similar, source_choices(quotes), False


def update_chart(
    item_id: ItemId, window: Span, source: Name | None, _retry: Times, _again: Times, _missed: Any
) -> tuple[Any, Any]:
    """The chart's data, and what stands in its place where there is none."""
    database = context.database()
    now = datetime.now(UTC)
    try:
        item = items.one(database, item_id)
        if item is None:
            return None, None
        spoken = _source(item, source)
        found = (
            candles.window_candles(database, item_id, spoken, window, now, lead=price_chart.LEAD) if spoken else None
        )
        if found is None or not len(found):
            last = details.newest(database, item_id, spoken) if spoken else None
            # Without a bar the data still says whose it is, so that a live price can ask for more.
            empty = (
                price_chart.chart_data(found, item, str(spoken), window, now.timestamp()) if found is not None else None
            )
            return empty, nothing_drawn(last, window, _longer(window, last, now))
    except DatabaseDownError:
        return no_update, database_down(retry="item-chart-retry")
    return price_chart.chart_data(found, item, str(spoken), window, now.timestamp()), None


def update_measures(
    item_id: ItemId, window: Span, source: Name | None, _clock: Times, _retry: Times, shown: Any
) -> tuple[Any, Any]:
    """The metric cards, and what they were made from."""
    database = context.database()
    try:
        item = items.one(database, item_id)
        if item is None:
            return None, None
        spoken = _source(item, source)
        row = _measures(database, item_id, spoken, window) if spoken else None
        if row is None:
            last = details.newest(database, item_id, spoken) if spoken else None
            if _holds(window, last, datetime.now(UTC)):
                return not_yet("Measures follow within a minute of the first prices.", clock="item-clock"), None
            return nothing_measured(last, window), None
    except DatabaseDownError:
        return (no_update, no_update) if shown and _refreshes() else (database_down(), no_update)
    return metric_cards(row, window, item), basis_of(row, window)


def title(item_id: str = "") -> str:
    """What the browser's tab says."""
    known = as_id(item_id)
    try:
        item = None if known is None else items.one(context.database(), known)
    except DatabaseDownError:
        item = None  # the page itself says so
    return f"{item['market_hash_name'] if item else 'Item'} · Tracera"


def as_id(text: str) -> int | None:
    """An item's number from the address, or None."""
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 11 and int(text) <= LARGEST_ID else None  # noqa: PLR2004


def _measures(database: Database, item_id: int, source: str, window: str) -> Row | None:
    if window in LONG:
        return long_measures(database, item_id, source, window, datetime.now(UTC))
    return details.measures(database, item_id, source, window)


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
    spoken: str | None = item["source"] if not chosen or chosen == "reference" else chosen
    return spoken


def _refreshes() -> bool:
    """Whether the clock asked, and so something is on the screen that may stay."""
    return bool(ctx.triggered_id == "item-clock")


def _watch(item_id: int) -> list[Any]:
    """The star, as far as it is known whose page this is and what they watch."""
    who = data.who()
    if who.unknown:
        return []
    user_id = data.session_user(who)
    if user_id is None:
        return [watch_link(item_id)]
    try:
        return [watch_button(item_id, watched=watchlist.has(context.database(), user_id, item_id))]
    except DatabaseDownError:
        return []


def _controls(window: str, source: str) -> html.Div:
    windows = dmc.SegmentedControl(
        id=url_state.control(PAGE, "window"), value=window, data=list(WINDOWS), size="xs", **_named("Window")
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
    return html.Div([windows, sources], className="chart-controls")


def _named(text: str) -> dict[str, Any]:
    return {"aria-label": text}
