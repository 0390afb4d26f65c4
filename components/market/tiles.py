"""The market in four figures, and how its sources are doing."""

from datetime import UTC, datetime

from dash import dcc, html

from components.items.row import item_name
from components.ui.figures import change, unknown
from components.ui.format import age_text, number, percent, short_money, time_text
from components.ui.page import Children, info_mark, skeleton_tiles, tile
from db.core.pool import Row

LABELS = {"24h": "24 h", "7d": "7 days", "30d": "30 days"}
COUNT = 4
NOT_YET = "needs measures of at least one item that trades"


def waiting() -> html.Div:
    """The tiles' shape."""
    return skeleton_tiles(COUNT)


def tiles(overview: Row, volatile: Row | None, size: Row, rate: float | None, window: str) -> html.Div:
    """Index, breadth, the most volatile item, and the flow of quotes."""
    return html.Div(
        [_index(overview, window), _breadth(overview), _volatile(volatile, window), _flow(size, rate)],
        className="tiles",
    )


def _index(overview: Row, window: str) -> html.Div:
    traded = overview["traded"]
    items = f"{number(overview['index_items'])} items"
    note: Children = items
    if traded is not None:
        worth = short_money(round(traded * 100), 100, overview["currency"])
        note = html.Span(f"{worth} traded a day", title=items)
    info = info_mark(
        "Change in value of a basket that holds of each item what is sold of it in a day: "
        "sum of volume times price now, over the same with prices before the window. Items that trade too little are left out.",
        label="the index",
    )
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


def _volatile(row: Row | None, window: str) -> html.Div:
    info = info_mark(
        f"Sample standard deviation of the logarithmic returns of the window of {LABELS[window]}, scaled to one day. "
        "Items that trade too little are left out.",
        label="volatility",
    )
    if row is None:
        return tile("Most volatile", unknown(NOT_YET), info=info)
    swing = percent(row["return_volatility"] * 100)
    figure = html.Span([swing, html.Span(" a day", className="unit")], className="figure")
    link = dcc.Link(item_name(row), href=f"/item/{row['item_id']}", className="quiet-link")
    return tile("Most volatile", figure, link, info=info)


def _flow(size: Row, rate: float | None) -> html.Div:
    several = "source" if size["sources"] == 1 else "sources"
    note = f"{number(size['items'])} items, {number(size['sources'])} {several}"
    if rate is None:
        return tile("Quotes per minute", unknown("no provider answered in the last five minutes"), note)
    return tile("Quotes per minute", html.Span(number(rate), className="figure"), note)


def provider_strip(states: list[Row], now: datetime | None = None) -> html.Ul:
    """One mark for each provider: does it work, and since when it was last heard of."""
    moment = now or datetime.now(UTC)
    return html.Ul([html.Li(_provider(row, moment)) for row in states], className="strip")


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
