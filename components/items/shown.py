"""Shown table: the grid's columns as people's spreadsheets take them, in units and with names that say so."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, cast

from app.spreadsheet import Cell
from app.times import rfc3339_second

WINDOW = "{window}"
"""Where a head names the window of its measure."""


@dataclass(frozen=True, slots=True)
class Part:
    """One column of the file: its head, the row's field, and how that is kept.

    `money` are minor units, `share` a fraction, `time` milliseconds since 1970; `plain` is written as it is.
    """

    head: str
    field: str
    kind: Literal["plain", "money", "share", "time"] = "plain"


CURRENCY = Part("Currency", "currency")
PARTS: dict[str, tuple[Part, ...]] = {
    "name": (Part("Item", "name"),),
    "price": (Part("Price", "price", "money"), CURRENCY),
    "percent_change": (Part("Change {window} (%)", "percent_change"),),
    "return_volatility": (Part("Volatility {window} (% a day)", "return_volatility", "share"),),
    "trend_slope": (Part("Trend {window} (% a day)", "trend_slope"), Part("Trend {window} R²", "trend_r2")),
    "volume": (Part("Sales 24 h", "volume"),),
    "turnover": (Part("Turnover 24 h", "turnover", "money"), CURRENCY),
    "at": (Part("Source", "source"), Part("Quoted at (UTC)", "at", "time")),
    "weapon_type": (Part("Type", "weapon_type"),),
    "rarity": (Part("Rarity", "rarity"),),
    "listings": (Part("Listings", "listings"),),
    "trend_score": (Part("Trend score {window}", "trend_score"),),
    "coefficient_of_variation": (Part("Variation {window} (%)", "coefficient_of_variation", "share"),),
    "max_drawdown": (Part("Drawdown {window} (%)", "max_drawdown", "share"),),
    "note": (Part("Note", "note"),),
    "target_price": (Part("Target", "target_price", "money"), CURRENCY),
    "sharpe": (Part("Sharpe {window} (a year)", "sharpe"),),
}
"""By column of the grid; a picture has none."""


def described(column: str) -> list[dict[str, str]]:
    """The same for assets/items/shown.js, which copies rows by it."""
    return [asdict(part) for part in PARTS.get(column, ())]


def lines(rows: Iterable[dict[str, Any]], columns: Sequence[str], window: str) -> list[list[Cell]]:
    """The head and a line a row of what these columns show, the item's name first; unknown is None."""
    parts = list(dict.fromkeys(part for column in ("name", *columns) for part in PARTS.get(column, ())))
    head: list[Cell] = [part.head.replace(WINDOW, window) for part in parts]
    return [head, *([_cell(row, part) for part in parts] for row in rows)]


def _cell(row: dict[str, Any], part: Part) -> Cell:
    value: Any = row[part.field]
    if value is None:
        return None
    if part.kind == "money":
        return float(value / row["scale"])
    if part.kind == "share":
        return float(round(value * 100, 6))
    if part.kind == "time":
        return rfc3339_second(value / 1000)
    return cast("Cell", value)
