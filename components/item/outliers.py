"""Outliers on an item's page: which candles' closes are any, and the note that says which closes the measures left out."""

from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
from dash import html

from app.analytics import outlying
from components.ui.format import money, number, percent
from db.core.pool import Row
from db.quotes.candles import Candles

LISTED = 3
SHOWN = (
    ("return_volatility", "volatility"),
    ("coefficient_of_variation", "variation"),
    ("max_drawdown", "max drawdown"),
)


def of_candles(candles: Candles) -> npt.NDArray[np.bool_]:
    """Which closes are outliers among the others; shape (n,) with the lead."""
    known = (candles.volume >= 0) & ~candles.rolling
    sales = np.where(known, candles.volume, np.nan)
    found: npt.NDArray[np.bool_] = outlying(candles.close[np.newaxis].astype(np.float64), sales[np.newaxis])[0]
    return found


def told(candles: Candles, chosen: npt.NDArray[np.bool_]) -> list[Row]:
    """Chosen closes as item_metrics keeps its outliers."""
    return [
        {"time": datetime.fromtimestamp(time, UTC).isoformat(), "price": price}
        for time, price in zip(candles.time[chosen].tolist(), candles.close[chosen].tolist(), strict=True)
    ]


def note(row: Row) -> html.P | None:
    """Which closes a row of measures left out, and what it would say with them; None where it left out none."""
    left_out = row.get("outliers")
    if not left_out:
        return None
    one = len(left_out) == 1
    named = [f"{money(close['price'], row['price_scale'], row['currency'])} on {_moment(close)}" for close in left_out]
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
