"""Edges of one item: under the prices of its sources, what buying at one and selling at another leaves."""

from typing import Any

from dash import dcc, html

from components.edges import words
from components.edges.words import Edge
from components.ui.page import Children

HEADS = ("Buy → sell", "Net spread", "Cost", "Proceeds", "Chance of loss", "5 % worst case")
MOST = 6


def item_edges(found: dict[str, Any] | None) -> Children:
    """The best ways of `app.items.edges.find.of_item`, those too that lose; nothing where only one source quotes the item."""
    if found is None or not (found["edges"] or found["left_out"]):
        return []
    parts: list[Children] = [html.H3("Buy here, sell there", className="edge-title")]
    if found["edges"]:
        parts.append(_table(found["edges"][:MOST], found["fees"]))
    parts += [
        html.P(f"{one['source']}: {words.REASONS[one['reason']]}", className="edge-left muted")
        for one in found["left_out"]
    ]
    about = f"After both fees; risk over {found['days_locked']} days of trade protection. "
    parts.append(html.P([about, dcc.Link("All items' edges", href="/edges")], className="edge-left muted"))
    return html.Div(parts, className="edge-ways")


def _table(edges: list[Edge], fees: dict[str, Any]) -> html.Div:
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in HEADS]))
    named: dict[str, Any] = {"tabIndex": 0, "role": "region", "aria-label": "Buy here, sell there"}
    body = html.Tbody([_line(edge, fees) for edge in edges])
    return html.Div(html.Table([head, body], className="item-sources row-cards"), className="item-scroll", **named)


def _line(edge: Edge, fees: dict[str, Any]) -> html.Tr:
    way = html.Span(f"{edge['buy']['source']} → {edge['sell']['source']}")
    shown: tuple[Children, ...] = (
        words.spread(edge),
        words.cost(edge, fees),
        words.proceeds(edge, fees),
        words.loss(edge),
        words.worst(edge),
    )
    cells = [html.Td(one, **_label(name)) for name, one in zip(HEADS[1:], shown, strict=True)]
    return html.Tr([html.Th([way, *words.badges(edge)], scope="row"), *cells])


def _label(name: str) -> dict[str, Any]:
    """The head of a cell, for windows that are too narrow for one."""
    return {"data-label": name}
