"""Edge words: the figures of an edge with where each comes from on hover, on the page of edges and on an item's."""

from typing import Any, Final

from dash import html

from components.ui.figures import change, unknown
from components.ui.format import age_text, counted, format_age, money, number, percent, time_text
from components.ui.page import Children

GATES: Final = {
    "stale_price": "stale price",
    "single_listing": "single listing",
    "rate_unknown": "no exchange rate",
}
"""Beside an edge; a risk that is not known says so itself."""
REASONS: Final = {
    "off_median": "three times off the median of its sources: never used",
    "fee_unknown": "the seller's fee is not known: nothing is sold there (TRACERA_PORTFOLIO_FEES)",
}
NO_RISK: Final = "fewer than 8 closes in 30 days where one sells, or a price that never moved"
NO_SALES: Final = "this source tells no sales"

Edge = dict[str, Any]


def cost(edge: Edge, fees: dict[str, Any]) -> html.Span:
    """What one pays."""
    side, fee = edge["buy"], fees[edge["buy"]["source"]]["buyer"]
    words = f"listed at {_money(edge, side['price'])}, {fee:g} % on top for the buyer; {_offers(side)}; {_quoted(side)}"
    return html.Span(_money(edge, side["cost"]), title=words, className="figure")


def proceeds(edge: Edge, fees: dict[str, Any]) -> html.Span:
    """What is left of the sale."""
    side = edge["sell"]
    taken = fees[side["source"]]["words"]
    words = f"listed at {_money(edge, side['price'])}, the seller's fee is {taken}; {_offers(side)}; {_quoted(side)}"
    return html.Span(_money(edge, side["proceeds"]), title=words, className="figure")


def source_age(side: dict[str, Any]) -> html.Span:
    """Where, and how old the price is."""
    return html.Span(
        f"{side['source']} · {format_age(side['age'])}", title=_quoted(side), className="edge-source muted"
    )


def spread(edge: Edge) -> html.Span:
    """The net spread, with the profit on hover."""
    shown = change(edge["net_spread"])
    converted = edge["converted"]
    words = f"{_money(edge, edge['profit'])} a piece, after both fees"
    if converted and converted["currency"] != edge["currency"]:
        gain = money(converted["proceeds"] - converted["cost"], converted["price_scale"], converted["currency"])
        words += f"; {gain} at the rate of {converted['day']} ({converted['source']})"
    return html.Span(shown, title=words)


def profit(edge: Edge) -> html.Span:
    """What is left a piece."""
    return html.Span(_money(edge, edge["profit"]), className="figure")


def loss(edge: Edge) -> html.Span:
    """Chance of a loss, with what it comes from on hover."""
    if edge["chance_of_loss"] is None:
        return unknown(NO_RISK)
    return html.Span(percent(edge["chance_of_loss"], 0), title=_volatility(edge), className="figure")


def worst(edge: Edge) -> html.Span:
    """The worst of twenty, with what it comes from on hover."""
    if edge["worst_case"] is None:
        return unknown(NO_RISK)
    return html.Span(change(edge["worst_case"]), title=_volatility(edge))


def locked(edge: Edge) -> Children:
    """For how long what one bought cannot be sold."""
    return counted(edge["days_locked"], "day", "days")


def sales(edge: Edge) -> Children:
    """Sales a day where one sells."""
    known = edge["sell"]["sales_per_day"]
    return unknown(NO_SALES) if known is None else number(known)


def badges(edge: Edge) -> list[html.Span]:
    """What gates name beside it."""
    return [html.Span(GATES[name], className="edge-gate") for name in edge["gates"] if name in GATES]


def _money(edge: Edge, minor: int) -> str:
    return money(minor, edge["price_scale"], edge["currency"])


def _offers(side: dict[str, Any]) -> str:
    if side["listings"] is None:
        return "this source tells no offers"
    return counted(side["listings"], "offer", "offers")


def _quoted(side: dict[str, Any]) -> str:
    return f"quoted {age_text(side['time'])} at {side['source']}, {time_text(side['time'])}"


def _volatility(edge: Edge) -> str:
    known = edge["volatility"]
    return (
        f"{percent(100 * known['per_day'])} a day at {known['source']}, from {number(known['samples'])} hourly closes of"
        f" {known['window']} to {time_text(known['as_of'])}; log-normal, no drift, over {edge['days_locked']} days"
    )
