"""Sparklines: closes of the last 24 hours of every pair of a market, in one query."""

from db.core.pool import Database


def closes(database: Database, market: str) -> dict[int, list[int]]:
    """Hourly closes of the last 24 hours by item, oldest first, in minor units; a pair without any is left out."""
    return {row["item_id"]: row["closes"] for row in database.rows(CLOSES, [market])}


CLOSES = """
SELECT c.item_id, array_agg(c.close ORDER BY c.open_time) AS closes
FROM candles_1h c JOIN items i ON i.id = c.item_id AND i.reference_source = c.source
WHERE i.market = %s AND c.open_time >= now() - interval '24 hours'
GROUP BY c.item_id
"""
