"""Roll-up tables: new buckets go in by COPY, existing ones are merged in one statement; packed months need few."""

from collections.abc import Callable

import numpy as np
import psycopg
from psycopg import sql

from db.core import binary
from db.core.arrays import Array, Bools, Ints
from db.quotes.buckets import NAMES, WIDTHS_US, Buckets, Ticks, aggregate, changes, floor, merged
from db.quotes.columns import QuoteColumns
from db.quotes.stored import OF_ITEMS, TABLES, buckets_between, find_in, packed_between

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
DAYS = "price_24h"
"""The roll-up that packed months have rows of, where a day has several quotes; hours are read from the quotes, weeks from the days."""
STAGING = "CREATE TEMPORARY TABLE IF NOT EXISTS partial (LIKE price_hours) ON COMMIT DELETE ROWS"
FEW = 5_000
"""Up to so many quotes go in by one statement a roll-up; more by COPY, which costs more to set up."""
MERGE = """
INSERT INTO {table} AS k (item_id, source, bucket, open, high, low, close, average, stddev, volume, volume_rolling, samples,
                          open_time, close_time, volume_time)
SELECT p.item_id, %(source)s, p.bucket, p.open, p.high, p.low, p.close, p.average, p.stddev, p.volume, p.volume_rolling,
       p.samples, p.open_time, p.close_time, p.volume_time FROM {rows} p ORDER BY p.item_id, p.bucket
ON CONFLICT (item_id, source, bucket) DO UPDATE SET
    open = CASE WHEN excluded.open_time < k.open_time THEN excluded.open ELSE k.open END,
    high = greatest(k.high, excluded.high),
    low = least(k.low, excluded.low),
    close = CASE WHEN excluded.close_time >= k.close_time THEN excluded.close ELSE k.close END,
    average = (k.average * k.samples + excluded.average * excluded.samples) / (k.samples + excluded.samples),
    -- Chan, Golub, LeVeque (1979): the variance of two samples put together
    stddev = sqrt((k.samples * k.stddev ^ 2 + excluded.samples * excluded.stddev ^ 2
                   + (k.average - excluded.average) ^ 2 * k.samples * excluded.samples / (k.samples + excluded.samples))
                  / (k.samples + excluded.samples)),
    volume = CASE WHEN NOT k.volume_rolling AND NOT excluded.volume_rolling THEN k.volume + excluded.volume
                  WHEN NOT k.volume_rolling OR excluded.volume IS NULL THEN k.volume
                  WHEN NOT excluded.volume_rolling OR k.volume IS NULL OR excluded.volume_time > k.volume_time THEN excluded.volume
                  ELSE k.volume END,
    volume_rolling = coalesce(k.volume_rolling AND excluded.volume_rolling, k.volume_rolling, excluded.volume_rolling),
    volume_time = CASE WHEN k.volume_rolling AND NOT excluded.volume_rolling OR NOT k.volume_rolling THEN NULL
                       ELSE greatest(k.volume_time, excluded.volume_time) END,
    samples = k.samples + excluded.samples,
    open_time = least(k.open_time, excluded.open_time),
    close_time = greatest(k.close_time, excluded.close_time)
"""
GIVEN = """(SELECT item_id, open, high, low, close, average, stddev, nullif(volume, -1) AS volume,
    CASE WHEN rolling >= 0 THEN rolling = 1 END AS volume_rolling, samples,
    'epoch'::timestamptz + bucket * interval '1 microsecond' AS bucket,
    'epoch'::timestamptz + open_us * interval '1 microsecond' AS open_time,
    'epoch'::timestamptz + close_us * interval '1 microsecond' AS close_time,
    'epoch'::timestamptz + nullif(volume_us, -1) * interval '1 microsecond' AS volume_time
FROM unnest(%(item_id)s::integer[], %(bucket)s::bigint[], %(open)s::bigint[], %(high)s::bigint[], %(low)s::bigint[], %(close)s::bigint[],
    %(average)s::float8[], %(stddev)s::float8[], %(volume)s::bigint[], %(volume_rolling)s::integer[], %(samples)s::bigint[],
    %(open_time)s::bigint[], %(close_time)s::bigint[], %(volume_time)s::bigint[])
    g (item_id, bucket, open, high, low, close, average, stddev, volume, rolling, samples, open_us, close_us, volume_us))"""
"""Buckets given as arrays."""


