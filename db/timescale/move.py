"""Move: brings a history from plain tables into TimescaleDB's hypertables, while the instance serves."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import psycopg
from psycopg import sql

from db.core import migrate
from db.timescale import overlay

ROWS_AT_ONCE: Final = 200_000
"""Rows moved in one transaction; writers of their table wait for it."""
LOCK: Final = 730_730_732
"""The key of the advisory lock that one process moves under."""


class MoveError(RuntimeError):
    """The history cannot be moved; it is as it was, and so is what was moved of it."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How many rows of a table are moved; of packed months, how many quotes."""

    relation: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class _Table:
    """A plain table: where its rows go, the column of their time, how many rows one of its rows is, and what they are there."""

    name: str
    target: str
    time: str
    size: sql.SQL
    rows: sql.SQL


def move(database_url: str, progress: Callable[[Progress], None] = lambda _: None) -> int:
    """Move every row, a year of some items at a time, then put the hypertables in the tables' place; returns how many were moved.

    What is written meanwhile follows by triggers. Interrupted, it goes on where it stopped. The end is one transaction, which is
    refused if a row is missing.

    Raises:
        MoveError: the server has no TimescaleDB that can be used, or another process moves.
    """
    migrate.upgrade(database_url)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SET timescaledb.max_tuples_decompressed_per_dml_transaction = 0")
        connection.execute("SET TIME ZONE 'UTC'")
        if overlay.placed(connection):
            return 0
        if not overlay.usable(connection):
            raise MoveError("this server has no TimescaleDB of 2.18 or later loaded, under its own licence")
        if connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone() != (True,):
            raise MoveError("another process is moving the history")
        _apply(database_url, overlay.STAGED)
        moved = 0
        for table in TABLES:
            moved += _move(connection, table, progress)
        try:
            _apply(database_url, overlay.PLACED)
        except psycopg.errors.RaiseException as error:
            raise MoveError(f"{str(error).splitlines()[0]}: start again") from error
    return moved


def _apply(database_url: str, migration: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as guard:
        guard.execute("SELECT pg_advisory_lock(%s)", [migrate.LOCK])
        migrate.apply(database_url, migrate.OVERLAY, until=migration)


def _move(connection: psycopg.Connection, table: _Table, progress: Callable[[Progress], None]) -> int:
    words: dict[str, sql.Composable] = {
        "table": sql.Identifier(table.name),
        "target": sql.Identifier(table.target),
        "time": sql.Identifier(table.time),
        "size": table.size,
        "rows": table.rows,
    }
    first, last, total = connection.execute(SPAN.format(**words)).fetchone() or (None, None, 0)
    moved = done = 0
    for year, until in _years(first, last):
        period = {"relation": table.name, "since": year, "until": until}
        sizes = connection.execute(SIZES.format(**words), period).fetchall()
        marked = connection.execute(MARKED, period).fetchone()
        here = -1 if marked is None else int(marked[0])
        done += sum(int(size) for item, size in sizes if item <= here)
        for lo, hi, size in _batches([(item, size) for item, size in sizes if item > here]):
            with connection.transaction():
                connection.execute(BLOCK.format(**words))
                moved += connection.execute(COPY.format(**words), period | {"lo": lo, "hi": hi}).rowcount
                connection.execute(MARK, period | {"item": hi})
            done += size
            progress(Progress(table.name, done, int(total)))
        if table.target == "price_archive":  # or all of it would stand there as rows at once
            connection.execute(COMPRESS, period)
    return moved


def _years(first: datetime | None, last: datetime | None) -> Iterator[tuple[datetime, datetime]]:
    if first is not None and last is not None:
        for year in range(first.astimezone(UTC).year, last.astimezone(UTC).year + 1):
            yield datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)


def _batches(sizes: list[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
    """First item, last item and rows of each batch; items are in order."""
    start, rows = 0, 0
    for at, (item, size) in enumerate(sizes):
        rows += int(size)
        if rows >= ROWS_AT_ONCE or at + 1 == len(sizes):
            yield sizes[start][0], item, rows
            start, rows = at + 1, 0


TABLES: Final = (
    _Table("price_months", "price_archive", "month", sql.SQL("samples"), sql.SQL("""
        SELECT m.item_id, m.source, q.time, q.price, q.volume, CASE WHEN m.rollings IS NULL THEN m.volume_rolling ELSE q.rolling END,
               q.listings, q.bid, q.ask
        FROM chosen m CROSS JOIN LATERAL unnest(m.times, m.prices, m.volumes, m.rollings, m.listings, m.bids, m.asks)
            q (time, price, volume, rolling, listings, bid, ask)""")),
    *(
        _Table(name, f"{name}_next", column, sql.SQL("1"), sql.SQL("SELECT * FROM chosen"))
        for name, column in (("price_quotes", "time"), ("price_hours", "bucket"), ("price_days", "bucket"),
                             *((f"candles_{interval}", "open_time") for interval in ("1m", "5m", "15m", "1h")))
    ),
)  # fmt: skip
SPAN: Final = sql.SQL("SELECT min({time}), max({time}), coalesce(sum({size}), 0)::bigint FROM {table}")
SIZES: Final = sql.SQL(
    "SELECT item_id, sum({size})::bigint FROM {table} WHERE {time} >= %(since)s AND {time} < %(until)s GROUP BY 1 ORDER BY 1"
)
BLOCK: Final = sql.SQL("LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")
COPY: Final = sql.SQL("""
WITH chosen AS (
    SELECT * FROM {table} WHERE item_id BETWEEN %(lo)s AND %(hi)s AND {time} >= %(since)s AND {time} < %(until)s
    ORDER BY item_id, source, {time})
INSERT INTO {target} {rows} ON CONFLICT DO NOTHING
""")
MARKED: Final = "SELECT item_id FROM history_moved WHERE relation = %(relation)s AND year = %(since)s"
MARK: Final = """
INSERT INTO history_moved (relation, year, item_id) VALUES (%(relation)s, %(since)s, %(item)s)
ON CONFLICT (relation, year) DO UPDATE SET item_id = excluded.item_id
"""
COMPRESS: Final = (
    "SELECT count(compress_chunk(c)) FROM show_chunks('price_archive', older_than => %(until)s::timestamptz) c"
)
