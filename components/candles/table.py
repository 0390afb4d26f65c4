"""Pair table: live prices, changes, volume, spread and the place in the day's range."""

from collections.abc import Mapping, Sequence
from typing import Any

from dash import dcc, html

from components.candles.view import position, quote, spread
from components.ui.figures import unknown
from components.ui.format import percent, short_number
from components.ui.live import live_change, live_price
from components.ui.page import Children
from db.core.pool import Row

HEADS = (
    ("Pair", "item"),
    ("Price", "price"),
    ("Change, 24 h", "change"),
    ("24 h", "spark"),
    ("Volume, 24 h", "volume"),
    ("Spread", "spread"),
    ("Day's range", "range"),
)
UNSORTED = "spark"
LEAST = 2
"""Prices that make a line."""


def table(rows: Sequence[Row], closes: Mapping[int, Sequence[int]]) -> html.Div:
    """Tickers of a market, those with the greatest turnover first; `closes` are hourly ones of a day, by item.

    assets/candles/pairs.js puts them into another order, and draws the sparklines. The rows in view are live, and no others: the
    table is no reason to follow every pair.
    """
    head = html.Thead(html.Tr([_head(text, kind) for text, kind in HEADS]))
    ordered = sorted(rows, key=lambda row: -turnover(row))
    caption = html.Caption("Pairs by what was traded in 24 hours", className="out-of-sight")
    body = html.Tbody([_line(row, closes.get(row["item_id"], ())) for row in ordered])
    long: dict[str, Any] = {"data-live-long": ""}
    return html.Div(
        html.Table([caption, head, body], className="row-cards figures pairs"), className="pairs-frame", **long
    )


def _head(text: str, kind: str) -> html.Th:
    attributes: dict[str, Any] = {"data-sort": kind}
    shown = text if kind == UNSORTED else html.Button(text, type="button", className="pair-sort", **attributes)
    usual: dict[str, Any] = {"aria-sort": "descending"} if kind == "volume" else {}
    return html.Th(shown, className=f"pair-{kind}", scope="col", **usual)


def turnover(row: Row) -> float:
    """What was traded in 24 hours, in the quote currency."""
    return float(row["price"] / row["price_scale"] * row["volume"] / row["volume_scale"])


def _line(row: Row, closes: Sequence[int]) -> html.Tr:
    at = quote(row)
    price = live_price(
        row["item_id"], row["price"], price_scale=row["price_scale"], currency=row["quote_currency"], **at
    )
    name = dcc.Link(
        [
            html.Span(row["base_currency"], className="pair-base"),
            html.Span(f" / {row['quote_currency']}", className="muted"),
        ],
        href=f"/item/{row['item_id']}",
        className="pair-link",
    )
    share = spread(row)
    volume = f"{short_number(turnover(row))} {row['quote_currency']}"
    return html.Tr(
        [
            html.Th(name, className="pair-item", scope="row", **_value(row["symbol"])),
            html.Td(price, className="pair-price", **_value(row["price"] / row["price_scale"])),
            html.Td(
                live_change(row["item_id"], row["price"], row["open"], **at),
                className="pair-change",
                **_value(row["price"] / row["open"] - 1),
            ),
            html.Td(_sparkline([*closes, row["price"]]), className="pair-spark"),
            html.Td(
                volume,
                className="pair-volume",
                title=f"{short_number(row['volume'] / row['volume_scale'])} {row['base_currency']}",
                **_value(turnover(row)),
            ),
            html.Td(
                unknown("no bid or ask") if share is None else percent(100 * share, 3),
                className="pair-spread",
                **_value(share),
            ),
            html.Td(_range(row), className="pair-range", **_value(position(row))),
        ]
    )


def _value(value: float | str | None) -> dict[str, Any]:
    """What a cell is sorted by; nothing where it is unknown."""
    return {} if value is None else {"data-value": value}


def _sparkline(prices: Sequence[int]) -> Children:
    """Prices as levels from 0, the lowest, to 100, for the browser to draw."""
    low, high = min(prices), max(prices)
    if len(prices) < LEAST:
        return unknown("fewer than two prices in 24 hours")
    levels = [round(100 * (price - low) / (high - low)) if high > low else 50 for price in prices]
    drawn: dict[str, Any] = {"data-spark": str(levels)}
    return html.Span(className="pair-sparkline", **drawn)


def _range(row: Row) -> Children:
    """A bar from the day's low to its high, with a mark where the price is."""
    place = position(row)
    if place is None:
        return unknown("it did not move")
    text = f"{percent(100 * place, 0)} of the way from the low to the high of 24 hours"
    named: dict[str, Any] = {"role": "img", "aria-label": text}
    mark = html.Span(className="range-mark", style={"left": f"{100 * place:.1f}%"})
    return html.Span(mark, className="range-track", title=text, **named)
