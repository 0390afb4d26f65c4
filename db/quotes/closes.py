"""Closes in bulk, for the measures: one row per item and source, its buckets as packed binary."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
from psycopg.rows import tuple_row

from db.core.pool import Database
from db.quotes.volumes import ROLLING, VOLUME

PACKED = np.dtype(
    [("bucket", ">i4"), ("close", ">i8"), ("high", ">i8"), ("low", ">i8"), ("volume", ">i8"), ("rolling", ">i2")]
)
PACK = """string_agg(int4send(bucket::integer) || int8send(close) || int8send(high) || int8send(low)
        || int8send(coalesce(volume, -1)) || int2send((CASE WHEN volume_rolling THEN 1 ELSE 0 END)::int2), ''::bytea ORDER BY bucket)"""


@dataclass(frozen=True, slots=True)
class Closes:
    """Observed buckets of n (item, source) pairs; `cells` holds their buckets one pair after the other.

    `bucket` counts from the first edge asked for; `row` says which pair a cell belongs to. `scale` holds minor units of one
    unit of the currency. `previous` is the last close before the first edge and `previous_age` how many seconds before it,
    NaN where there is none.
    """

    item_id: npt.NDArray[np.int64]
    source: list[str]
    scale: npt.NDArray[np.int64]
    previous: npt.NDArray[np.float64]
    previous_age: npt.NDArray[np.float64]
    row: npt.NDArray[np.int64]
    cells: npt.NDArray[np.void]


def item_range(database: Database) -> tuple[int, int]:
    """The least and greatest item id; (0, -1) without items."""
    row = database.row("SELECT coalesce(min(id), 0) AS lo, coalesce(max(id), -1) AS hi FROM items")
    return (int(row["lo"]), int(row["hi"])) if row else (0, -1)


def hourly(database: Database, first: datetime, as_of: datetime, lo: int, hi: int) -> Closes:
    """Hourly buckets from `first` to the one that contains `as_of`, for item ids in [lo, hi]; nothing later than `as_of`."""
    return _closes(database, HOURLY, first, as_of, lo, hi)


def five_minutes(database: Database, first: datetime, as_of: datetime, lo: int, hi: int) -> Closes:
    """The same in buckets of five minutes, from the raw quotes."""
    return _closes(database, FIVE_MINUTES, first, as_of, lo, hi)


def _closes(database: Database, query: str, first: datetime, as_of: datetime, lo: int, hi: int) -> Closes:
    parameters = {"first": first, "as_of": as_of, "lo": lo, "hi": hi}
    rows = database.fetch(query, parameters, factory=tuple_row, binary=True)
    packed = [row[2] for row in rows]
    counts = np.array([len(part) // PACKED.itemsize for part in packed], dtype=np.int64)
    return Closes(
        item_id=np.array([row[0] for row in rows], dtype=np.int64),
        source=[row[1] for row in rows],
        scale=np.array([row[5] for row in rows], dtype=np.int64),
        previous=_known(row[3] for row in rows),
        previous_age=_known(row[4] for row in rows),
        row=np.repeat(np.arange(len(rows)), counts),
        cells=np.frombuffer(b"".join(packed), dtype=PACKED),
    )


def _known(values: Iterable[float | None]) -> npt.NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


# The bucket that contains as_of is taken from the raw quotes, or a look into the past would see what came later.
HOURLY = f"""
WITH buckets AS (
    SELECT item_id, source, extract(epoch FROM bucket - %(first)s) / 3600 AS bucket, close, high, low, volume, volume_rolling
    FROM price_1h
    WHERE bucket >= %(first)s AND bucket < date_trunc('hour', %(as_of)s) AND item_id BETWEEN %(lo)s AND %(hi)s
    UNION ALL
    SELECT item_id, source, extract(epoch FROM date_trunc('hour', %(as_of)s) - %(first)s) / 3600,
           (array_agg(price ORDER BY time DESC))[1], max(price), min(price),
           {VOLUME}, {ROLLING}
    FROM price_history
    WHERE time >= date_trunc('hour', %(as_of)s) AND time <= %(as_of)s AND item_id BETWEEN %(lo)s AND %(hi)s
    GROUP BY 1, 2
), packed AS (SELECT item_id, source, {PACK} AS cells FROM buckets GROUP BY 1, 2)
SELECT item_id, source, cells, p.close, extract(epoch FROM %(first)s - p.bucket)::float8, i.price_scale
FROM packed JOIN items i ON i.id = packed.item_id LEFT JOIN LATERAL (
    SELECT close, bucket FROM price_1h b
    WHERE b.item_id = packed.item_id AND b.source = packed.source AND b.bucket < %(first)s
    ORDER BY bucket DESC LIMIT 1) p ON true
ORDER BY item_id, source
"""

FIVE_MINUTES = f"""
WITH buckets AS (
    SELECT item_id, source, extract(epoch FROM date_bin('5 minutes', time, %(first)s) - %(first)s) / 300 AS bucket,
           (array_agg(price ORDER BY time DESC))[1] AS close, max(price) AS high, min(price) AS low,
           {VOLUME} AS volume, {ROLLING} AS volume_rolling
    FROM price_history
    WHERE time >= %(first)s AND time <= %(as_of)s AND item_id BETWEEN %(lo)s AND %(hi)s
    GROUP BY 1, 2, 3
), packed AS (SELECT item_id, source, {PACK} AS cells FROM buckets GROUP BY 1, 2)
SELECT item_id, source, cells, coalesce(p.price, q.close),
       extract(epoch FROM %(first)s - coalesce(p.time, q.bucket))::float8, i.price_scale
FROM packed JOIN items i ON i.id = packed.item_id LEFT JOIN LATERAL (
    SELECT price, time FROM price_history h WHERE h.item_id = packed.item_id AND h.source = packed.source
      AND h.time < %(first)s AND h.time >= %(first)s - interval '2 days'
    ORDER BY time DESC LIMIT 1) p ON true
LEFT JOIN LATERAL (
    SELECT close, bucket FROM price_1h b
    WHERE p.price IS NULL AND b.item_id = packed.item_id AND b.source = packed.source
      AND b.bucket < %(first)s - interval '2 days'
    ORDER BY bucket DESC LIMIT 1) q ON true
ORDER BY item_id, source
"""
