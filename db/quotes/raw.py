"""Raw quotes: deletes old ones while their roll-ups stay, and moves those of months that are over into packed months."""

from datetime import UTC, datetime

import numpy as np
import psycopg
import structlog
from psycopg import sql
from psycopg.rows import tuple_row

from db.core import binary
from db.core.arrays import Ints
from db.core.pool import Database
from db.quotes import change_log, months, stored, writer
from db.quotes.columns import QuoteColumns

log = structlog.get_logger(__name__)

QUOTES_AT_ONCE = 200_000
"""Quotes moved in one transaction; writers of their source wait for it."""
LOCK_TIMEOUT = "2s"
"""The server's own vacuum gives way after one second."""
ROW_BYTES = 250
"""About what a bucket's row takes with its key."""
SHRINK_FROM = 64 << 20
"""Bytes of a table from which on emptied space is given back to the system."""


def delete_raw(database: Database, source: str | None, before: datetime, *, sparing: list[str]) -> int:
    """Delete raw quotes of a source (None: of all but `sparing`) that are older than a moment; roll-ups stay.

    Packed months go as a whole, once all of them is older. Returns how many quotes were deleted.
    """
    chosen = {"before": before, "source": source, "sparing": sparing}
    deleted = database.execute(FORGET_ROWS, chosen)
    for spoken, month in database.fetch(PACKED, chosen, factory=tuple_row):
        keys = {"source": spoken, "month": month}
        with database.connection() as connection, connection.transaction():
            writer.lock_source(connection, spoken)
            for statement in KEEP_BUCKETS:
                connection.execute(statement, keys)
            (count,) = connection.execute(FORGET_MONTH, keys).fetchone() or (0,)
            deleted += count
    if deleted:
        with database.connection() as connection:
            change_log.note(connection, None)
    return deleted


