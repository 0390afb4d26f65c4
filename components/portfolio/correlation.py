"""Correlation: the largest holdings as a map, and every pair as a table behind it."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

from dash import html

from components.ui.format import DASH, number
from components.ui.page import Children, card

LARGEST = 25
MEANING = (
    "1: two items rise and fall together; 0: neither says anything of the other; below 0: one rises where the other"
    " falls, which steadies the whole."
)
Pair = tuple[float, str, str]


def section(report: Mapping[str, Any]) -> list[Children]:
    """Nothing for fewer than two holdings."""
    names = {row["item_id"]: row["market_hash_name"] for row in report["contributions"]}
    shown = [names[item] for item in report["correlation"]["item_ids"][:LARGEST]]
    if len(shown) < 2:  # noqa: PLR2004  # a pair
        return []
    matrix = [row[:LARGEST] for row in report["correlation"]["matrix"][:LARGEST]]
    found = pairs(shown, matrix)
    info = f"of {len(shown)} holdings" if len(names) <= LARGEST else f"of the {len(shown)} that swing it most"
    foot = html.Div([_table(found), _legend()], className="portfolio-foot")
    return [
        card(
            html.P(f"{_mean(found)}{MEANING}", className="portfolio-note"),
            _map(shown, matrix),
            foot,
            title="What moves together",
            info=info,
        )
    ]


def pairs(names: list[str], matrix: list[list[float | None]]) -> list[Pair]:
    """Every known pair, the strongest first."""
    found = []
    for one, other in combinations(range(len(names)), 2):
        value = matrix[one][other]
        if value is not None:
            found.append((value, names[one], names[other]))
    return sorted(found, key=lambda pair: -abs(pair[0]))


def _mean(found: list[Pair]) -> str:
    return f"Mean of all pairs: {_write(sum(pair[0] for pair in found) / len(found))}. " if found else ""


def _map(names: list[str], matrix: list[list[float | None]]) -> html.Div:
    """Hidden from screen readers: the table says the same."""
    parts: list[Children] = [html.Span(className="portfolio-map-corner")]
    parts += [html.Span(str(at + 1), className="portfolio-map-number") for at in range(len(names))]
    for at, row in enumerate(matrix):
        label = [html.B(str(at + 1)), html.Span(names[at])]
        parts.append(html.Span(label, className="portfolio-map-name", title=names[at]))
        parts += [_cell(value, names[at], names[other]) for other, value in enumerate(row)]
    hidden: dict[str, Any] = {"aria-hidden": "true"}
    return html.Div(parts, className="portfolio-map", style={"--count": str(len(names))}, **hidden)


def _cell(value: float | None, one: str, other: str) -> html.Span:
    if value is None:
        tip: dict[str, Any] = {"data-tip": f"{one}\n{other}\nunknown: a price that never moved"}
        return html.Span(DASH, className="portfolio-map-unknown", **tip)
    towards = "up" if value >= 0 else "down"
    tip = {"data-tip": one if one == other else f"{one}\n{other}\n{_write(value)}"}
    style = {"--strength": f"{round(abs(value) * 100)}%"}
    return html.Span(className=f"portfolio-map-{towards}", style=style, **tip)


def _write(value: float) -> str:
    return number(value, 2)


def _table(found: list[Pair]) -> html.Details:
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in ("One", "Other", "Correlation")]))
    lines = [
        html.Tr([html.Th(one, scope="row"), html.Td(other), html.Td(_write(value))]) for value, one, other in found
    ]
    scrolls: dict[str, Any] = {"data-scrolls": "", "aria-label": "Correlations by pair"}
    grid = html.Div(
        html.Table([head, html.Tbody(lines)], className="plain-table"),
        className="plain-frame",
        tabIndex=0,
        role="region",
        **scrolls,
    )
    return html.Details([html.Summary(f"All {len(found)} pairs as a table"), grid], className="behind")


def _legend() -> html.Div:
    ends = (_write(-1), _write(1))
    named: dict[str, Any] = {"aria-label": f"Colours from {ends[0]} to {ends[1]}"}
    return html.Div([ends[0], html.Span(className="scale-bar"), ends[1]], className="scale", role="img", **named)
