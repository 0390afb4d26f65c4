"""Rows for files that people take away, a few items at a time: histories and measures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import psycopg
from psycopg import sql
from psycopg.rows import dict_row, tuple_row

from db.core.arrays import Ints
from db.core.binary import POSTGRES_EPOCH_US
from db.core.pool import LONG_TIMEOUT, Database, Row
from db.items.measures import MEASURES, RUN_AS_OF
from db.quotes.history import CELL, EVERY_QUOTE, WINDOWS

ITEMS_AT_ONCE = 16
"""An item's hours of ten years are 2 MB."""
ROWS_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class History:
    """One item's n points of one source, oldest first: `time` in microseconds since 1970, `price` in minor units, `volume` -1 where unknown."""

    market_hash_name: str
    currency: str
    price_scale: int
    source: str
    time: Ints
    price: Ints
    volume: Ints


def histories(database: Database, window: str, source: str | None, chosen: Sequence[int] | None) -> Iterator[History]:
    """Histories of some items or of all by id, of a source or of each item's reference source; all as of one moment.

    Items without a point are left out.
    """
    query = QUOTES if window in EVERY_QUOTE else CLOSES
    with database.connection(answer_within=LONG_TIMEOUT) as connection, connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        ids = _ids(connection) if chosen is None else sorted(chosen)
        for start in range(0, len(ids), ITEMS_AT_ONCE):
            parameters = {"ids": ids[start : start + ITEMS_AT_ONCE], "source": source, "span": WINDOWS[window]}
            with connection.cursor(binary=True, row_factory=tuple_row) as cursor:
                found = cursor.execute(query, parameters).fetchall()
            for name, currency, scale, spoken, packed in found:
                cells = np.frombuffer(packed, dtype=CELL)
                time, price, volume = (cells[part].astype(np.int64) for part in ("time", "price", "volume"))
                yield History(name, currency, scale, spoken, time + POSTGRES_EPOCH_US, price, volume)


def measures(
    database: Database, window: str | None, source: str | None, chosen: Sequence[int] | None
) -> Iterator[list[Row]]:
    """Measures of some items or of all, in a window or in each, of a source or of the reference source; some rows at a time."""
    parameters = {"window": window, "source": source, "items": None if chosen is None else list(chosen)}
    with (
        database.connection(answer_within=LONG_TIMEOUT) as connection,
        connection.transaction(),
        connection.cursor("measures", row_factory=dict_row) as cursor,
    ):
        cursor.execute(MEASURED, parameters)
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield rows


def _ids(connection: psycopg.Connection) -> list[int]:
    return [item for (item,) in connection.execute("SELECT id FROM items ORDER BY id").fetchall()]


_ITEMS = """
SELECT i.market_hash_name, i.currency, i.price_scale, coalesce(%(source)s::text, i.reference_source), p.packed
FROM items i CROSS JOIN LATERAL (
    SELECT string_agg(timestamptz_send(h.time) || int8send(h.price) || int8send(coalesce(h.volume, -1)), ''::bytea) AS packed
    FROM ({points}) h) p
WHERE i.id = ANY(%(ids)s) AND p.packed IS NOT NULL ORDER BY i.id
"""
QUOTES = sql.SQL(_ITEMS).format(
    points=sql.SQL(
        "SELECT time, price, volume FROM price_history_between(now() - %(span)s::interval, 'infinity')"
        " WHERE item_id = i.id AND source = coalesce(%(source)s::text, i.reference_source) AND time > now() - %(span)s::interval ORDER BY time"
    )
)
CLOSES = sql.SQL(_ITEMS).format(
    points=sql.SQL(
        "SELECT close_time AS time, close AS price, volume FROM price_1h_between(now() - %(span)s::interval, 'infinity')"
        " WHERE item_id = i.id AND source = coalesce(%(source)s::text, i.reference_source) AND bucket > now() - %(span)s::interval ORDER BY bucket"
    )
)
MEASURED = sql.SQL(
    """
SELECT i.market_hash_name, i.currency, i.price_scale, m.source, m."window", m.reference, {as_of}, m.last_price, m.volume,
    m.volume_rolling, m.samples, m.coverage, {measures}
FROM item_metrics m JOIN items i ON i.id = m.item_id
WHERE (%(window)s::text IS NULL OR m."window" = %(window)s) AND (%(items)s::integer[] IS NULL OR m.item_id = ANY(%(items)s))
  AND (m.source = %(source)s OR (%(source)s::text IS NULL AND m.reference))
ORDER BY m.item_id, m.source, m."window"
"""
).format(
    as_of=sql.SQL(RUN_AS_OF),
    measures=sql.SQL(", ").join(sql.SQL("m.{}").format(sql.Identifier(name)) for name in MEASURES),
)
