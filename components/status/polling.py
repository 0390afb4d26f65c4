"""Polling plans on the status page: how providers that are asked for single items spend their requests."""

from typing import Any

from dash import html

from components.status.data import StatusData
from components.status.table import moment_text, none, table
from components.ui.figures import unknown
from components.ui.format import counted, format_age, number
from components.ui.page import card
from db.core.pool import Row

HEADS = ("Provider", "Single items a minute", "Held or watched", "Traded most", "Whole market", "Planned")


def polling_cards(data: StatusData) -> list[html.Section]:
    """A card where there is a plan."""
    if not data.plans:
        return []
    rows = [_plan(row, data) for row in data.plans]
    return [
        card(table("Polling", HEADS, rows, lines=True), title="Polling", info="how requests for single items are spent")
    ]


def _plan(row: Row, data: StatusData) -> list[Any]:
    seconds = row["pass_seconds"]
    return [
        html.Span(row["provider"], className="status-name"),
        number(row["per_minute"], 1),
        _each(row["demanded"], row["demanded_median"]),
        _each(row["others"], row["others_median"]),
        unknown("its size is not known yet") if seconds is None else f"in {format_age(seconds)}",
        moment_text(row["planned_at"], data.now),
    ]


def _each(count: int, seconds: float | None) -> html.Span:
    """How many items of a kind there are, and the median of what they wait."""
    if seconds is None:
        return none()
    return html.Span(f"{counted(count, 'item', 'items')}, every {format_age(seconds)}", title="median")
