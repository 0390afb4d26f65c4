"""Pair view: head, figures of the day, and the other pairs of its market."""

from typing import Any

from dash import dcc, html

from app.providers.sources import is_simulated
from components.ui.figures import change, unknown
from components.ui.format import money, percent, short_number
from components.ui.live import live_age, live_change, live_price
from components.ui.page import Children, empty_state, simulated_badge
from db.candles.symbols import Pair
from db.core.pool import Row

NOT_TRADING = {
    "halted": "The exchange has halted this pair: no new prices until it trades again. Its history stays.",
    "delisted": "The exchange no longer lists this pair: no new prices come. Its history stays.",
}
"""What a status other than trading means for whoever looks at the pair."""
STALE_AFTER = 60.0
"""Seconds after which a pair's price counts as stale: exchanges trade every second."""


def quote(ticker: Row) -> dict[str, Any]:
    """What live elements say of a ticker's price."""
    return {"source": ticker["source"], "quoted_at": ticker["time"], "stale_after": STALE_AFTER}


def pair_head(pair: Pair, ticker: Row | None) -> html.Header:
    """Symbol, both currencies and the live price with its change of 24 hours."""
    badge: list[Any] = [simulated_badge()] if is_simulated(pair.source) else []
    sentence = NOT_TRADING.get(pair.status)
    status = [html.P(sentence, className="pair-status")] if sentence else []
    title = html.Div(
        [
            html.H1(f"{pair.base_currency} / {pair.quote_currency}", className="item-title"),
            html.P([html.Span(pair.symbol), html.Span("Spot pair")], className="item-kinds"),
            *status,
        ],
        className="item-words",
    )
    hidden: dict[str, Any] = {"aria-hidden": "true"}
    mark = html.Span(pair.base_currency[:4], className="item-image pair-mark", **hidden)
    return html.Header(
        [html.Div([mark, title], className="item-who"), _now(pair, ticker, badge)], className="item-head pair-head"
    )


def _now(pair: Pair, ticker: Row | None, badge: list[Any]) -> html.Div:
    if ticker is None:
        return html.Div([unknown("nobody has traded it yet"), html.P("no price yet")], className="item-now")
    at = quote(ticker)
    scale: dict[str, Any] = {"price_scale": pair.price_scale, "currency": pair.quote_currency}
    figure = live_price(pair.item_id, ticker["price"], **scale, **at)
    moved = live_change(pair.item_id, ticker["price"], ticker["open"], **at)
    about = [html.Span(f"{ticker['source']} · "), live_age(pair.item_id, **at), html.Span(" ago")]
    return html.Div(
        [
            html.Div(
                [
                    html.Span(figure, className="item-now-figure"),
                    html.Span([moved, html.Span(" 24 h")], className="item-now-moved"),
                ],
                className="item-now-line",
            ),
            html.Div([html.Span(about, className="item-about"), *badge], className="item-badges"),
        ],
        className="item-now",
    )


def day_figures(pair: Pair, ticker: Row | None) -> Children:
    """Figures of the last 24 hours, each with what it means."""
    if ticker is None:
        return empty_state("No trades yet", "Figures appear with the first trade.")
    entries = [
        ("Open", _money(pair, ticker["open"]), "Price 24 hours ago"),
        ("High", _money(pair, ticker["high"]), "Highest price of the last 24 hours"),
        ("Low", _money(pair, ticker["low"]), "Lowest price of the last 24 hours"),
        (
            "In range",
            _in_range(ticker),
            "0 % at the low, 100 % at the high",
        ),
        ("Volume", f"{short_number(ticker['volume'] / pair.volume_scale)} {pair.base_currency}", "Traded in 24 hours"),
        ("Bid", _money(pair, ticker["bid"]), "What buyers offer"),
        ("Ask", _money(pair, ticker["ask"]), "What sellers ask"),
        ("Spread", _spread(ticker), "Between bid and ask, as a share of the middle"),
    ]
    lines = [
        html.Div([html.Dt(name, title=about), html.Dd(value)], className="pair-figure")
        for name, value, about in entries
    ]
    return html.Dl(lines, className="pair-figures figures")


def position(ticker: Row) -> float | None:
    """Where the price lies between the day's low (0) and high (1); None where they are the same."""
    low, high = min(ticker["low"], ticker["price"]), max(ticker["high"], ticker["price"])
    return None if high == low else float((ticker["price"] - low) / (high - low))


def spread(ticker: Row) -> float | None:
    """Ask less bid as a share of their middle; None where one is unknown."""
    if not ticker["bid"] or not ticker["ask"]:
        return None
    return float(2 * (ticker["ask"] - ticker["bid"]) / (ticker["ask"] + ticker["bid"]))


def other_pairs(pair: Pair, tickers: list[Row]) -> Children:
    """The other pairs of the market, those that moved most first."""
    others = [row for row in tickers if row["item_id"] != pair.item_id]
    if not others:
        return empty_state("Nothing else", "No other pair of this market has a price.")
    moved = sorted(others, key=lambda row: -abs(row["price"] / row["open"] - 1))
    return html.Ul([html.Li(_other(row)) for row in moved[:8]], className="item-similar")


def _other(row: Row) -> dcc.Link:
    scale: dict[str, Any] = {"price_scale": row["price_scale"], "currency": row["quote_currency"]}
    figures = [
        live_price(row["item_id"], row["price"], **scale, **quote(row)),
        change(100 * (row["price"] / row["open"] - 1), reason=""),
    ]
    name = html.Span(f"{row['base_currency']} / {row['quote_currency']}", className="item-similar-name item-name")
    return dcc.Link(
        [name, html.Span(figures, className="item-similar-figures")],
        href=f"/item/{row['item_id']}",
        className="item-similar-link",
    )


def _money(pair: Pair, value: int | None) -> Children:
    return unknown("the exchange tells none") if value is None else money(value, pair.price_scale, pair.quote_currency)


def _in_range(ticker: Row) -> Children:
    found = position(ticker)
    return unknown("it did not move") if found is None else percent(100 * found, 0)


def _spread(ticker: Row) -> Children:
    found = spread(ticker)
    return unknown("the exchange tells no bid or ask") if found is None else percent(100 * found, 3)
