"""Status tables: rows that are cards on a phone, and how their cells say what is not known."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dash import html

from components.ui.figures import unknown
from components.ui.format import age_text, time_text
from components.ui.page import Children, empty_state


def table(name: str, heads: Sequence[str], rows: Sequence[Sequence[Children]], *, lines: bool = False) -> html.Div:
    """A table by its accessible name; with `lines` each figure has a line of its own on a phone, for those that are words."""
    head = html.Thead(html.Tr([html.Th(text, scope="col") for text in heads]))
    body = html.Tbody(
        [html.Tr([html.Td(cell, **_labelled(label)) for label, cell in zip(heads, row, strict=True)]) for row in rows]
    )
    attributes: dict[str, Any] = {"aria-label": name}
    return html.Div(
        html.Table([head, body], className=f"row-cards status-table{' status-lines' if lines else ''}", **attributes),
        className="status-scroll",
    )


def _labelled(label: str) -> dict[str, Any]:
    """On a phone each cell says what it is."""
    return {"data-label": label}


def none() -> html.Span:
    """Nothing is wrong here, or nothing was said."""
    return html.Span("none", className="muted status-none")


def moment_text(moment: datetime | None, now: datetime, reason: str = "not yet") -> Children:
    """How long ago; why it is unknown where it is."""
    return unknown(reason) if moment is None else html.Span(age_text(moment, now), title=time_text(moment))


def not_known() -> html.Div:
    """What stands where the database does not answer."""
    return empty_state("Not known", "This is kept in the database, which does not answer.", symbol="alert")
