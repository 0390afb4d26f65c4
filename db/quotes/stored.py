"""Stored quotes: what the database already holds of a batch, as arrays."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import psycopg
from psycopg import sql

from db.core import binary
from db.quotes.buckets import Bools, Ints, changes
from db.quotes.columns import QuoteColumns

NEVER = int(np.iinfo(np.int64).min // 2)
"""The time of a quote that does not exist: earlier than any, and safe to subtract from."""

TIME_COLUMN = {"price_history": "time", "price_1h": "bucket", "price_24h": "bucket", "price_7d": "bucket"}

LATEST = sql.SQL(
    "SELECT item_id, time, stored_time, price FROM price_latest"
    " WHERE source = %(source)s AND item_id = ANY(%(items)s) ORDER BY item_id"
)
QUOTE = {
    "item_id": ("item_id", "int4"), "time": ("time", "timestamptz"), "price": ("price", "int8"),
    "volume": ("coalesce(volume, -1)", "int8"), "rolling": ("coalesce(volume_rolling::integer, -1)", "int4"),
    "listings": ("coalesce(listings, -1)", "int4"), "bid": ("coalesce(bid, -1)", "int8"), "ask": ("coalesce(ask, -1)", "int8"),
}  # fmt: skip
SAMPLES = {"item_id": ("item_id", "int4"), "time": ("bucket", "timestamptz"), "samples": ("samples", "int8")}
OF_ITEMS = sql.SQL("{table} WHERE source = %(source)s AND item_id = ANY(%(items)s)")
# A range per item, not one for all: a single old quote must not read a year of everything.
IN_RANGES = sql.SQL(
    "unnest(%(items)s::integer[], %(lo)s::bigint[], %(hi)s::bigint[]) r (item, lo, hi)"
    " CROSS JOIN LATERAL (SELECT * FROM {table} k WHERE k.item_id = r.item AND k.source = %(source)s"
    " AND k.{time} >= 'epoch'::timestamptz + r.lo * interval '1 microsecond'"
    " AND k.{time} <= 'epoch'::timestamptz + r.hi * interval '1 microsecond' OFFSET 0) h"
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
    rows = binary.read(connection, LATEST, {"source": source, "items": item_id.tolist()}, columns)
    at = np.searchsorted(item_id, rows["item_id"])
    found = Latest(item_id, *(np.full(len(item_id), value) for value in (NEVER, NEVER, -1)))
    found.time[at] = rows["time"] + binary.POSTGRES_EPOCH_US
    found.stored_time[at] = rows["stored_time"] + binary.POSTGRES_EPOCH_US
    found.price[at] = rows["price"]
    return found


def buckets_between(
    connection: psycopg.Connection, table: str, source: str, item_id: Ints, lo: Ints, hi: Ints
) -> dict[str, Ints]:
    """`item_id`, `time` and `samples` of a roll-up from each item's least `lo` to its greatest `hi`, in no particular order.

    All sorted by item, shape (n,).
    """
    return _between(connection, table, source, item_id, lo, hi, SAMPLES)


def quotes_between(connection: psycopg.Connection, source: str, item_id: Ints, lo: Ints, hi: Ints) -> QuoteColumns:
    """The same of the history: whole quotes."""
    return QuoteColumns(**_between(connection, "price_history", source, item_id, lo, hi, QUOTE))


def _between(
    connection: psycopg.Connection,
    table: str,
    source: str,
    item_id: Ints,
    lo: Ints,
    hi: Ints,
    columns: Mapping[str, tuple[str, str]],
) -> dict[str, Ints]:
    first = changes(item_id)
    ranges = {
        "items": item_id[first].tolist(),
        "lo": np.minimum.reduceat(lo, first).tolist(),
        "hi": np.maximum.reduceat(hi, first).tolist(),
    }
    origin = IN_RANGES.format(time=sql.Identifier(TIME_COLUMN[table]), table=sql.Identifier(table))
    return binary.read_packed(connection, origin, {"source": source} | ranges, columns)


def history(connection: psycopg.Connection, source: str, items: Ints) -> QuoteColumns:
    """All kept quotes of a source and some items, in order."""
    return quotes_of(connection, "price_history", source, items).in_order()


def quotes_of(connection: psycopg.Connection, table: str, source: str, items: Ints) -> QuoteColumns:
    """Rows of `price_history` or `price_latest` of a source and some items, in no particular order."""
    origin = OF_ITEMS.format(table=sql.Identifier(table))
    return QuoteColumns(**binary.read_packed(connection, origin, {"source": source, "items": items.tolist()}, QUOTE))


def codes(*keys: tuple[Ints, Ints]) -> list[Ints]:
    """One number per (item, time), equal for equal keys across all the sets given, and ordered like them."""
    items = np.unique(np.concatenate([item for item, _ in keys]))
    times = np.unique(np.concatenate([time for _, time in keys]))
    return [np.searchsorted(items, item) * len(times) + np.searchsorted(times, time) for item, time in keys]


def find_in(kept_item: Ints, kept_time: Ints, item_id: Ints, time: Ints) -> Bools:
    """Which of the keys (item_id, time) are among the kept ones; shape (n,)."""
    if not len(kept_item):
        return np.zeros(len(item_id), dtype=np.bool_)
    kept, asked = codes((kept_item, kept_time), (item_id, time))
    return np.isin(asked, kept)
