"""Closes in bulk, for the measures: one row per item and source, its buckets as packed binary."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString, TypeAlias

import numpy as np
from psycopg.rows import tuple_row

from db.core.arrays import Cells, Floats, Ints
from db.core.binary import POSTGRES_EPOCH_US
from db.core.pool import Database
from db.quotes.volumes import ROLLING, VOLUME

PACKED = np.dtype(
    [("time", ">i8"), ("close", ">i8"), ("high", ">i8"), ("low", ">i8"), ("volume", ">i8"), ("rolling", ">i2")]
)
CELL = np.dtype([("bucket", "i4"), ("close", "i8"), ("high", "i8"), ("low", "i8"), ("volume", "i8"), ("rolling", "i2")])
# Not in order, and with a time instead of a number: both are less work here than there.
PACK = """string_agg(timestamptz_send(bucket) || int8send(close) || int8send(high) || int8send(low)
        || int8send(coalesce(volume, -1)) || int2send((CASE WHEN volume_rolling THEN 1 ELSE 0 END)::int2), ''::bytea)"""
IN_RANGE: LiteralString = "id BETWEEN %(lo)s AND %(hi)s"
AMONG: LiteralString = "id = ANY(%(items)s)"
Items: TypeAlias = range | list[int]
"""Which items are read: all ids of a range, or some."""


@dataclass(frozen=True, slots=True)
class Closes:
    """Observed buckets of n (item, source) pairs; `cells` holds their buckets one pair after the other.

    `bucket` counts from the first edge asked for; `row` says which pair a cell belongs to. `scale` holds minor units of one
    unit of the currency. `previous` is the last close before the first edge and `previous_age` how many seconds before it,
    NaN where there is none.
    """

    item_id: Ints
    source: list[str]
    scale: Ints
    previous: Floats
    previous_age: Floats
    row: Ints
    cells: Cells


def item_range(database: Database, market: str) -> range:
    """From the least to the greatest id of a market's items."""
    row = database.row(
        "SELECT coalesce(min(id), 0) AS lo, coalesce(max(id), -1) AS hi FROM items WHERE market = %s", [market]
    )
    return range(int(row["lo"]), int(row["hi"]) + 1) if row else range(0)


def hourly(database: Database, market: str, first: datetime, as_of: datetime, items: Items) -> Closes:
    """Hourly buckets of a market from `first` to the one that contains `as_of`, for some ids; nothing later than it."""
    return packed(database, HOURLY, 3_600, {"market": market, "first": first, "as_of": as_of}, items)


def five_minutes(database: Database, market: str, first: datetime, as_of: datetime, items: Items) -> Closes:
    """The same in buckets of five minutes, from the raw quotes."""
    return packed(database, FIVE_MINUTES, 300, {"market": market, "first": first, "as_of": as_of}, items)


