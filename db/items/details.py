"""Item details: quotes by source and measures, as the page of one item shows them."""

from datetime import datetime

from db.core.pool import Database, Row
from db.items.base_price import BASE_PRICE


def quotes(database: Database, item_id: int) -> list[Row]:
    """The newest quote of each source, the reference source first; `stale_after` in seconds, null where not known."""
    return database.rows(QUOTES, [item_id])


def measures(database: Database, item_id: int, source: str, window: str) -> Row | None:
    """A source's measures of an item in a window, with `previous`: the price that the change counts from."""
    return database.row(MEASURES, [item_id, source, window])


def newest(database: Database, item_id: int, source: str) -> datetime | None:
    """When a source last quoted an item."""
    row = database.row("SELECT time FROM price_latest WHERE item_id = %s AND source = %s", [item_id, source])
    return None if row is None else row["time"]


QUOTES = """
SELECT l.source, l.price, l.volume, l.volume_rolling, l.listings, l.bid, l.ask, l.time,
       l.source IS NOT DISTINCT FROM i.reference_source AS reference,
       greatest(3 * p.interval_s, 180) AS stale_after
FROM price_latest l JOIN items i ON i.id = l.item_id LEFT JOIN provider_state p ON p.name = l.source
WHERE l.item_id = %s ORDER BY reference DESC, l.source
"""
MEASURES = f"""
SELECT m.*, {BASE_PRICE} AS previous
FROM item_metrics m WHERE m.item_id = %s AND m.source = %s AND m."window" = %s
"""
