"""The roll-up tables: new buckets go in by COPY, those that are there already are merged in one statement."""

from collections.abc import Callable
from dataclasses import fields

import numpy as np
import psycopg

from db import binary
from db.buckets import HOUR_US, Bools, Buckets, Ints, Ticks, aggregate, floor
from db.kept import existing, find_in

WIDTHS_US = {"price_1h": HOUR_US, "price_24h": 24 * HOUR_US, "price_7d": 7 * 24 * HOUR_US}
KINDS = dict.fromkeys((field.name for field in fields(Buckets)), ">i8")
KINDS |= {"item_id": ">i4", "average": ">f8", "stddev": ">f8", "volume_rolling": "i1"}
TIMES = ("bucket", "open_time", "close_time", "volume_time")
NULLS = ("volume", "volume_rolling", "volume_time")
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
            kept = existing(connection, table, source, item_id, bucket, bucket)
            there[late] = find_in(kept["item_id"], kept["time"], item_id, bucket)
        _copy(connection, table, source, buckets, ~there)
        if there.any():
            connection.execute(STAGING)
            connection.execute("TRUNCATE partial")
            _copy(connection, "partial", source, buckets, there)
            connection.execute("ANALYZE partial")
            connection.execute("CALL price_merge(%s, %s)", [table, source])


def _copy(connection: psycopg.Connection, table: str, source: str, buckets: Buckets, chosen: Bools) -> None:
    rows = slice(None) if chosen.all() else np.flatnonzero(chosen)
    columns: dict[str, tuple[str, binary.Array]] = {}
    for name, kind in KINDS.items():
        values = getattr(buckets, name)[rows]
        columns[name] = binary.postgres_time(values) if name in TIMES else (kind, values)
    columns["source"] = binary.text(source, len(columns["item_id"][1]))
    if len(columns["item_id"][1]):
        binary.copy(connection, table, columns, NULLS)
