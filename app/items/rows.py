"""Item rows: the grid's rows of chosen items, of pairs too, in the order in which they are asked for."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from app.items.screener import table
from app.items.screener.query import spark_levels
from app.providers.markets import MARKETS
from app.providers.sources import is_simulated
from db.core.pool import Database, Row
from db.items.pair_rows import pair_rows
from db.items.screener import MEASURES


def of_items(database: Database, ids: Sequence[int], window: str) -> list[dict[str, Any]]:
    """A row each, as the screener tells them; items that there are not are left out."""
    found = {row["id"]: row for row in table.of(database).among(ids, window)}
    if missing := [item for item in ids if item not in found]:
        found |= {row["id"]: _pair(row, window) for row in pair_rows(database, missing, window)}
    return [found[item] for item in dict.fromkeys(ids) if item in found]


def _pair(row: Row, window: str) -> dict[str, Any]:
    """A pair as a row: it has no wear, rarity, sales or listings."""
    names = ("id", "name", "image", "currency", "scale", "source", "price", "at", "stale_after", "samples", *MEASURES)
    change, base = row["percent_change"], row["open"]
    if window != "24h":
        base = round(row["last_price"] / (1 + change / 100)) if change is not None and change > -100 else None  # noqa: PLR2004
    elif base and row["price"] is not None:
        change = 100 * (row["price"] - base) / base
    known = MARKETS.get(row["market"])
    traded = row["turnover"] if known is not None and known.currency == row["currency"] else None
    line = np.array([row["closes"] or []], dtype=np.float64)
    return {
        **{name: row[name] for name in names},
        "percent_change": change,
        "base": base,
        "turnover": None if traded is None else round(traded * row["scale"]),
        "spark": spark_levels(line)[0],
        "simulated": is_simulated(row["source"]),
        "stattrak": False,
        "souvenir": False,
        "weapon_type": None,
        "wear": None,
        "rarity": None,
        "volume": None,
        "listings": None,
    }
