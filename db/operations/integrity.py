"""Integrity check: recomputes everything derived from the stored quotes, names differences and repairs them on request."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import numpy as np
from psycopg import IsolationLevel
from psycopg.rows import tuple_row

from db.core.arrays import Ints
from db.core.pool import Database, Row
from db.operations import estimates
from db.operations.differences import ABSENT, Difference, Tally
from db.quotes import recompute, writer
from db.quotes.stored import TABLES
from db.timescale import columnstore

ROWS_AT_ONCE = 200_000
"""Quotes and buckets of a part, which are looked at together; it bounds memory."""
PARTS_AT_ONCE = 3
HEARTBEAT = timedelta(minutes=30)
VIEWS = {table: view for view, table in TABLES.items()} | {
    "price_quotes": "price_history",
    "price_months": "price_history",
    "price_archive": "price_history",
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How many of the quotes, and of the buckets where these are more, have been looked at."""

    source: str
    done: int
    total: int


@dataclass(slots=True)
class Report:
    """What a check found, and what a repair did.

    `rows` were compared, by table. `unchecked` could not be recomputed: of `price_1h` those whose quotes are deleted (checked only
    against themselves), of `price_latest` those of quotes that are not in the history (volume and book). `repaired` rows were
    written or removed by table; `unrepaired` rows are wrong and stay.
    """

    tally: Tally = field(default_factory=Tally)
    rows: Counter[str] = field(default_factory=Counter)
    unchecked: Counter[str] = field(default_factory=Counter)
    repaired: Counter[str] = field(default_factory=Counter)
    unrepaired: int = 0

    @property
    def differences(self) -> int:
        """How many cells and rows are not what they should be."""
        return self.tally.counts.total()

    def join(self, part: "Report") -> None:
        """Add what was found of another part."""
        self.tally.join(part.tally)
        for mine, found in (
            (self.rows, part.rows),
            (self.unchecked, part.unchecked),
            (self.repaired, part.repaired),
        ):
            mine.update(found)
        self.unrepaired += part.unrepaired


def verify(database: Database) -> list[str]:
    """One sentence per table and column that is not what it should be."""
    return sentences(check(database))


def sentences(report: Report) -> list[str]:
    """Per table and column how much differs."""
    return [
        f"{table}: {number:,} rows that are missing or should not be there"
        if column == "row"
        else f"{table}.{column}: {number:,} not as expected"
        for (table, column), number in sorted(report.tally.counts.items())
    ]


def summary_lines(report: Report) -> list[str]:
    """What was compared, what could not be, and what a repair did."""
    lines = ["compared: " + ", ".join(f"{table} {number:,} rows" for table, number in report.rows.items())]
    if hours := report.unchecked["price_1h"]:
        lines.append(
            f"{hours:,} rows of price_1h could not be recomputed: their quotes are deleted; days and weeks were, from them"
        )
    if newest := report.unchecked["price_latest"]:
        lines.append(
            f"{newest:,} newest prices are of quotes that are not kept: their volume and book could not be compared"
        )
    if repaired := {table: number for table, number in report.repaired.items() if number}:
        lines.append("repaired: " + ", ".join(f"{table} {number:,} rows" for table, number in repaired.items()))
    if report.unrepaired:
        lines.append(f"{report.unrepaired:,} rows stay as they are: the quotes that would tell what is right are gone")
    return lines


