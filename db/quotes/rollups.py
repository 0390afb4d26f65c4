"""The roll-up tables: new buckets go in by COPY, those that are there already are merged in one statement; reading them back."""

from collections.abc import Callable

import numpy as np
import psycopg
from psycopg import sql

from db.core import binary
from db.quotes.buckets import NAMES, WIDTHS_US, Bools, Buckets, Ints, Ticks, aggregate, floor
from db.quotes.stored import OF_ITEMS, buckets_between, find_in

KINDS = dict.fromkeys(NAMES, ">i8")
KINDS |= {"item_id": ">i4", "average": ">f8", "stddev": ">f8", "volume_rolling": "i1"}
TIMES = ("bucket", "open_time", "close_time", "volume_time")
NULLS = ("volume", "volume_rolling", "volume_time")
FORGET = sql.SQL(
    "DELETE FROM {table} k USING unnest(%(items)s::integer[], %(buckets)s::bigint[]) g (item_id, bucket)"
    " WHERE k.item_id = g.item_id AND k.source = %(source)s"
    " AND k.bucket = 'epoch'::timestamptz + g.bucket * interval '1 microsecond'"
)
SELECTED = {
    name: (name, "float8" if kind == ">f8" else "int4" if kind == ">i4" else "int8") for name, kind in KINDS.items()
}
SELECTED |= {name: (name, "timestamptz") for name in TIMES}
SELECTED |= {
    "volume": ("coalesce(volume - (volume < 0)::integer, -1)", "int8"),
    "volume_rolling": ("coalesce(volume_rolling::integer, -1)", "int4"),
    "volume_time": ("coalesce(volume_time, 'epoch'::timestamptz - interval '1 microsecond')", "timestamptz"),
}
STAGING = "CREATE TEMPORARY TABLE IF NOT EXISTS partial (LIKE price_1h) ON COMMIT DELETE ROWS"


def add(connection: psycopg.Connection, source: str, ticks: Ticks, stored_until: Callable[[Ints], Ints]) -> None:
    """Bring quotes that are new to the history into every roll-up.

    `stored_until` gives, for item ids, the time of the newest quote kept before these: no bucket is later than that.
    The caller is the only writer of these items' source.
    """
    if not len(ticks.item_id):
        return
    for table, width in WIDTHS_US.items():
        buckets = aggregate(ticks, width)
        late = buckets.bucket <= floor(stored_until(buckets.item_id), width)
        there = np.zeros(len(late), dtype=np.bool_)
        if late.any():
            item_id, bucket = buckets.item_id[late], buckets.bucket[late]
            kept = buckets_between(connection, table, source, item_id, bucket, bucket)
            there[late] = find_in(kept["item_id"], kept["time"], item_id, bucket)
        _copy(connection, table, source, buckets, ~there)
        if there.any():
            connection.execute(STAGING)
            connection.execute("TRUNCATE partial")
            _copy(connection, "partial", source, buckets, there)
            connection.execute("ANALYZE partial")
            connection.execute("CALL price_merge(%s, %s)", [table, source])


def read(connection: psycopg.Connection, table: str, source: str, items: Ints) -> Buckets:
    """A roll-up's rows of a source and some items, in order.

    A volume below zero, which is a fault, comes one lower: it is not `UNKNOWN`.
    """
    origin = OF_ITEMS.format(table=sql.Identifier(table))
    found = Buckets(**binary.read_packed(connection, origin, {"source": source, "items": items.tolist()}, SELECTED))
    return found.take(np.lexsort((found.bucket, found.item_id)))


def replace(connection: psycopg.Connection, table: str, source: str, gone: tuple[Ints, Ints], rows: Buckets) -> None:
    """Put rows in the place of those with the keys `gone` (item, bucket); the caller is the only writer of these items' source."""
    items, buckets = gone
    if len(items):
        keys = {"source": source, "items": items.tolist(), "buckets": buckets.tolist()}
        connection.execute(FORGET.format(table=sql.Identifier(table)), keys)
    _copy(connection, table, source, rows, np.ones(len(rows), dtype=np.bool_))


def _copy(connection: psycopg.Connection, table: str, source: str, buckets: Buckets, chosen: Bools) -> None:
    rows = slice(None) if chosen.all() else np.flatnonzero(chosen)
    columns: dict[str, tuple[str, binary.Array]] = {}
    for name, kind in KINDS.items():
        values = getattr(buckets, name)[rows]
        columns[name] = binary.postgres_time(values) if name in TIMES else (kind, values)
    columns["source"] = binary.text(source, len(columns["item_id"][1]))
    if len(columns["item_id"][1]):
        binary.copy(connection, table, columns, NULLS)
