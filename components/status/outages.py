"""Outages on the status page: when providers gave nothing, and why, newest first."""

from typing import Any

from dash import html

from app.items.gaps import cause_text
from components.status.data import StatusData
from components.status.table import moment_text, none, table
from components.ui.format import format_age
from components.ui.page import card
from db.core.pool import Row

HEADS = ("Provider", "From", "Lasted", "Cause", "What it said")


def outage_cards(data: StatusData) -> list[html.Section]:
    """A card where there are any."""
    if not data.outages:
        return []
    rows = [_outage(row, data) for row in data.outages]
    return [card(table("Outages", HEADS, rows, lines=True), title="Outages", info="what leaves gaps in histories")]


def _outage(row: Row, data: StatusData) -> list[Any]:
    lasts = row["until"] is None
    length = format_age(((row["until"] or data.now) - row["since"]).total_seconds())
    return [
        html.Span(row["provider"], className="status-name"),
        moment_text(row["since"], data.now),
        html.Span([html.Span(className="dot dot-failing"), f"{length}, still"], className="status-name")
        if lasts
        else length,
        cause_text(row["cause"], row["provider"]),
        html.Span(row["detail"]) if row["detail"] else none(),
    ]