def check(
    database: Database,
    *,
    heartbeat: timedelta = HEARTBEAT,
    repair: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> Report:
    """Compare every roll-up and newest price with the quotes; measures and partitions with what they belong to.

    Each part is read in one snapshot, so that a running instance disturbs nothing; a repair is its source's only writer while
    it compares again and writes. `heartbeat` is for how long an unchanged price is not stored again.
    """
    report = Report()
    parts = list(_parts(database))
    total, done = sum(size for *_, size in parts), 0
    check_part = partial(_check_part, database, heartbeat=max(heartbeat, HEARTBEAT), repair=repair)
    # The server packs the rows of one part while those of another are compared.
    with ThreadPoolExecutor(PARTS_AT_ONCE, "verify") as pool:
        checked = [(source, size, pool.submit(check_part, source, items)) for source, items, size in parts]
        try:
            for source, size, found in checked:
                report.join(found.result())
                done += size
                if progress:
                    progress(Progress(source, done, total))
        finally:
            pool.shutdown(cancel_futures=True)
    _check_rest(database, report, repair=repair)
    return report


def _parts(database: Database) -> Iterator[tuple[str, Ints, int]]:
    """Source, items, and how many rows they have: together everything."""
    rows = database.fetch(PAIRS, None, factory=tuple_row)
    start, size = 0, 0
    for at, (source, _, rows_of_item) in enumerate(rows):
        size += rows_of_item
        if size >= ROWS_AT_ONCE or at + 1 == len(rows) or rows[at + 1][0] != source:
            yield source, np.array([item for _, item, _ in rows[start : at + 1]], dtype=np.int64), size
            start, size = at + 1, 0


def _check_part(database: Database, source: str, items: Ints, *, heartbeat: timedelta, repair: bool) -> Report:
    report = Report()
    within = heartbeat // timedelta(microseconds=1)
    with database.connection() as connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        try:
            with connection.transaction():
                found = recompute.compare(connection, source, items, heartbeat=within)
        finally:
            connection.isolation_level = None
        report.rows["price_history"] += found.quotes
        for level in found.levels:
            report.rows[level.table] += len(level.stored)
            report.unchecked[level.table] += level.unchecked
        report.rows["price_latest"] += found.latest_rows
        report.unchecked["price_latest"] += found.latest.unchecked
        wrong = found.add_to(report.tally)
        if wrong and repair:
            with connection.transaction():
                writer.lock_source(connection, source)
                found = recompute.compare(connection, source, items, heartbeat=within)
                report.repaired.update(recompute.repair(connection, found))
        report.unrepaired += found.unrepaired() if repair else 0
    return report


def _check_rest(database: Database, report: Report, *, repair: bool) -> None:
    """Measures and partitions."""
    stray = database.rows(STRAY_MEASURES)
    report.tally.add(
        Difference("item_metrics", row["item_id"], row["source"], None, "row", f"window {row['window']}", ABSENT)
        for row in stray
    )
    if stray and repair:
        report.repaired["item_metrics"] += database.execute(FORGET_STRAY_MEASURES)
    for row in database.rows(TWO_REFERENCES):
        stored = f"{row['n']} in window {row['window']}"
        report.tally.add([Difference("item_metrics", row["item_id"], None, None, "reference", stored, "one")])
        if repair:  # the next run measures them anew
            report.repaired["item_metrics"] += database.execute(FORGET_MEASURES, [row["item_id"], row["window"]])
    for row in database.rows(DETACHED):
        report.tally.add(
            [Difference(row["name"], None, None, None, "partition", "detached", "attached to price_quotes")]
        )
        report.unrepaired += repair


def sizes(database: Database) -> list[Row]:
    """Tables with their estimated rows, null if unknown, and bytes, the largest first.

    Partitions are counted with their table, and tables of the history and its roll-ups under the names of their views.
    """
    packed = database.row(f"SELECT ({estimates.PACKED}) AS quotes") or {"quotes": 0}
    found: dict[str, Row] = {}
    for row in database.rows(
        "SELECT coalesce(p.relname, c.relname) AS name,"
        f" {estimates.ALL_ROWS} AS rows,"
        " sum(pg_total_relation_size(c.oid))::bigint AS bytes"
        " FROM pg_class c LEFT JOIN pg_inherits h ON h.inhrelid = c.oid LEFT JOIN pg_class p ON p.oid = h.inhparent"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') GROUP BY 1"
    ) + [{"name": kept.relation, "rows": kept.rows, "bytes": kept.bytes} for kept in columnstore.state(database)]:
        if row["name"] == "price_months":
            row["rows"] = packed["quotes"]
        name = str(VIEWS.get(row["name"], row["name"]))
        whole = found.setdefault(name, {"name": name, "rows": 0, "bytes": 0})
        whole["rows"] = None if None in {whole["rows"], row["rows"]} else whole["rows"] + row["rows"]
        whole["bytes"] += row["bytes"]
    return sorted(found.values(), key=lambda row: -row["bytes"])


PAIRS = """
SELECT source, item_id, max(n)::bigint AS n FROM (
    SELECT source, item_id, sum(n) AS n FROM (
        SELECT source, item_id, count(*) AS n FROM price_quotes GROUP BY 1, 2
        UNION ALL SELECT source, item_id, sum(samples) FROM price_months GROUP BY 1, 2) q
    GROUP BY 1, 2
    UNION ALL SELECT source, item_id, count(*) FROM price_hours GROUP BY 1, 2
    UNION ALL SELECT source, item_id, count(*) FROM price_days GROUP BY 1, 2
    UNION ALL SELECT source, item_id, count(*) FROM price_weeks GROUP BY 1, 2
    UNION ALL SELECT source, item_id, 1 FROM price_latest) p
GROUP BY 1, 2 ORDER BY 1, 2
"""
STRAY_MEASURES = """
SELECT m.item_id, m.source, m."window" FROM item_metrics m
WHERE NOT EXISTS (SELECT 1 FROM price_latest l WHERE l.item_id = m.item_id AND l.source = m.source)
  AND NOT EXISTS (SELECT 1 FROM candles_1h c WHERE c.item_id = m.item_id AND c.source = m.source)
  AND NOT EXISTS (SELECT 1 FROM candles_1m c WHERE c.item_id = m.item_id AND c.source = m.source) ORDER BY 1, 2, 3
"""
FORGET_STRAY_MEASURES = """
DELETE FROM item_metrics m
WHERE NOT EXISTS (SELECT 1 FROM price_latest l WHERE l.item_id = m.item_id AND l.source = m.source)
  AND NOT EXISTS (SELECT 1 FROM candles_1h c WHERE c.item_id = m.item_id AND c.source = m.source)
  AND NOT EXISTS (SELECT 1 FROM candles_1m c WHERE c.item_id = m.item_id AND c.source = m.source)
"""
FORGET_MEASURES = 'DELETE FROM item_metrics WHERE item_id = %s AND "window" = %s'
TWO_REFERENCES = """
SELECT item_id, "window", count(*) AS n FROM item_metrics WHERE reference GROUP BY 1, 2 HAVING count(*) > 1 ORDER BY 1, 2
"""
DETACHED = """
SELECT c.relname AS name FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname ~ '^price_quotes_[0-9]{4}(_[0-9]{2})?$'
  AND NOT EXISTS (SELECT 1 FROM pg_inherits h WHERE h.inhrelid = c.oid) ORDER BY 1
"""