def add(
    connection: psycopg.Connection,
    source: str,
    ticks: Ticks,
    packed: Bools,
    rows_since: int,
    stored_until: Callable[[Ints], Ints],
) -> None:
    """Bring quotes that are new to the history into every roll-up; `packed` says which of them (n,) are in months.

    No quote from `rows_since` on is packed.

    `stored_until` gives, for item ids, the time of the newest quote stored before these: no bucket is later than that.
    The caller is the only writer of these items' source.
    """
    if not len(ticks.item_id):
        return
    # Beside quotes so recent nothing is packed: all that is known of a bucket is its row, and merging finds it or makes it.
    recent = bool(ticks.time.min() >= rows_since + WIDTHS_US["price_7d"])
    if len(ticks.item_id) <= FEW and recent:
        for table, width in WIDTHS_US.items():
            _merge(connection, table, source, aggregate(ticks, width))
        return
    for table, width in WIDTHS_US.items():
        buckets = aggregate(ticks, width)
        late = buckets.bucket <= floor(stored_until(buckets.item_id), width)
        exists = late.copy()
        if late.any() and not recent:
            item_id, bucket = buckets.item_id[late], buckets.bucket[late]
            existing = buckets_between(connection, table, source, item_id, bucket, bucket)
            exists[late] = find_in(existing["item_id"], existing["time"], item_id, bucket)
        unstored = _all_packed(ticks, packed, width)
        absent = late & ~exists & (~unstored | (table == DAYS))
        if absent.any():
            buckets = aggregate(_with_packed(connection, source, ticks, buckets.take(absent), width), width)
        if table == DAYS:
            unstored &= buckets.samples == 1
        _copy(connection, TABLES[table], source, buckets, ~exists & ~unstored)
        if exists.any():
            connection.execute(STAGING)
            connection.execute("TRUNCATE partial")
            _copy(connection, "partial", source, buckets, exists)
            _merge(connection, table, source)


def _merge(connection: psycopg.Connection, table: str, source: str, buckets: Buckets | None = None) -> None:
    """Merge buckets, or those of the table `partial`, into a roll-up's rows; those without a row become one."""
    values = {"source": source}
    rows = sql.SQL("partial")
    if buckets is not None:
        values |= {name: binary.literal(getattr(buckets, name)) for name in NAMES}
        rows = sql.SQL(GIVEN)
    connection.execute(sql.SQL(MERGE).format(table=sql.Identifier(TABLES[table]), rows=rows), values)


def _all_packed(ticks: Ticks, packed: Bools, width: int) -> Bools:
    """Of each bucket of some quotes, whether all of these are packed."""
    found: Bools = np.logical_and.reduceat(packed, changes(ticks.item_id, floor(ticks.time, width)))
    return found


def _with_packed(connection: psycopg.Connection, source: str, ticks: Ticks, absent: Buckets, width: int) -> Ticks:
    """The quotes together with the packed ones in buckets that have no row, in order."""
    near = packed_between(connection, source, absent.item_id, absent.bucket, absent.bucket + width - 1)
    near = near.take(find_in(absent.item_id, absent.bucket, near.item_id, floor(near.time, width)))
    given = QuoteColumns.of(ticks.item_id, ticks.time, ticks.price, volume=ticks.volume, rolling=ticks.rolling)
    return QuoteColumns.joined([given, near]).in_order().ticks()


def read(connection: psycopg.Connection, table: str, source: str, items: Ints, ticks: Ticks, packed: Bools) -> Buckets:
    """A roll-up's rows of a source and some items, in order, with those that are not stored: `ticks` are all their quotes.

    A volume below zero, which is a fault, comes one lower: it is not `UNKNOWN`.
    """
    origin = OF_ITEMS.format(table=sql.Identifier(TABLES[table]))
    found = Buckets(**binary.read_packed(connection, origin, {"source": source, "items": items.tolist()}, SELECTED))
    width = WIDTHS_US[table]
    if packed.any():
        buckets = aggregate(ticks, width)
        unstored = _all_packed(ticks, packed, width) & ((buckets.samples == 1) | (table != DAYS))
        unstored &= ~find_in(found.item_id, found.bucket, buckets.item_id, buckets.bucket)
        return merged(found, buckets.take(unstored))
    return found.in_order()


def replace(connection: psycopg.Connection, table: str, source: str, gone: tuple[Ints, Ints], rows: Buckets) -> None:
    """Put rows in the place of those with the keys `gone` (item, bucket); the caller is the only writer of these items' source."""
    items, buckets = gone
    if len(items):
        keys = {"source": source, "items": items.tolist(), "buckets": buckets.tolist()}
        connection.execute(FORGET.format(table=sql.Identifier(TABLES[table])), keys)
    _copy(connection, TABLES[table], source, rows, np.ones(len(rows), dtype=np.bool_))


def _copy(connection: psycopg.Connection, table: str, source: str, buckets: Buckets, chosen: Bools) -> None:
    rows = slice(None) if chosen.all() else np.flatnonzero(chosen)
    columns: dict[str, tuple[str, Array]] = {}
    for name, kind in KINDS.items():
        values = getattr(buckets, name)[rows]
        columns[name] = binary.postgres_time(values) if name in TIMES else (kind, values)
    columns["source"] = binary.text(source, len(columns["item_id"][1]))
    if len(columns["item_id"][1]):
        binary.copy(connection, table, columns, NULLS)