def pack(database: Database, now: datetime) -> int:
    """Move rows of months that are over for long enough into packed months, some items at a time; returns how many quotes.

    Each transaction leaves everything whole: what is interrupted goes on the next time.
    """
    before = datetime.fromtimestamp(months.packed_before(now) // 1_000_000, UTC)
    rows = database.fetch(WAITING, [before], factory=tuple_row)
    start, size, moved = 0, 0, 0
    for at, (source, _, count) in enumerate(rows):
        size += count
        if size >= QUOTES_AT_ONCE or at + 1 == len(rows) or rows[at + 1][0] != source:
            items = np.array([item for _, item, _ in rows[start : at + 1]], dtype=np.int64)
            with database.connection() as connection, connection.transaction():
                writer.lock_source(connection, source)
                moved += _move(connection, source, items, before)
            start, size = at + 1, 0
    _drop_empty(database, before)
    if moved:
        _give_back(database)
    return moved


def _move(connection: psycopg.Connection, source: str, items: Ints, before: datetime) -> int:
    """Move the rows of some items; also remove roll-up rows that the packed quotes tell from now on."""
    keys = {"source": source, "items": items.tolist(), "before": before}
    quotes = QuoteColumns(**binary.read_packed(connection, stored.OLD_OF_ITEMS, keys, stored.QUOTE)).in_order()
    if not len(quotes):
        return 0
    months.add(connection, source, quotes, np.full(len(quotes), np.iinfo(np.int64).max))
    connection.execute(FORGET_MOVED, keys)
    keys["since"] = datetime.fromtimestamp(int(quotes.time.min()) // 1_000_000, UTC)
    for statement in FORGET_BUCKETS:
        connection.execute(statement, keys)
    return len(quotes)


def _drop_empty(database: Database, before: datetime) -> None:
    """Drop partitions of months that are over and have no rows; where others are at work, the next time."""
    for (name,) in database.fetch(OLD_PARTITIONS, [before], factory=tuple_row):
        with database.connection() as connection, connection.transaction():
            connection.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
            try:
                connection.execute(DROP_EMPTY, [name])
            except psycopg.errors.LockNotAvailable:
                continue


def _give_back(database: Database) -> None:
    """Rewrite tables of buckets that are mostly empty now: once, after an old history was packed."""
    for table in map(sql.Identifier, stored.TABLES.values()):
        with database.connection() as connection:
            connection.execute(sql.SQL("VACUUM (ANALYZE) {}").format(table))
            found = connection.execute(
                MOSTLY_EMPTY, [table.as_string(connection), SHRINK_FROM, 4 * ROW_BYTES]
            ).fetchone()
            if found:
                connection.execute("SELECT set_config('lock_timeout', %s, false)", [LOCK_TIMEOUT])
                try:
                    connection.execute(sql.SQL("VACUUM (FULL) {}").format(table))
                except psycopg.errors.LockNotAvailable:
                    log.info("emptied space is kept: others are at work", table=table.as_string(connection))
                finally:
                    connection.execute("RESET lock_timeout")


FORGET_ROWS = """
DELETE FROM price_quotes
WHERE time < %(before)s AND (source = %(source)s OR (%(source)s::text IS NULL AND NOT source = ANY(%(sparing)s)))
"""
PACKED = """
SELECT DISTINCT source, month FROM price_months
WHERE month + interval '1 month' <= %(before)s AND (source = %(source)s OR (%(source)s::text IS NULL AND NOT source = ANY(%(sparing)s)))
ORDER BY 1, 2
"""
KEEP_BUCKETS = [
    f"INSERT INTO {table} SELECT * FROM {function}({first}, %(month)s::timestamptz + interval '1 month' - interval '1 microsecond')"
    " WHERE source = %(source)s ON CONFLICT DO NOTHING"
    for table, function, first in (
        ("price_weeks", "price_7d_packed", "date_bin('7 days', %(month)s, '2000-01-03 00:00:00+00')"),
        ("price_days", "price_24h_packed", "%(month)s"),
        ("price_hours", "price_1h_packed", "%(month)s"),
    )
]
FORGET_MONTH = """
WITH gone AS (DELETE FROM price_months WHERE source = %(source)s AND month = %(month)s RETURNING samples)
SELECT coalesce(sum(samples), 0)::bigint FROM gone
"""
WAITING = "SELECT source, item_id, count(*) FROM price_quotes WHERE time < %s GROUP BY 1, 2 ORDER BY 1, 2"
FORGET_MOVED = "DELETE FROM price_quotes WHERE source = %(source)s AND item_id = ANY(%(items)s) AND time < %(before)s"
FORGET_BUCKETS = [
    f"""
DELETE FROM {table} k USING (
    SELECT item_id, date_bin('{width}', time, '2000-01-03 00:00:00+00') AS bucket, count(*) AS n
    FROM price_packed(%(since)s::timestamptz - interval '7 days', %(before)s::timestamptz + interval '7 days')
    WHERE source = %(source)s AND item_id = ANY(%(items)s) GROUP BY 1, 2) p
WHERE k.source = %(source)s AND k.item_id = p.item_id AND k.bucket = p.bucket AND k.samples = p.n {condition}
"""
    for table, width, condition in (
        ("price_hours", "1 hour", ""),
        ("price_days", "1 day", "AND p.n = 1"),
        ("price_weeks", "7 days", ""),
    )
]
OLD_PARTITIONS = r"""
SELECT c.relname FROM pg_class c JOIN pg_inherits h ON h.inhrelid = c.oid
WHERE h.inhparent = 'price_quotes'::regclass
  AND (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \(''(.*)''\)'))[1]::timestamptz <= %s ORDER BY 1
"""
MOSTLY_EMPTY = """
SELECT 1 FROM pg_class WHERE oid = %s::regclass AND pg_total_relation_size(oid) > greatest(%s, %s * greatest(reltuples, 0))
"""
DROP_EMPTY = "CALL price_drop_empty(%s)"
