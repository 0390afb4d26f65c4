"""Transfer: everything of one database into another, whose history is in plain tables, whatever it is in here."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Final

import psycopg
from psycopg import sql

from db.core import migrate

ITEMS_AT_ONCE: Final = 500
"""Items whose packed months are read at once: where they are columns, a month is put together from its quotes."""


class TransferError(RuntimeError):
    """Nothing was copied; both databases are as they were, but for the schema in the new one."""


@dataclass(frozen=True, slots=True)
class Copied:
    """A table that is through, and its rows."""

    relation: str
    rows: int


@dataclass(frozen=True, slots=True)
class _Table:
    """A table of the new database: schema, name, and the columns that take values."""

    schema: str
    name: str
    columns: list[str]

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.name)

    @property
    def named(self) -> sql.Composed:
        return sql.SQL(", ").join(map(sql.Identifier, self.columns))


def transfer(source_url: str, target_url: str, progress: Callable[[Copied], None] = lambda _: None) -> int:
    """Copy every row in one transaction, as they were when it began, and return how many; the history lies in plain tables there.

    Raises:
        TransferError: the other database holds something already, or cannot be used.
        DatabaseDownError: one of them cannot be reached.
    """
    migrate.upgrade(source_url)
    migrate.upgrade(target_url)
    try:
        with (
            psycopg.connect(source_url, connect_timeout=migrate.CONNECT_TIMEOUT) as source,
            psycopg.connect(target_url, connect_timeout=migrate.CONNECT_TIMEOUT) as target,
        ):
            source.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            for connection in (source, target):
                connection.execute("SET TIME ZONE 'UTC'")
            return _copy_all(source, target, progress)
    except psycopg.Error as error:
        raise TransferError(" ".join(str(error).split())) from error


def _copy_all(source: psycopg.Connection, target: psycopg.Connection, progress: Callable[[Copied], None]) -> int:
    if target.execute(HOLDS).fetchone() != (False,):
        raise TransferError("the other database holds items or accounts already: it has to be empty")
    tables = _tables(target)
    total = 0
    # Each table's triggers would do again what was done when its rows came in.
    for table in tables:
        target.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(table.identifier))
        target.execute(sql.SQL("TRUNCATE {} CASCADE").format(table.identifier))
    _make_partitions(source, target)
    for table in tables:
        rows = sum(_copy(source, target, table, query) for query in _queries(source, table))
        total += rows
        progress(Copied(table.name, rows))
    for table in tables:
        target.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(table.identifier))
    for schema, name, value in source.execute(SEQUENCES).fetchall():
        target.execute("SELECT setval(format('%%I.%%I', %s::text, %s::text)::regclass, %s)", [schema, name, value])
    return total


def _tables(target: psycopg.Connection) -> list[_Table]:
    """All of them, each behind those that it refers to."""
    found = {oid: _Table(schema, name, columns) for oid, schema, name, columns in target.execute(TABLES).fetchall()}
    graph: dict[int, set[int]] = {oid: set() for oid in found}
    for table, other in target.execute(REFERENCES).fetchall():
        if table in found and other in found:
            graph[table].add(other)
    return [found[oid] for oid in TopologicalSorter(graph).static_order()]


def _make_partitions(source: psycopg.Connection, target: psycopg.Connection) -> None:
    for procedure, table, column in PARTITIONED:
        query = sql.SQL("SELECT min({0}), max({0}) FROM {1}").format(sql.Identifier(column), sql.Identifier(table))
        first, last = source.execute(query).fetchone() or (None, None)
        if first is not None:
            target.execute(sql.SQL("CALL {}(%s, %s)").format(sql.Identifier(procedure)), [first, last])


def _queries(source: psycopg.Connection, table: _Table) -> Iterator[sql.Composed]:
    """What reads a table: at once, but for packed months, which are a view on TimescaleDB."""
    whole = sql.SQL("SELECT {} FROM {}").format(table.named, table.identifier)
    if table.name != "price_months":
        yield whole
        return
    (last,) = source.execute("SELECT coalesce(max(id), 0) FROM items").fetchone() or (0,)
    for first in range(0, int(last) + 1, ITEMS_AT_ONCE):
        yield whole + sql.SQL(" WHERE item_id >= {} AND item_id < {}").format(first, first + ITEMS_AT_ONCE)


def _copy(source: psycopg.Connection, target: psycopg.Connection, table: _Table, query: sql.Composed) -> int:
    out = sql.SQL("COPY ({}) TO STDOUT (FORMAT binary)").format(query)
    into = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(table.identifier, table.named)
    with source.cursor() as reader, target.cursor() as writer:
        with reader.copy(out) as rows, writer.copy(into) as taken:
            for block in rows:
                taken.write(block)
        return max(writer.rowcount, 0)


PARTITIONED: Final = (("price_partitions", "price_quotes", "time"), ("candle_partitions", "candles_1m", "open_time"))
"""Procedures that make partitions, for which table's times."""
HOLDS: Final = "SELECT EXISTS (SELECT FROM items) OR EXISTS (SELECT FROM users)"
TABLES: Final = """
SELECT c.oid, n.nspname, c.relname, array_agg(a.attname::text ORDER BY a.attnum)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname IN ('public', 'tasks') AND c.relname !~ '^_?yoyo'
GROUP BY 1, 2, 3 ORDER BY 2, 3
"""
REFERENCES: Final = (
    "SELECT DISTINCT conrelid, confrelid FROM pg_constraint WHERE contype = 'f' AND conrelid <> confrelid"
)
SEQUENCES: Final = """
SELECT schemaname, sequencename, last_value FROM pg_sequences WHERE schemaname IN ('public', 'tasks') AND last_value IS NOT NULL
"""
