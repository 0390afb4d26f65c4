"""Treemap of a market, items by type and pairs by currency: size is sales, colour is change; assets/market/treemap.js lays it out."""

from typing import Any
from urllib.parse import quote

from dash import dcc, html

from app.providers.markets import Market
from components.items.row import WEARS
from components.ui.figures import change
from components.ui.format import counted, direction, money, number, percent, short_money, short_number
from components.ui.live import live_change
from db.core.pool import Row

OTHER = "Other"
# The change that is shown in the strongest colour.
STRONGEST = {"24h": 8.0, "7d": 15.0, "30d": 30.0}
IN_TABLE = 50


def treemap(market: Market, rows: list[Row], window: str, *, by_value: bool) -> list[Any]:
    """Rows of db.items.market.heaviest as fields, what their colours mean, and the same as a table."""
    kinds: dict[str, list[Row]] = {}
    for row in rows:
        kinds.setdefault(kind_of(row), []).append(row)
    # The table behind it has the same links and figures for keyboards and screen readers.
    hidden: dict[str, Any] = {"aria-hidden": "true"}
    fields = [_kind(market, kind, members, window) for kind, members in kinds.items()]
    return [
        html.Div(fields, className="map", **hidden),
        html.Div([table(market, rows, by_value=by_value), legend(window)], className="map-foot"),
    ]


def kind_of(row: Row) -> str:
    """What an item is grouped by: its type, a pair by the currency that it is quoted in."""
    return str(row["currency"] if row.get("base_currency") else row["weapon_type"] or OTHER)


def _kind(market: Market, kind: str, members: list[Row], window: str) -> html.Div:
    mean = moved_together(members)
    words = [html.Span(kind, className="map-kind-name"), change(mean)]
    largest = counted(len(members), market.thing, market.things)
    attributes: dict[str, Any] = {
        "data-inner": "",
        "data-tip": f"{kind}\n{largest} of the largest, {percent(mean, signed=True)} together in {window}",
    }
    # What has no type has no filter either.
    href = "/items" if kind == OTHER else f"/items?type={quote(kind)}"
    if market.quotes == "exchange":
        href = "/crypto"
    head = html.A(words, className="map-head", href=href, tabIndex=-1, **attributes)
    return html.Div([head, *(_field(market, row, window) for row in members)], className="map-kind")


def moved_together(members: list[Row]) -> float | None:
    """The change in percent of what is sold of them in a day, as the market's index has it: by value at the window's start."""
    known = [row for row in members if row["base_price"] and row["volume_per_day"]]
    start, end = (
        sum(row["volume_per_day"] * row[name] / row["price_scale"] for row in known) for name in ("base_price", "price")
    )
    return (end / start - 1) * 100 if start else None


def _field(market: Market, row: Row, window: str) -> html.A:
    moved = row["percent_change"]
    towards = {"up": "up", "down": "down", "neutral": "up"}[direction(moved)]
    strength = min(100, round(abs(moved) / STRONGEST[window] * 100))
    wear = row["wear"]
    name = str(row.get("base_currency") or row["skin_name"] or row["market_hash_name"])
    short: list[Any] = [name] if not wear else [name, " ", html.Span(WEARS.get(wear, wear), className="map-wear")]
    figure = live_change(
        row["item_id"],
        row["price"],
        row["base_price"],
        source=row["source"],
        quoted_at=row["price_time"],
        stale_after=row["stale_after"],
    )
    attributes: dict[str, Any] = {
        "data-inner": "",
        "data-weight": f"{row['weight']:.6g}",
        "data-tip": _words(market, row, window),
    }
    parts: list[Any] = [html.Span(row["weapon"], className="map-weapon")] if row["weapon"] and row["skin_name"] else []
    parts += [html.Span(short, className="map-name"), html.Span(figure, className="map-change")]
    return html.A(
        parts,
        className=f"map-field map-{towards}",
        href=f"/item/{row['item_id']}",
        tabIndex=-1,
        style={"--strength": f"{strength}%"},
        **attributes,
    )


def _words(market: Market, row: Row, window: str) -> str:
    price = money(row["price"], row["price_scale"], row["currency"])
    moved = percent(row["percent_change"], signed=True)
    sold = f"{short_number(row['volume_per_day'])} sold a day"
    if market.quotes == "exchange":
        sold = f"{short_money(round(row['weight'] * 100), 100, market.currency)} traded a day"
    return f"{row['market_hash_name']}\n{price}, {moved} in {window}\n{sold}, {row['source']}"


def legend(window: str) -> html.Div:
    """What the colours mean."""
    strongest = STRONGEST[window]
    ends: list[Any] = [
        percent(-strongest, 0, signed=True),
        html.Span(className="scale-bar"),
        percent(strongest, 0, signed=True),
    ]
    name: dict[str, Any] = {"aria-label": f"Colours from {ends[0]} to {ends[2]}"}
    return html.Div(ends, className="scale", role="img", **name)


def table(market: Market, rows: list[Row], *, by_value: bool) -> html.Details:
    """The same figures as text, for readers and screen readers that cannot use the picture."""
    names = ["Item", "Type", "Price", "Change", "Value sold a day" if by_value else "Sold a day"]
    if market.quotes == "exchange":
        names = ["Pair", "Quoted in", "Price", "Change", "Traded a day"]
    head = html.Thead(html.Tr([html.Th(text, scope="col") for text in names]))
    body = html.Tbody([_line(market, row, by_value=by_value) for row in rows[:IN_TABLE]])
    shown = min(len(rows), IN_TABLE)
    scrolls: dict[str, Any] = {"data-scrolls": "", "aria-label": f"The largest {market.things}"}
    grid = html.Div(
        html.Table([head, body], className="plain-table"), className="plain-frame", tabIndex=0, role="region", **scrolls
    )
    return html.Details([html.Summary(f"The {number(shown)} largest as a table"), grid], className="behind")


def _line(market: Market, row: Row, *, by_value: bool) -> html.Tr:
    currency = market.currency if market.quotes == "exchange" else row["currency"]
    sold = money(round(row["weight"] * 100), 100, currency) if by_value else number(row["weight"])
    return html.Tr(
        [
            html.Th(dcc.Link(row["market_hash_name"], href=f"/item/{row['item_id']}"), scope="row"),
            html.Td(kind_of(row)),
            html.Td(money(row["price"], row["price_scale"], row["currency"])),
            html.Td(change(row["percent_change"])),
            html.Td(sold),
        ]
    )
