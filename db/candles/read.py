"""Candle reads: candles of an interval, the one still running made from the shorter ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from db.candles.columns import FIELDS, CandleColumns
from db.candles.combine import combine
from db.candles.intervals import INTERVALS, NAMES, ceil, moment
from db.core.pool import Database

MAX_CANDLES = 5_000


@dataclass(frozen=True, slots=True)
class Stored:
    """Candles, oldest first, and when the pair's newest final minute opened (seconds; None: it has none), all as of one moment."""

    columns: CandleColumns
    last_minute: int | None


@dataclass(frozen=True, slots=True)
class Span:
    """Which candles: those that open in [since, until), in seconds, the newest `limit` of them; None is without a bound."""

    since: int | None = None
    until: int | None = None
    limit: int = 500


def candles(
    database: Database, item_id: int, source: str, interval: str, *, since: int | None, until: int | None, limit: int
) -> CandleColumns:
    """The columns of `stored`."""
    return stored(database, item_id, source, interval, Span(since, until, limit)).columns


def stored(database: Database, item_id: int, source: str, interval: str, span: Span) -> Stored:
    """Candles that are kept. The last one may still run: then it covers the minutes that are final so far."""
    with database.connection() as connection:
        while True:
            parts = list(_parts(connection, item_id, source, interval, span))
            if len({part.last_minute for part in parts}) == 1:  # else a minute ended between two statements
                break
    [kept, *shorter] = [part.columns for part in parts]
    if not shorter:
        return parts[0]
    running = combine(CandleColumns.join(shorter), interval)
    inside = running.open_time < (span.until if span.until is not None else np.iinfo(np.int64).max)
    found = CandleColumns.join([kept, running.take(inside)])
    return Stored(found.take(np.arange(max(0, len(found) - span.limit), len(found))), parts[0].last_minute)


def intervals(database: Database, item_id: int, source: str) -> list[str]:
    """Intervals that have a candle, shortest first."""
    parts = [
        sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {} WHERE item_id = %(item)s AND source = %(source)s)").format(
            sql.Literal(name), sql.Identifier(f"candles_{name}")
        )
        for name in NAMES
    ]
    with database.connection() as connection, connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(sql.SQL(" UNION ALL ").join(parts), {"item": item_id, "source": source})
        found = {name for (name,) in cursor}
    return [name for name in NAMES if name in found or (NAMES[0] in found)]


def extremes(database: Database, item_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """All-time high and low of pairs, in minor units, from their days that are over and the last 24 hours."""
    with database.connection() as connection, connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(EXTREMES, [list(item_ids)])
        return {item: (high, low) for item, high, low in cursor}


def _parts(connection: psycopg.Connection, item_id: int, source: str, interval: str, span: Span) -> Iterator[Stored]:
    """Candles of the interval, then shorter ones from where it ends on, each from where the next longer one ends."""
    kept = _kept(connection, item_id, source, interval, span)
    yield kept
    begin = 0 if span.since is None else ceil(span.since, interval)
    end = int(kept.columns.open_time[-1]) + INTERVALS[interval] if len(kept.columns) else begin
    if span.until is not None and end >= span.until:
        return
    for name in reversed(NAMES[: NAMES.index(interval)]):
        part = _kept(connection, item_id, source, name, Span(end, None, MAX_CANDLES))
        yield part
        if len(part.columns):
            end = int(part.columns.open_time[-1]) + INTERVALS[name]


def _kept(connection: psycopg.Connection, item_id: int, source: str, interval: str, span: Span) -> Stored:
    where = [sql.SQL("item_id = %(item)s AND source = %(source)s")]
    if span.since is not None:
        where.append(sql.SQL("open_time >= %(since)s"))
    if span.until is not None:
        where.append(sql.SQL("open_time < %(until)s"))
    query = SELECT.format(sql.Identifier(f"candles_{interval}"), sql.SQL(" AND ").join(where))
    parameters = {
        "item": item_id,
        "source": source,
        "since": None if span.since is None else moment(span.since),
        "until": None if span.until is None else moment(span.until),
        "limit": span.limit,
    }
    with connection.cursor(row_factory=tuple_row, binary=True) as cursor:
        packed, last = cursor.execute(query, parameters).fetchone() or (None, None)
    cells = np.frombuffer(packed or b"", dtype=">i8").reshape(-1, len(FIELDS))
    return Stored(CandleColumns(*cells.T.astype(np.int64)), last)


SELECT = sql.SQL("""
SELECT string_agg(int8send(extract(epoch FROM open_time)::bigint) || int8send(open) || int8send(high) || int8send(low)
        || int8send(close) || int8send(volume) || int8send(coalesce(trades, -1)), ''::bytea ORDER BY open_time),
    (SELECT extract(epoch FROM open_time)::bigint FROM candles_1m
        WHERE item_id = %(item)s AND source = %(source)s ORDER BY open_time DESC LIMIT 1)
FROM (SELECT open_time, open, high, low, close, volume, trades FROM {} WHERE {} ORDER BY open_time DESC LIMIT %(limit)s) c
""")
"""One value for all rows: tuples of them, and an array of these, took longer than all else of an answer."""
EXTREMES = """
SELECT t.item_id, greatest(t.high, t.price, d.high), least(t.low, t.price, d.low)
FROM tickers t JOIN items i ON i.id = t.item_id AND i.reference_source = t.source
LEFT JOIN LATERAL (
    SELECT max(high) AS high, min(low) AS low FROM candles_1d WHERE item_id = t.item_id AND source = t.source
) d ON true
WHERE t.item_id = ANY(%s)
"""
