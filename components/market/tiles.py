"""Market tiles: index, breadth, most volatile item, quote rate; and a strip of provider states."""

from datetime import UTC, datetime, timedelta
from typing import Any

from dash import dcc, html

from app.providers.markets import Market
from app.providers.sources import is_simulated
from components.items.row import item_name
from components.ui.figures import change, unknown
from components.ui.format import age_text, counted, number, percent, short_money, time_text
from components.ui.page import Children, info_mark, skeleton_tiles, tile
from db.core.pool import Row

LABELS = {"24h": "24 h", "7d": "7 days", "30d": "30 days"}
COUNT = 4
NOT_YET = "needs measures of something that trades enough"


def waiting() -> html.Div:
    """The tiles' shape."""
    return skeleton_tiles(COUNT)


def tiles(market: Market, overview: Row, volatile: Row | None, flow: html.Div, window: str) -> html.Div:
    """Index, breadth, the most volatile item, and the flow of quotes (`quote_flow`, `pair_count`)."""
    return html.Div(
        [_index(market, overview, window), _breadth(overview), _volatile(market, volatile, window), flow],
        className="tiles",
    )


def _index(market: Market, overview: Row, window: str) -> html.Div:
    traded = overview["traded"]
    pairs = market.quotes == "exchange"
    items = f"{number(overview['index_items'])} {market.things}"
    if pairs:
        items += f" in {market.currency}" + (
            f", {number(overview['others'])} in other currencies not in it" if overview["others"] else ""
        )
    note: Children = items
    if traded is not None:
        worth = short_money(round(traded * 100), 100, overview["currency"])
        note = html.Span(f"{worth} {'' if pairs else 'traded '}a day", title=items)
    text = (
        f"Change in value of a basket that holds of each {market.thing} what is {'traded' if pairs else 'sold'} of it in a day: "
        "sum of volume times price now, over the same with prices before the window."
        f" {market.things.capitalize()} that trade too little are left out."
    )
    if pairs:
        text += (
            f" The basket holds pairs in {market.currency} alone. What is traded counts those in other currencies too, converted at"
            " the last price of the exchange's own pair."
        )
    info = info_mark(text, label="the index")
    return tile(f"Market, {LABELS[window]}", change(overview["index_change"], 2, reason=NOT_YET), note, info=info)


def _breadth(overview: Row) -> html.Div:
    up, down, counted = overview["advancing"], overview["declining"], overview["counted"]
    if not counted:
        return tile("Advancing / declining", unknown(NOT_YET))
    figures = [
        html.Span(number(up), className="figure up"),
        html.Span(" / ", className="muted"),
        html.Span(number(down), className="figure down"),
    ]
    bar = html.Div(
        [
            html.Span(className="split-up", style={"flexGrow": up}),
            html.Span(className="split-none", style={"flexGrow": counted - up - down}),
            html.Span(className="split-down", style={"flexGrow": down}),
        ],
        className="split",
    )
    note = html.Div([bar, html.Span(f"{number(overview['unchanged'])} unchanged")], className="split-note")
    return tile("Advancing / declining", figures, note)


def _volatile(market: Market, row: Row | None, window: str) -> html.Div:
    info = info_mark(
        f"Sample standard deviation of the logarithmic returns of the window of {LABELS[window]}, scaled to one day. "
        f"{market.things.capitalize()} that trade too little are left out.",
        label="volatility",
    )
    if row is None:
        return tile("Most volatile", unknown(NOT_YET), info=info)
    swing = percent(row["return_volatility"] * 100)
    figure = html.Span([swing, html.Span(" a day", className="unit")], className="figure")
    link = dcc.Link(item_name(row), href=f"/item/{row['item_id']}", className="quiet-link")
    return tile("Most volatile", figure, link, info=info)


def pair_count(size: Row) -> html.Div:
    """How many pairs have a price, and of how many exchanges."""
    exchanges = counted(size["sources"], "exchange", "exchanges")
    return tile("Pairs", html.Span(number(size["items"]), className="figure"), f"of {exchanges}")


def quote_flow(size: Row, rate: float | None) -> html.Div:
    """How many quotes come in, of how many items and sources."""
    several = "source" if size["sources"] == 1 else "sources"
    note = f"{number(size['items'])} items, {number(size['sources'])} {several}"
    if rate is None:
        return tile("Quotes per minute", unknown("no provider answered in the last five minutes"), note)
    return tile("Quotes per minute", html.Span(number(rate), className="figure"), note)


def provider_strip(states: list[Row], now: datetime | None = None) -> html.Ul:
    """One mark for each provider: does it work, and since when it was last heard of."""
    moment = now or datetime.now(UTC)
    return html.Ul([html.Li(_provider(row, moment)) for row in states], className="strip")


def exchange_strip(states: list[dict[str, Any]], now: datetime | None = None) -> html.Ul:
    """One mark for each exchange that is streamed: does it work, and since when it was last heard of."""
    moment = now or datetime.now(UTC)
    return html.Ul([html.Li(_exchange(state, moment)) for state in states], className="strip")


def _exchange(state: dict[str, Any], now: datetime) -> dcc.Link:
    age, name = state["last_msg_age_ms"], state["exchange"]
    words = "not heard of yet" if age is None else age_text(now - timedelta(milliseconds=age), now)
    health = {"open": "ok", "none": "new"}.get(state["ws_state"], "late")
    parts: list[Children] = [html.Span(className=f"dot dot-{health}"), html.Strong(name), html.Span(words)]
    if is_simulated(name):
        parts.append(html.Span("simulated", className="tag"))
    title = f"{name}: {number(state['streams'])} streams, {state['ws_state']}"
    return dcc.Link(parts, href="/status", className="strip-link", title=title)


def provider_health(row: Row, now: datetime) -> tuple[str, str]:
    """A provider's state (`ok`, `late`, `failing`, `new`) and the words for it."""
    if row["error_since"] is not None:
        return "failing", f"failing, last good {age_text(row['last_success'], now)}"
    if row["last_success"] is None:
        return "new", "not heard of yet"
    late = (now - row["last_success"]).total_seconds() > max(3 * row["interval_s"], 60)
    return ("late" if late else "ok"), age_text(row["last_success"], now)


def _provider(row: Row, now: datetime) -> dcc.Link:
    health, words = provider_health(row, now)
    title = f"{row['name']}: last good cycle {time_text(row['last_success'])}" + (
        f"; {row['error']}" if row["error"] else ""
    )
    parts: list[Children] = [html.Span(className=f"dot dot-{health}"), html.Strong(row["name"]), html.Span(words)]
    if row["simulated"]:
        parts.append(html.Span("simulated", className="tag"))
    return dcc.Link(parts, href="/status", className="strip-link", title=title)
