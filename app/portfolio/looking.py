"""What a Steam inventory is worth that nobody keeps."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from app.portfolio.valuing import Market, Terms
from db import portfolio_holdings
from db.pool import Database
from jobs.inventory.fetch import Inventory


def value_inventory(database: Database, inventory: Inventory, fees: Mapping[str, int]) -> dict[str, Any]:
    """Rows by name with value in US cents, the dearest first, and totals as of `GET /portfolio`."""
    counts: Counter[str] = Counter()
    for asset in inventory.assets:
        if asset.marketable:
            counts[asset.market_hash_name] += asset.quantity
    known = portfolio_holdings.item_ids(database, list(counts))
    names = list(counts)
    ids = [known.get(name, 0) for name in names]
    market = Market(database, ids, Terms("USD", "reference", fees))
    values = market.values(ids, [counts[name] for name in names])
    rows: list[dict[str, Any]] = [
        {"item_id": number or None, "market_hash_name": name, "quantity": counts[name], "total_value": value}
        for name, number, value in zip(names, ids, values, strict=True)
    ]
    rows.sort(key=lambda row: (row["total_value"] is None, -(row["total_value"] or 0), row["market_hash_name"]))
    priced = [value for value in values if value is not None]
    return {
        "currency": "USD",
        "total_value": sum(priced) if priced or not rows else None,
        "item_count": sum(asset.quantity for asset in inventory.assets),
        "not_marketable": sum(asset.quantity for asset in inventory.assets if not asset.marketable),
        "hidden": inventory.hidden,
        "unpriced": [row["market_hash_name"] for row in rows if row["total_value"] is None],
        "holdings": rows,
    }
