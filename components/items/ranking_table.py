"""Ranking table: each value with a bar relative to the greatest one shown."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from dash import dcc, html

from app.providers.markets import Market
from app.providers.sources import is_simulated
from app.spreadsheet import Cell, csv_text
from app.times import rfc3339_second
from components.items.measures import HOURLY, Measure, scope_of
from components.items.row import item_name, item_picture
from components.ui.figures import unknown
from components.ui.format import number, short_number
from components.ui.live import live_change, live_price
from components.ui.page import Children
from db.core.pool import Row

CSV_HEAD = ("rank", "item_id", "market_hash_name", "source", "price", "currency", "percent_change")
CSV_TAIL = ("volume_per_day", "samples", "coverage", "as_of")


def table(rows: Sequence[Row], measure: Measure, market: Market, window: str, *, descending: bool) -> html.Div:
    """Rows of db.items.rankings.ranked, in their order."""
    pairs = market.quotes == "exchange"
    column = scope_of(market, window).column(measure.key)
    greatest = max((abs(row[column]) for row in rows), default=0) or 1
    names = [
        ("#", "place"),
        ("Pair" if pairs else "Item", "item"),
        ("Price", "price"),
        (f"Change, {window}", "change"),
        (f"{measure.name}, {market.currency}" if column == "turnover" else measure.name, "score"),
        (f"{market.currency} a day" if pairs else "Sold a day", "sold"),
        ("Closes", "closes"),
    ]
    head = html.Thead(html.Tr([html.Th(text, className=f"rank-{kind}", scope="col") for text, kind in names]))
    lines = [
        _line(place, row, _score(row[column], measure, greatest), _sold(row, pairs=pairs), window)
        for place, row in enumerate(rows, 1)
    ]
    body = html.Tbody(lines)
    order = "highest first" if descending else "lowest first"
    caption = html.Caption(
        f"{market.things.capitalize()} by {measure.name}, {order}, window {window}", className="out-of-sight"
    )
    return html.Div(
        html.Table([caption, head, body], className=f"row-cards figures ranking ranking-{measure.key}"),
        className="ranking-frame",
    )


def _line(place: int, row: Row, score: html.Div, sold: Children, window: str) -> html.Tr:
    quote: dict[str, Any] = {
        "source": row["source"],
        "quoted_at": row["price_time"],
        "stale_after": row["stale_after"],
    }
    price = live_price(row["item_id"], row["price"], price_scale=row["price_scale"], currency=row["currency"], **quote)
    moved = live_change(row["item_id"], row["price"], row["base_price"], **quote)
    link = dcc.Link(
        [item_picture(row), html.Span(item_name(row), className="item-name")],
        href=f"/item/{row['item_id']}",
        className="rank-link",
        title=row["market_hash_name"],
    )
    return html.Tr(
        [
            html.Td(place, className="rank-place"),
            html.Th(link, className="rank-item", scope="row"),
            html.Td(price, className="rank-price"),
            html.Td(moved, className="rank-change"),
            html.Td(score, className="rank-score"),
            html.Td(sold, className="rank-sold"),
            html.Td(
                number(row["samples"]),
                className="rank-closes",
                title=f"{row['samples']} {HOURLY[window]} closes, {row['coverage']:.0%} of the window",
            ),
        ]
    )


def _sold(row: Row, *, pairs: bool) -> Children:
    """Sales a day; of pairs what is traded a day in their market's currency."""
    sold = row["turnover_per_day"] if pairs else row["volume_per_day"]
    reason = "no pair converts its currency" if pairs else "this source tells no volume"
    return unknown(reason) if sold is None else short_number(sold)


def _score(value: float, measure: Measure, greatest: float) -> html.Div:
    """The figure over a bar as wide as its share of the greatest."""
    side = ("up" if value > 0 else "down") if measure.signed else "plain"
    bar = html.Span(className=f"bar-fill bar-{side}", style={"width": f"{abs(value) / greatest * 100:.1f}%"})
    return html.Div([html.Span(bar, className="bar-track"), html.Span(measure.text(value), className="bar-text")])


def as_csv(rows: Sequence[Row], measure: Measure, market: Market, window: str) -> str:
    """What the table shows, with plain figures: prices in whole units, shares as fractions, times in UTC."""
    column = scope_of(market, window).column(measure.key)
    keys = () if column == "percent_change" else (column,)
    traded = ("turnover_per_day",) if market.quotes == "exchange" else ()
    lines: list[tuple[Cell, ...]] = [(*CSV_HEAD, *keys, *traded, *CSV_TAIL, "simulated")]
    for place, row in enumerate(rows, 1):
        head = (
            place,
            row["item_id"],
            row["market_hash_name"],
            row["source"],
            Decimal(row["price"]) / row["price_scale"],
            row["currency"],
            row["percent_change"],
        )
        tail = (row["volume_per_day"], row["samples"], row["coverage"], rfc3339_second(row["as_of"]))
        lines.append((*head, *(row[key] for key in (*keys, *traded)), *tail, is_simulated(row["source"])))
    return csv_text(lines, mark=True)