def packed(
    database: Database, query: LiteralString, seconds: int, scope: Mapping[str, str | datetime], items: Items
) -> Closes:
    """What a query of packed buckets of so many seconds gives: item, source, `PACK`, close before `first` and its age, minor units of a unit.

    `scope` are its parameters `market`, `first` and `as_of`; it says `IN_RANGE` where it chooses items.
    """
    if isinstance(items, range):
        chosen: dict[str, int | list[int]] = {"lo": items.start, "hi": items.stop - 1}
    else:
        query, chosen = query.replace(IN_RANGE, AMONG), {"items": items}
    rows = database.fetch(query, {**scope, **chosen}, factory=tuple_row, binary=True)
    parts = [part[2] for part in rows]
    counts = np.array([len(part) // PACKED.itemsize for part in parts], dtype=np.int64)
    row, cells = _cells(np.repeat(np.arange(len(rows)), counts), b"".join(parts), scope["first"], seconds)
    return Closes(
        item_id=np.array([part[0] for part in rows], dtype=np.int64),
        source=[part[1] for part in rows],
        scale=np.array([part[5] for part in rows], dtype=np.int64),
        previous=_known(part[3] for part in rows),
        previous_age=_known(part[4] for part in rows),
        row=row,
        cells=cells,
    )


def joined(parts: Sequence[Closes]) -> Closes:
    """The rows of all parts, which begin at the same edge, one after the other; raises ValueError without any part."""
    starts = np.cumsum([0, *(len(part.item_id) for part in parts)]).tolist()
    return Closes(
        item_id=np.concatenate([part.item_id for part in parts]),
        source=[source for part in parts for source in part.source],
        scale=np.concatenate([part.scale for part in parts]),
        previous=np.concatenate([part.previous for part in parts]),
        previous_age=np.concatenate([part.previous_age for part in parts]),
        row=np.concatenate([part.row + start for part, start in zip(parts, starts, strict=False)]),
        cells=np.concatenate([part.cells for part in parts]),
    )


def _cells(row: Ints, data: bytes, first: Any, seconds: int) -> tuple[Ints, Cells]:
    """Rows and cells in order of row and time."""
    given = np.frombuffer(data, dtype=PACKED)
    cells = np.empty(len(given), dtype=CELL)
    for name in ("close", "high", "low", "volume", "rolling"):
        cells[name] = given[name]
    cells["bucket"] = (given["time"] + POSTGRES_EPOCH_US - int(first.timestamp()) * 1_000_000) // (seconds * 1_000_000)
    place = row * (1 << 32) + cells["bucket"]
    if (place[1:] > place[:-1]).all():
        return row, cells
    order = np.argsort(place, kind="stable")
    return row[order], cells[order]


def _known(values: Iterable[float | None]) -> Floats:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


# The last hour before `first`: of the rows, and of the newest packed quote, whose hour has no row where it is its only quote.
NEWEST_HOUR: LiteralString = """
    SELECT close, bucket FROM (
        (SELECT b.close, b.bucket, 0 AS packed FROM price_hours b
         WHERE b.item_id = packed.item_id AND b.source = packed.source AND b.bucket < %(first)s ORDER BY b.bucket DESC LIMIT 1)
        UNION ALL
        (SELECT q.price, date_bin('1 hour', q.time, '2000-01-03 00:00:00+00'), 1
         FROM price_packed_last(packed.item_id, packed.source, %(first)s) q)) e
    ORDER BY e.bucket DESC, e.packed LIMIT 1"""

# The bucket that contains as_of is taken from the raw quotes, or a look into the past would see what came later.
HOURLY = f"""
WITH buckets AS (
    SELECT item_id, source, bucket, close, high, low, volume, volume_rolling
    FROM price_1h_between(%(first)s, %(as_of)s)
    WHERE bucket >= %(first)s AND bucket < date_trunc('hour', %(as_of)s) AND item_{IN_RANGE}
    UNION ALL
    SELECT item_id, source, date_trunc('hour', %(as_of)s),
           (array_agg(price ORDER BY time DESC))[1], max(price), min(price),
           {VOLUME}, {ROLLING}
    FROM price_history_between(date_trunc('hour', %(as_of)s), %(as_of)s)
    WHERE time >= date_trunc('hour', %(as_of)s) AND time <= %(as_of)s AND item_{IN_RANGE}
    GROUP BY 1, 2
), packed AS (SELECT item_id, source, {PACK} AS cells FROM buckets GROUP BY 1, 2)
SELECT item_id, source, cells, p.close, extract(epoch FROM %(first)s - p.bucket)::float8, i.price_scale
FROM packed JOIN items i ON i.id = packed.item_id AND i.market = %(market)s LEFT JOIN LATERAL (
    {NEWEST_HOUR}) p ON true
ORDER BY item_id, source
"""

FIVE_MINUTES = f"""
WITH buckets AS (
    SELECT item_id, source, date_bin('5 minutes', time, %(first)s) AS bucket,
           (array_agg(price ORDER BY time DESC))[1] AS close, max(price) AS high, min(price) AS low,
           {VOLUME} AS volume, {ROLLING} AS volume_rolling
    FROM price_history_between(%(first)s, %(as_of)s)
    WHERE time >= %(first)s AND time <= %(as_of)s AND item_{IN_RANGE}
    GROUP BY 1, 2, 3
), packed AS (SELECT item_id, source, {PACK} AS cells FROM buckets GROUP BY 1, 2)
SELECT item_id, source, cells, coalesce(p.price, q.close),
       extract(epoch FROM %(first)s - coalesce(p.time, q.bucket))::float8, i.price_scale
FROM packed JOIN items i ON i.id = packed.item_id AND i.market = %(market)s LEFT JOIN LATERAL (
    SELECT price, time FROM price_history_between(%(first)s - interval '2 days', %(first)s) h
    WHERE h.item_id = packed.item_id AND h.source = packed.source AND h.time < %(first)s AND h.time >= %(first)s - interval '2 days'
    ORDER BY time DESC LIMIT 1) p ON true
LEFT JOIN LATERAL (SELECT close, bucket FROM ({NEWEST_HOUR.replace("%(first)s", "%(first)s - interval '2 days'")}) n
    WHERE p.price IS NULL) q ON true
ORDER BY item_id, source
"""
