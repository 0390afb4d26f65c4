"""Stored quotes: what the database already has of a batch, as arrays."""

from dataclasses import dataclass

import numpy as np
import psycopg
from psycopg import sql

from db.core import binary
from db.core.arrays import Bools, Ints
from db.quotes.buckets import changes
from db.quotes.columns import QuoteColumns

NEVER = int(np.iinfo(np.int64).min // 2)
"""The time of a quote that does not exist: earlier than any, and safe to subtract from."""

TABLES = {"price_1h": "price_hours", "price_24h": "price_days", "price_7d": "price_weeks"}
"""Where the rows of roll-ups are; what packed months tell has none."""

LATEST = sql.SQL(
    "SELECT item_id, time, stored_time, price FROM price_latest"
    " WHERE source = %(source)s AND item_id = ANY(%(items)s::integer[]) ORDER BY item_id"
)
# A week's row closes with the newest quote, unless that is packed; where it is deleted, time and price are all that is known.
RESTORE_LATEST = """
INSERT INTO price_latest (item_id, source, time, stored_time, price, volume, volume_rolling, listings, bid, ask)
SELECT i.id, %(source)s, n.time, n.time, n.price, q.volume, q.volume_rolling, q.listings, q.bid, q.ask
FROM items i CROSS JOIN LATERAL (
    SELECT e.time, e.price FROM (
        (SELECT k.close_time AS time, k.close AS price FROM price_weeks k
         WHERE k.item_id = i.id AND k.source = %(source)s ORDER BY k.bucket DESC LIMIT 1)
        UNION ALL SELECT p.time, p.price FROM price_packed_last(i.id, %(source)s, 'infinity') p) e
    ORDER BY e.time DESC LIMIT 1) n
LEFT JOIN LATERAL (
    SELECT * FROM price_history_between(n.time, n.time) h WHERE h.item_id = i.id AND h.source = %(source)s LIMIT 1) q ON true
WHERE i.id = ANY(%(items)s)
ON CONFLICT DO NOTHING
"""
QUOTE = {
    "item_id": ("item_id", "int4"), "time": ("time", "timestamptz"), "price": ("price", "int8"),
    "volume": ("coalesce(volume, -1)", "int8"), "rolling": ("coalesce(volume_rolling::integer, -1)", "int4"),
    "listings": ("coalesce(listings, -1)", "int4"), "bid": ("coalesce(bid, -1)", "int8"), "ask": ("coalesce(ask, -1)", "int8"),
}  # fmt: skip
SAMPLES = {"item_id": ("item_id", "int4"), "time": ("bucket", "timestamptz"), "samples": ("samples", "int8")}
OF_ITEMS = sql.SQL("{table} WHERE source = %(source)s AND item_id = ANY(%(items)s)")
OLD_OF_ITEMS = sql.SQL("price_quotes WHERE source = %(source)s AND item_id = ANY(%(items)s) AND time < %(before)s")
PACKED_OF_ITEMS = OF_ITEMS.format(table=sql.SQL("price_packed('-infinity', 'infinity')"))
# A range per item, not one for all: a single old quote must not read a year of everything.
RANGES = """
unnest(%(items)s::integer[], %(lo)s::bigint[], %(hi)s::bigint[]) g (item, lo_us, hi_us)
CROSS JOIN LATERAL (SELECT 'epoch'::timestamptz + g.lo_us * interval '1 microsecond' AS lo,
                           'epoch'::timestamptz + g.hi_us * interval '1 microsecond' AS hi) r
"""
BUCKETS_IN_RANGES = sql.SQL(
    RANGES + " CROSS JOIN LATERAL (SELECT * FROM {table} k WHERE k.item_id = g.item AND k.source = %(source)s"
    " AND k.bucket >= r.lo AND k.bucket <= r.hi OFFSET 0) h"
)
QUOTES_IN_RANGES = sql.SQL(
    RANGES + " CROSS JOIN LATERAL (SELECT * FROM {function}(r.lo, r.hi) k"
    " WHERE k.item_id = g.item AND k.source = %(source)s OFFSET 0) h"
)


@dataclass(frozen=True, slots=True)
class Latest:
    """`price_latest` of one source and n items in order of their ids; `NEVER` and -1 where an item has none. Shape (n,)."""

    item_id: Ints
    time: Ints
    stored_time: Ints
    price: Ints

    def at(self, item_id: Ints) -> Ints:
        """The rows of items, each of which is among these."""
        return np.searchsorted(self.item_id, item_id)


def latest(connection: psycopg.Connection, source: str, item_id: Ints) -> Latest:
    """The newest quotes of items (sorted, each once)."""
    columns = [("item_id", ">i4"), ("time", ">i8"), ("stored_time", ">i8"), ("price", ">i8")]
    rows = binary.read(connection, LATEST, {"source": source, "items": binary.literal(item_id)}, columns)
    at = np.searchsorted(item_id, rows["item_id"])
    found = Latest(item_id, *(np.full(len(item_id), value) for value in (NEVER, NEVER, -1)))
    found.time[at] = rows["time"] + binary.POSTGRES_EPOCH_US
    found.stored_time[at] = rows["stored_time"] + binary.POSTGRES_EPOCH_US
    found.price[at] = rows["price"]
    return found


def restore_latest(connection: psycopg.Connection, source: str, item_id: Ints) -> int:
    """Put the newest quote that the history has of items back into `price_latest`, where these have none; returns how many.

    A simulated source that was left behind has a history and no newest prices. The caller is the only writer of these items.
    """
    return connection.execute(RESTORE_LATEST, {"source": source, "items": item_id.tolist()}).rowcount


def buckets_between(
    connection: psycopg.Connection, table: str, source: str, item_id: Ints, lo: Ints, hi: Ints
) -> dict[str, Ints]:
    """`item_id`, `time` and `samples` of a roll-up's stored rows from each item's least `lo` to its greatest `hi`, in no particular order.

    All sorted by item, shape (n,).
    """
    origin = BUCKETS_IN_RANGES.format(table=sql.Identifier(TABLES[table]))
    return binary.read_packed(connection, origin, {"source": source} | _ranges(item_id, lo, hi), SAMPLES)


def quotes_between(connection: psycopg.Connection, source: str, item_id: Ints, lo: Ints, hi: Ints) -> QuoteColumns:
    """The same of the history: whole quotes."""
    return _quotes_in(connection, "price_history_between", source, _ranges(item_id, lo, hi))


def packed_between(connection: psycopg.Connection, source: str, item_id: Ints, lo: Ints, hi: Ints) -> QuoteColumns:
    """The same of those that are packed."""
    return _quotes_in(connection, "price_packed", source, _ranges(item_id, lo, hi))


def packed_in(connection: psycopg.Connection, source: str, item_id: Ints, month: Ints) -> QuoteColumns:
    """The packed quotes of pairs of item and month (its first moment), in no particular order."""
    end = (month.astype("datetime64[us]").astype("datetime64[M]") + 1).astype("datetime64[us]").astype(np.int64) - 1
    ranges = {"items": binary.literal(item_id), "lo": binary.literal(month), "hi": binary.literal(end)}
    return _quotes_in(connection, "price_packed", source, ranges)


def _quotes_in(connection: psycopg.Connection, function: str, source: str, ranges: dict[str, str]) -> QuoteColumns:
    origin = QUOTES_IN_RANGES.format(function=sql.Identifier(function))
    return QuoteColumns(**binary.read_packed(connection, origin, {"source": source} | ranges, QUOTE))


def _ranges(item_id: Ints, lo: Ints, hi: Ints) -> dict[str, str]:
    first = changes(item_id)
    return {
        "items": binary.literal(item_id[first]),
        "lo": binary.literal(np.minimum.reduceat(lo, first)),
        "hi": binary.literal(np.maximum.reduceat(hi, first)),
    }


@dataclass(frozen=True, slots=True)
class History:
    """n stored quotes of one source, in order, each (item, time) once; `packed` (n,) says which of them are in months.

    `twice` are rows of `price_quotes` whose item and time a month has too: a fault. They are not among the n.
    """

    quotes: QuoteColumns
    packed: Bools
    twice: QuoteColumns


def history(connection: psycopg.Connection, source: str, items: Ints) -> History:
    """All stored quotes of a source and some items."""
    rows = quotes_of(connection, "price_quotes", source, items)
    rows = rows if rows.is_in_order() else rows.take(np.lexsort((rows.time, rows.item_id)))
    packed = QuoteColumns(
        **binary.read_packed(connection, PACKED_OF_ITEMS, {"source": source, "items": items.tolist()}, QUOTE)
    )
    if not len(packed):
        return History(rows, np.zeros(len(rows), dtype=np.bool_), packed)
    both = find_in(packed.item_id, packed.time, rows.item_id, rows.time)
    once = rows.take(~both) if both.any() else rows
    whole = QuoteColumns.joined([once, packed])
    order = np.lexsort((whole.time, whole.item_id))
    return History(whole.take(order), order >= len(once), rows.take(both).in_order())


def quotes_of(connection: psycopg.Connection, table: str, source: str, items: Ints) -> QuoteColumns:
    """Rows of `price_quotes` or `price_latest` of a source and some items, in no particular order."""
    origin = OF_ITEMS.format(table=sql.Identifier(table))
    return QuoteColumns(**binary.read_packed(connection, origin, {"source": source, "items": items.tolist()}, QUOTE))


def codes(*keys: tuple[Ints, Ints]) -> list[Ints]:
    """One number per (item, time), equal for equal keys across all the sets given, and ordered like them."""
    given = [key for key in keys if len(key[0])]
    if not given:
        return [item for item, _ in keys]
    least, first = (min(int(key[part].min()) for key in given) for part in (0, 1))
    most, last = (max(int(key[part].max()) for key in given) for part in (0, 1))
    span = last - first + 1
    if (most - least + 1) * span <= np.iinfo(np.int64).max:
        return [(item - least) * span + (time - first) for item, time in keys]
    items = np.unique(np.concatenate([item for item, _ in keys]))
    times = np.unique(np.concatenate([time for _, time in keys]))
    return [np.searchsorted(items, item) * len(times) + np.searchsorted(times, time) for item, time in keys]


def find_in(stored_item: Ints, stored_time: Ints, item_id: Ints, time: Ints) -> Bools:
    """Which of the keys (item_id, time) are among the stored ones; shape (n,)."""
    if not len(stored_item):
        return np.zeros(len(item_id), dtype=np.bool_)
    stored, requested = codes((stored_item, stored_time), (item_id, time))
    return np.isin(requested, stored)
