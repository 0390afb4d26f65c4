"""Outlier note: which closes the measures left out, and the figures with them."""

from datetime import UTC, datetime

from dash import html

from components.ui.format import money, number, percent
from db.core.pool import Row

LISTED = 3
SHOWN = (
    ("return_volatility", "volatility"),
    ("coefficient_of_variation", "variation"),
    ("max_drawdown", "max drawdown"),
)


def note(row: Row) -> html.P | None:
    """Which closes a row of measures left out, and what it would say with them; None where it left out none."""
    excluded = row.get("outliers")
    if not excluded:
        return None
    one = len(excluded) == 1
    named = [f"{money(close['price'], row['price_scale'], row['currency'])} on {_moment(close)}" for close in excluded]
    listed = ", ".join(named[-LISTED:]) + (f" and {number(len(named) - LISTED)} before" if len(named) > LISTED else "")
    first = f"{number(len(named))} {'close' if one else 'closes'} left out as {'an outlier' if one else 'outliers'}: {listed}."
    return html.P([first, " ", _with_them(row, "it" if one else "them")], className="metric-outliers")


def _with_them(row: Row, them: str) -> str:
    """The figures that differ."""
    figures = [f"{name} {text}" for name, text in _figures(row["unscreened"]) if (name, text) not in _figures(row)]
    return f"With {them}: {', '.join(figures)}." if figures else ""


def _figures(row: Row) -> list[tuple[str, str]]:
    found = [(name, percent(100 * row[key])) for key, name in SHOWN if row.get(key) is not None]
    if row.get("percent_change") is not None:
        found.append(("change", percent(row["percent_change"], signed=True)))
    return found


def _moment(close: Row) -> str:
    return f"{datetime.fromisoformat(close['time']).astimezone(UTC):%-d %b %Y, %H:%M} UTC"
