"""Values a public Steam profile without storing it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.portfolio.inventory.errors import PROTECTED
from app.portfolio.inventory.fetch import Inventory
from app.portfolio.overview import holding_rows, totals_of
from app.portfolio.valuation import MarketPrices, Terms
from db.core.pool import Database
from db.portfolio import holdings
from db.portfolio.holdings import Asset

FIELDS = (
    "item_id", "market_hash_name", "quantity", "total_value", "marketable", "not_marketable", "tradable", "tradable_after",
    "phases", "phase_price_unknown",
)  # fmt: skip
UNKNOWN_FIELDS = dict.fromkeys(("imported_at", "slug", "weapon_type", "rarity", "image_url"))


def value_inventory(database: Database, inventory: Inventory, fees: Mapping[str, int], now: datetime) -> dict[str, Any]:
    """Rows by name with value in US cents, the dearest first, and totals: as `GET /portfolio` would after an import."""
    held = _held(inventory.assets)
    known = holdings.item_ids(database, list(held))
    for name, row in held.items():
        row["item_id"] = known.get(name) if row["marketable"] else None
    ids = [row["item_id"] for row in held.values() if row["item_id"] is not None]
    prices = MarketPrices(database, ids, Terms("USD", "reference", fees))
    rows = holding_rows(list(held.values()), prices, None, now)
    totals = totals_of(rows, None)
    return {
        "currency": "USD",
        **{name: totals[name] for name in ("total_value", "item_count", "not_marketable", "unpriced")},
        "hidden": inventory.hidden,
        "note": None if inventory.assets else PROTECTED,
        "holdings": [{name: row[name] for name in FIELDS} for row in rows],
    }


def _held(assets: Sequence[Asset]) -> dict[str, dict[str, Any]]:
    """Assets by name, in the form of `holdings.held`."""
    held: dict[str, dict[str, Any]] = {}
    for asset in assets:
        row = held.setdefault(asset.market_hash_name, {
            "market_hash_name": asset.market_hash_name, "steam": 0, "recorded": 0, "marketable": False, "not_marketable": 0,
            "tradable": True, "tradable_after": None, "phases": {}, **UNKNOWN_FIELDS,
        })  # fmt: skip
        row["steam"] += asset.quantity
        row["marketable"] |= asset.marketable
        row["not_marketable"] += 0 if asset.marketable else asset.quantity
        row["tradable"] &= asset.tradable
        row["tradable_after"] = max(filter(None, (row["tradable_after"], asset.tradable_after)), default=None)
        if asset.phase is not None:
            row["phases"][asset.phase] = row["phases"].get(asset.phase, 0) + asset.quantity
    return held
