"""An item's history of one source: every quote for the short windows, hourly closes for the long ones."""

from datetime import timedelta

from psycopg.rows import tuple_row

from db.pool import Database, Row

WINDOWS = {
    "1h": timedelta(hours=1),
    "24h": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "all": timedelta(days=36500),
}
EVERY_QUOTE = frozenset({"1h", "24h"})


class UnknownSourceError(LookupError):
    """There is no such item (404), or it has no quotes of that source (400)."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def points(database: Database, item_id: int, window: str, source: str | None, limit: int) -> list[Row]:
    """`{time, price, volume, source}` of the newest `limit` points in the window that ends now, oldest first.

    Raises:
        UnknownSourceError: no such item, or no quote of that source.
    """
    parameters = {"item": item_id, "source": source, "span": WINDOWS[window], "limit": limit}
    query = QUOTES if window in EVERY_QUOTE else CLOSES
    rows = database.fetch(query, parameters, factory=tuple_row, binary=True)
    if not rows:
        _check(database, item_id, source)
    return [
        {"time": time, "price": price, "volume": volume, "source": spoken}
        for time, price, volume, spoken in reversed(rows)
    ]


def _check(database: Database, item_id: int, source: str | None) -> None:
    """Tell an item without points from one that does not exist."""
    item = database.row("SELECT reference_source FROM items WHERE id = %s", [item_id])
    if item is None:
        raise UnknownSourceError(f"there is no item {item_id}", 404)
    known = [
        row["source"]
        for row in database.rows("SELECT source FROM price_latest WHERE item_id = %s ORDER BY 1", [item_id])
    ]
    if source is not None and source not in known:
        raise UnknownSourceError(
            f"source: {source!r} has not quoted this item; allowed: {', '.join(known) or 'none yet'}", 400
        )


QUOTES = """
WITH asked AS (SELECT i.id, coalesce(%(source)s::text, i.reference_source) AS source FROM items i WHERE i.id = %(item)s)
SELECT h.time, h.price, h.volume, h.source FROM asked a JOIN price_history h ON h.item_id = a.id AND h.source = a.source
WHERE h.time > now() - %(span)s::interval ORDER BY h.time DESC LIMIT %(limit)s
"""
CLOSES = """
WITH asked AS (SELECT i.id, coalesce(%(source)s::text, i.reference_source) AS source FROM items i WHERE i.id = %(item)s)
SELECT b.close_time, b.close, b.volume, b.source FROM asked a JOIN price_1h b ON b.item_id = a.id AND b.source = a.source
WHERE b.bucket > now() - %(span)s::interval ORDER BY b.bucket DESC LIMIT %(limit)s
"""
