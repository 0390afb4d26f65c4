"""The market as a whole."""

from collections.abc import Mapping

from db.core.pool import Database, Row
from db.items.rankings import GATED, LINE


def overview(database: Database, window: str, days: float, gate: Mapping[str, float]) -> Row:
    """How the items that pass the gate moved in a window.

    `index_change` is the change in percent of a basket that holds of each item what is sold of it in a day:
    sum(volume x last) / sum(volume x base) - 1 (Laspeyres), over `index_items` of the most common currency; None without
    any. `advancing`, `declining`, `unchanged` count all that pass.
    """
    found = database.row(
        f"WITH line AS ({LINE}), {GATED},"
        " common AS (SELECT mode() WITHIN GROUP (ORDER BY currency) AS currency FROM passed),"
        " basket AS (SELECT price::float8 / price_scale AS last, base_price::float8 / price_scale AS base, volume_per_day AS held"
        "   FROM passed JOIN common USING (currency) WHERE base_price IS NOT NULL AND volume_per_day > 0)"
        " SELECT b.*, p.* FROM"
        " (SELECT (sum(held * last) / nullif(sum(held * base), 0) - 1) * 100 AS index_change, count(*) AS index_items,"
        "   sum(held * last) AS traded, (SELECT currency FROM common) AS currency FROM basket) b,"
        " (SELECT count(*) FILTER (WHERE percent_change > 0) AS advancing, count(*) FILTER (WHERE percent_change < 0) AS declining,"
        "   count(*) FILTER (WHERE percent_change = 0) AS unchanged, count(percent_change) AS counted FROM passed) p",
        {"window": window, "days": days, **gate},
    )
    return found or {}


def heaviest(database: Database, window: str, days: float, *, by_value: bool, limit: int) -> list[Row]:
    """The items with the greatest sales a day, by value or by number (`weight`), the greatest first."""
    return database.rows(
        f"WITH line AS ({LINE}), weighed AS (SELECT line.*, CASE WHEN %(by_value)s"
        " THEN price::float8 / price_scale * volume_per_day ELSE volume_per_day END AS weight FROM line)"
        " SELECT * FROM weighed WHERE weight > 0 AND percent_change IS NOT NULL ORDER BY weight DESC, item_id LIMIT %(limit)s",
        {"window": window, "days": days, "by_value": by_value, "limit": limit},
    )


def size(database: Database) -> Row:
    """How many items have a price, and from how many sources."""
    found = database.row("SELECT count(DISTINCT item_id) AS items, count(DISTINCT source) AS sources FROM price_latest")
    return found or {"items": 0, "sources": 0}
