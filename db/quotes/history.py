"""Price history: an item's quotes of one source for short windows, hourly closes for long ones."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from psycopg.rows import tuple_row

from db.core.arrays import Ints
from db.core.binary import POSTGRES_EPOCH_US
from db.core.pool import Database, Row

WINDOWS = {
    "1h": timedelta(hours=1),
    "24h": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "all": timedelta(days=36500),
}
EVERY_QUOTE = frozenset({"1h", "24h"})
CELL = np.dtype([("time", ">i8"), ("price", ">i8"), ("volume", ">i8")])


class UnknownSourceError(LookupError):
    """There is no such item (404), or it has no quotes of that source (400)."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Points:
    """n points of one source, oldest first: arrays (n,), `time` in microseconds since 1970, price in minor units.

    `volume` is -1 where unknown; `source` is None for an item without quotes.
    """

    source: str | None
    time: Ints
    price: Ints
    volume: Ints

    def __len__(self) -> int:
        return len(self.time)

    def rows(self) -> list[Row]:
        """`{time, price, volume, source}` of each."""
        return [
            {
                "time": datetime.fromtimestamp(time // 1_000_000, UTC).replace(microsecond=time % 1_000_000),
                "price": price,
                "volume": None if volume < 0 else volume,
                "source": self.source,
            }
            for time, price, volume in zip(self.time.tolist(), self.price.tolist(), self.volume.tolist(), strict=True)
        ]


def points(database: Database, item_id: int, window: str, source: str | None, limit: int) -> Points:
    """The newest `limit` points in the window that ends now, in one compact query.

    Raises:
        UnknownSourceError: no such item, or no quote of that source.
    """
    parameters = {"item": item_id, "source": source, "span": WINDOWS[window], "limit": limit}
    query = QUOTES if window in EVERY_QUOTE else CLOSES
    found = database.fetch(query, parameters, factory=tuple_row, binary=True)
    if not found:
        raise UnknownSourceError(f"there is no item {item_id}", 404)
    used_source, packed = found[0]
    if not packed and source is not None:
        check_source(database, item_id, source)
    cells = np.frombuffer(packed or b"", dtype=CELL)[::-1]
    time, price, volume = (cells[name].astype(np.int64) for name in ("time", "price", "volume"))
    return Points(used_source, time + POSTGRES_EPOCH_US, price, volume)


def check_source(database: Database, item_id: int, source: str) -> None:
    """Tell a source that is only silent from one that never quoted the item.

    Raises:
        UnknownSourceError: it never did.
    """
    rows = database.rows("SELECT source FROM price_latest WHERE item_id = %s ORDER BY 1", [item_id])
    known = [row["source"] for row in rows]
    if source not in known:
        raise UnknownSourceError(
            f"source: {source!r} has not quoted this item; allowed: {', '.join(known) or 'none yet'}", 400
        )


# Packed in the order of the index, the newest first: sorting them again would take as long as all the rest.
QUOTES = """
SELECT a.source, (
    SELECT string_agg(timestamptz_send(h.time) || int8send(h.price) || int8send(coalesce(h.volume, -1)), ''::bytea)
    FROM (SELECT time, price, volume FROM price_history_between(now() - %(span)s::interval, 'infinity')
          WHERE item_id = a.id AND source = a.source AND time > now() - %(span)s::interval ORDER BY time DESC LIMIT %(limit)s) h)
FROM (SELECT id, coalesce(%(source)s::text, reference_source) AS source FROM items WHERE id = %(item)s) a
"""
CLOSES = """
SELECT a.source, (
    SELECT string_agg(timestamptz_send(b.close_time) || int8send(b.close) || int8send(coalesce(b.volume, -1)), ''::bytea)
    FROM (SELECT bucket, close_time, close, volume FROM price_1h_between(now() - %(span)s::interval, 'infinity')
          WHERE item_id = a.id AND source = a.source AND bucket > now() - %(span)s::interval ORDER BY bucket DESC LIMIT %(limit)s) b)
FROM (SELECT id, coalesce(%(source)s::text, reference_source) AS source FROM items WHERE id = %(item)s) a
"""
