"""Quotes as columns, and their way into PostgreSQL: binary COPY into a staging table, then one idempotent insert."""

from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import psycopg

from db import binary

UNKNOWN = -1
"""Stands for null in a column; no price, volume or count is negative."""

Ints = npt.NDArray[np.int64]

WIDTHS = {"item_id": ">i4", "time": ">i8", "price": ">i8", "volume": ">i8", "rolling": ">i2", "listings": ">i4"}
WIDTHS |= {"bid": ">i8", "ask": ">i8"}
STAGING = """
CREATE TEMPORARY TABLE IF NOT EXISTS staged (
    item_id integer, time timestamptz, price bigint, volume bigint, rolling smallint, listings integer, bid bigint, ask bigint
) ON COMMIT DELETE ROWS
"""


@dataclass(frozen=True, slots=True)
class QuoteColumns:
    """n quotes of one source; every array has shape (n,) and holds `UNKNOWN` where nothing is known.

    `time` is in microseconds since 1970 (UTC); `price`, `bid`, `ask` in minor units; `rolling` is 1 for a 24 h volume, 0 for
    one of the quote's own interval.
    """

    item_id: Ints
    time: Ints
    price: Ints
    volume: Ints
    rolling: Ints
    listings: Ints
    bid: Ints
    ask: Ints

    def __len__(self) -> int:
        """The number of quotes."""
        return len(self.item_id)

    @classmethod
    def of(cls, item_id: Ints, time: Ints, price: Ints, **known: Ints | int) -> "QuoteColumns":
        """Columns from those that are known; a single number fills its column."""
        rest = {}
        for field in fields(cls)[3:]:
            rest[field.name] = np.broadcast_to(np.asarray(known.get(field.name, UNKNOWN), dtype=np.int64), item_id.shape)
        return cls(item_id=item_id, time=time, price=price, **rest)


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a batch: new in the history, known or unchanged within the heartbeat."""

    inserted: int
    unchanged: int


def stage(connection: psycopg.Connection, quotes: QuoteColumns) -> None:
    """Copy quotes into the session's staging table, in binary."""
    connection.execute(STAGING)
    connection.execute(FRESH)
    connection.execute("TRUNCATE staged, fresh")
    columns = {name: (kind, getattr(quotes, name)) for name, kind in WIDTHS.items()}
    columns["time"] = (">i8", quotes.time - binary.POSTGRES_EPOCH_US)
    binary.copy(connection, "staged", columns)
    connection.execute("ANALYZE staged")


def lock_source(connection: psycopg.Connection, source: str) -> None:
    """Be the only writer of a source until the transaction ends; `store` relies on it."""
    connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"store:{source}"])


def make_partitions(connection: psycopg.Connection, quotes: QuoteColumns) -> None:
    """Make the months that quotes fall into; in a transaction of its own, since it locks the whole table for a moment."""
    if len(quotes):
        lo, hi = (datetime.fromtimestamp(int(edge) // 1_000_000, UTC) for edge in (quotes.time.min(), quotes.time.max()))
        with connection.transaction():
            connection.execute("CALL price_partitions(%s, %s)", [lo, hi])


def store(connection: psycopg.Connection, source: str, quotes: QuoteColumns, *, heartbeat: timedelta) -> Stored:
    """Keep quotes of one source in the caller's transaction: history, latest, roll-ups.

    The caller has made the partitions and holds `lock_source`. The same quotes again change nothing. A price that did not
    change is kept once per heartbeat; a zero heartbeat keeps all.
    """
    if not len(quotes):
        return Stored(0, 0)
    stage(connection, quotes)
    inserted = connection.execute(INSERT_HISTORY, {"source": source, "heartbeat": heartbeat}).rowcount
    connection.execute(UPSERT_LATEST, {"source": source})
    if inserted:
        for rollup, width in ROLLUPS.items():
            connection.execute("CALL price_merge(%s, %s::interval)", [rollup, width])
    return Stored(inserted, len(quotes) - inserted)


ROLLUPS = {"price_1h": "1 hour", "price_24h": "1 day", "price_7d": "7 days"}

FRESH = """
CREATE TEMPORARY TABLE IF NOT EXISTS fresh (
    item_id integer, source text, time timestamptz, price bigint, volume bigint, volume_rolling boolean
) ON COMMIT DELETE ROWS
"""

# No ON CONFLICT: it doubles the cost of a row, and the lock has made this the only writer.
INSERT_HISTORY = """
WITH news AS (
    SELECT DISTINCT ON (s.item_id, s.time) s.*
    FROM staged s LEFT JOIN price_latest l ON l.item_id = s.item_id AND l.source = %(source)s
    WHERE (l.item_id IS NULL OR s.time < l.time OR s.price <> l.price OR s.time >= l.stored_time + %(heartbeat)s)
      AND NOT EXISTS (SELECT 1 FROM price_history h WHERE h.item_id = s.item_id AND h.source = %(source)s AND h.time = s.time)
    ORDER BY s.item_id, s.time
), inserted AS (
    INSERT INTO price_history (item_id, source, time, price, volume, volume_rolling, listings, bid, ask)
    SELECT item_id, %(source)s, time, price, nullif(volume, -1), CASE rolling WHEN -1 THEN NULL ELSE rolling = 1 END,
           nullif(listings, -1), nullif(bid, -1), nullif(ask, -1)
    FROM news
    RETURNING item_id, source, time, price, volume, volume_rolling
)
INSERT INTO fresh SELECT * FROM inserted
"""

# The newest staged quote of each item; `stored_time` moves only with the history.
UPSERT_LATEST = """
INSERT INTO price_latest AS kept (item_id, source, time, stored_time, price, volume, volume_rolling, listings, bid, ask)
SELECT s.item_id, %(source)s, s.time, coalesce(f.time, l.stored_time, s.time), s.price, nullif(s.volume, -1),
       CASE s.rolling WHEN -1 THEN NULL ELSE s.rolling = 1 END, nullif(s.listings, -1), nullif(s.bid, -1), nullif(s.ask, -1)
FROM (SELECT DISTINCT ON (item_id) * FROM staged ORDER BY item_id, time DESC) s
LEFT JOIN (SELECT item_id, max(time) AS time FROM fresh GROUP BY 1) f USING (item_id)
LEFT JOIN price_latest l ON l.item_id = s.item_id AND l.source = %(source)s
ON CONFLICT (item_id, source) DO UPDATE SET
    time = excluded.time, price = excluded.price, volume = excluded.volume, volume_rolling = excluded.volume_rolling,
    listings = excluded.listings, bid = excluded.bid, ask = excluded.ask,
    stored_time = greatest(kept.stored_time, excluded.stored_time)
WHERE excluded.time >= kept.time
"""
