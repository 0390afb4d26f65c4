"""Edge view: what stands over the table of edges, and in its place where there is none."""

from typing import Any

from dash import dcc, html

from app.items.edges.query import Query
from components.edges.table import table
from components.ui.format import counted, number, percent
from components.ui.page import Children, empty_state

LEFT_OUT = (("stale_price", "a stale price"), ("single_listing", "a single listing"))


def body(found: dict[str, Any], query: Query, shown: int) -> Children:
    """The answer of `app.items.edges.find`: its note and its table, or why there is none."""
    note = html.Div(_note(found, query, shown), className="ranking-note")
    if found["edges"]:
        return [note, table(found["edges"], found["fees"])]
    return [note, _nothing(found, query)] if found["compared"] else _one_source(found)


def _note(found: dict[str, Any], query: Query, shown: int) -> list[Children]:
    pairs = counted(found["total"], "way", "ways")
    first = f"; the first {shown} are shown" if found["total"] > shown else ""
    compared = (
        f"{number(found['compared'])} of {counted(found['items'], 'item', 'items')} have prices of two sources or more:"
        f" {pairs} to buy at one and sell at another that leave {percent(query.min_spread, 0)} or more after fees{first}."
    )
    left = [f"{number(found['left_out'][name])} with {words}" for name, words in LEFT_OUT if found["left_out"][name]]
    off = found["left_out"]["off_median"]
    never = (
        f"Never used: {counted(off, 'quote', 'quotes')} three times off the median of their sources. " if off else ""
    )
    kept_out = f"{'Named' if query.gated else 'Kept out'}: {', '.join(left)}. " if left else ""
    about = f"{kept_out}{never}A listed price is what somebody asks, not what somebody pays: none of this is advice."
    risk = (
        f"Risk is that of {counted(found['days_locked'], 'day', 'days')} of trade protection, from each price's own volatility where one"
        " sells, log-normal and without drift. Real prices fall further and a sale takes time: it is the least there is."
    )
    fees = html.Ul([html.Li(_fee(*one)) for one in found["fees"].items()])
    more = [html.Summary("How it is counted, and the fees"), html.P(risk), fees]
    return [html.P(compared), html.P(about, className="muted"), html.Details(more, className="edge-fees")]


def _fee(source: str, fee: dict[str, Any]) -> str:
    day = f"looked up on {fee['as_of']}" if fee["as_of"] else "its day was not noted"
    origin = fee["origin"] if fee["origin"] != "built in" else f"built in, {day}"
    return f"{source}: seller {fee['words']}; buyer {fee['buyer']:g} % on top; {origin}"


def _nothing(found: dict[str, Any], query: Query) -> html.Div:
    more = sum(found["left_out"][name] for name, _ in LEFT_OUT)
    text = "Lower the least net spread, allow a greater chance of a loss, or look at all sources."
    if more and not query.gated:
        text += f" {counted(more, 'way', 'ways')} more can be seen with what gates keep out."
    return empty_state("Nothing leaves that much", text, symbol="edges")


def _one_source(found: dict[str, Any]) -> html.Div:
    have = ", ".join(found["fees"])
    said = f"So far only {have} quotes them." if len(found["fees"]) == 1 else "No source has quoted an item yet."
    if len(found["fees"]) > 1:
        said = f"{have} quote different items."
    link = dcc.Link("What is collected", href="/status", className="item-button")
    others = "TRACERA_PROVIDERS switches others on: skinport and csgotrader need no key."
    text = f"An edge lies between the prices that two sources have of one item. {said} {others}"
    return empty_state("Two sources are needed", text, link, symbol="edges")
