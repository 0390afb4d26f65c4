"""Edge table: an item's cheapest way in and dearest way out on a line, with the risk of the days between."""

from collections.abc import Sequence
from typing import Any

from dash import dcc, html

from components.edges import words
from components.edges.words import Edge
from components.items.row import item_name, item_picture
from components.ui.page import Children

HEADS = (
    ("Item", "item", "leads to its page"),
    ("Buy at", "buy", "what one pays, the buyer's fee on top"),
    ("Sell at", "sell", "what the seller's fee leaves of the newest price there"),
    ("Net spread", "spread", "proceeds over cost"),
    ("Profit", "profit", "a piece, in the item's currency"),
    ("Chance of loss", "loss", "that the price has fallen below the cost once one may sell"),
    ("5 % worst case", "worst", "one of twenty outcomes is worse"),
    ("Locked", "locked", "trade protection: what one bought cannot be sold"),
    ("Sales a day", "sales", "where one sells"),
)


def table(edges: Sequence[Edge], fees: dict[str, Any]) -> html.Div:
    """Edges of `app.items.edges.find`, in their order."""
    head = html.Thead(
        html.Tr([html.Th(name, className=f"edge-{kind}", scope="col", title=about) for name, kind, about in HEADS])
    )
    caption = html.Caption("Items bought at one source and sold at another, net of fees", className="out-of-sight")
    body = html.Tbody([_line(edge, fees) for edge in edges])
    named: dict[str, Any] = {"tabIndex": 0, "role": "region", "aria-label": "Edges"}
    return html.Div(
        html.Table([caption, head, body], className="row-cards figures edges"), className="ranking-frame", **named
    )


def _line(edge: Edge, fees: dict[str, Any]) -> html.Tr:
    link = dcc.Link(
        [item_picture(edge), html.Span(item_name(edge), className="item-name")],
        href=f"/item/{edge['item_id']}",
        className="rank-link",
        title=edge["market_hash_name"],
    )
    cells: list[tuple[str, Children]] = [
        ("buy", _side(words.cost(edge, fees), edge["buy"])),
        ("sell", _side(words.proceeds(edge, fees), edge["sell"])),
        ("spread", words.spread(edge)),
        ("profit", words.profit(edge)),
        ("loss", words.loss(edge)),
        ("worst", words.worst(edge)),
        ("locked", words.locked(edge)),
        ("sales", words.sales(edge)),
    ]
    item = html.Div([link, *words.badges(edge)], className="edge-named")
    named = {kind: name for name, kind, _ in HEADS}
    line = [html.Td(shown, className=f"edge-{kind}", **_label(named[kind])) for kind, shown in cells]
    return html.Tr([html.Th(item, className="edge-item", scope="row"), *line])


def _side(figure: Children, side: dict[str, Any]) -> html.Div:
    return html.Div([figure, words.source_age(side)], className="edge-side")


def _label(name: str) -> dict[str, Any]:
    """The head of a cell, for windows that are too narrow for one."""
    return {"data-label": name}
