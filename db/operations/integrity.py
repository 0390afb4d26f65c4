"""Integrity check: recomputes everything derived from the kept quotes, names what differs and, if asked, puts it right."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
from psycopg import IsolationLevel
from psycopg.rows import tuple_row

from db.core.pool import Database, Row
from db.operations import estimates
from db.operations.differences import ABSENT, Difference, Tally
from db.quotes import recompute, writer
from db.quotes.buckets import Ints

ROWS_AT_ONCE = 400_000
"""Quotes and buckets looked at together; it bounds memory."""
HEARTBEAT = timedelta(minutes=30)


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
    against themselves), of `price_latest` those of quotes that are not in the history (volume and book). `mended` rows were
    written or removed by table; `left` rows are wrong and stay.
    """

    tally: Tally = field(default_factory=Tally)
    rows: Counter[str] = field(default_factory=Counter)
    unchecked: Counter[str] = field(default_factory=Counter)
    mended: Counter[str] = field(default_factory=Counter)
    left: int = 0

    @property
    def differences(self) -> int:
        """How many cells and rows are not what they should be."""
        return self.tally.counts.total()


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


def account(report: Report) -> list[str]:
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
    if mended := {table: number for table, number in report.mended.items() if number}:
        lines.append("repaired: " + ", ".join(f"{table} {number:,} rows" for table, number in mended.items()))
    if report.left:
        lines.append(f"{report.left:,} rows stay as they are: the quotes that would tell what is right are gone")
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
    it compares again and writes. `heartbeat` is for how long an unchanged price is not kept again.
    """
    report = Report()
    parts = list(_parts(database))
    total, done = sum(size for *_, size in parts), 0
    for source, items, size in parts:
        _check_part(database, source, items, report, heartbeat=max(heartbeat, HEARTBEAT), repair=repair)
        done += size
        if progress:
            progress(Progress(source, done, total))
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


def _check_part(
    database: Database, source: str, items: Ints, report: Report, *, heartbeat: timedelta, repair: bool
) -> None:
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
            report.rows[level.table] += len(level.kept)
            report.unchecked[level.table] += level.unchecked
        report.rows["price_latest"] += found.latest_rows
        report.unchecked["price_latest"] += found.latest.unchecked
        wrong = found.tell(report.tally)
        if wrong and repair:
            with connection.transaction():
                writer.lock_source(connection, source)
                found = recompute.compare(connection, source, items, heartbeat=within)
                report.mended.update(recompute.repair(connection, found))
        report.left += found.left() if repair else 0


def _check_rest(database: Database, report: Report, *, repair: bool) -> None:
    """Measures and partitions."""
    stray = database.rows(STRAY_MEASURES)
    report.tally.add(
        Difference("item_metrics", row["item_id"], row["source"], None, "row", f"window {row['window']}", ABSENT)
        for row in stray
    )
    if stray and repair:
        report.mended["item_metrics"] += database.execute(FORGET_STRAY_MEASURES)
    for row in database.rows(TWO_REFERENCES):
        kept = f"{row['n']} in window {row['window']}"
        report.tally.add([Difference("item_metrics", row["item_id"], None, None, "reference", kept, "one")])
        if repair:  # the next run measures them anew
            report.mended["item_metrics"] += database.execute(FORGET_MEASURES, [row["item_id"], row["window"]])
    for row in database.rows(DETACHED):
        report.tally.add(
            [Difference(row["name"], None, None, None, "partition", "detached", "attached to price_history")]
        )
        report.left += repair


def sizes(database: Database) -> list[Row]:
    """Tables with their estimated rows, null if unknown, and bytes; partitions are counted with their table."""
    return database.rows(
        "SELECT coalesce(p.relname, c.relname) AS name,"
        f" {estimates.ALL_ROWS} AS rows,"
        " sum(pg_total_relation_size(c.oid))::bigint AS bytes"
        " FROM pg_class c LEFT JOIN pg_inherits h ON h.inhrelid = c.oid LEFT JOIN pg_class p ON p.oid = h.inhparent"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') GROUP BY 1 ORDER BY 3 DESC"
    )


PAIRS = """
SELECT source, item_id, max(n) AS n FROM (
    SELECT source, item_id, count(*) AS n FROM price_history GROUP BY 1, 2
    UNION ALL SELECT source, item_id, count(*) FROM price_1h GROUP BY 1, 2
    UNION ALL SELECT source, item_id, count(*) FROM price_24h GROUP BY 1, 2
    UNION ALL SELECT source, item_id, count(*) FROM price_7d GROUP BY 1, 2
    UNION ALL SELECT source, item_id, 1 FROM price_latest) p
GROUP BY 1, 2 ORDER BY 1, 2
"""
STRAY_MEASURES = """
SELECT m.item_id, m.source, m."window" FROM item_metrics m
WHERE NOT EXISTS (SELECT 1 FROM price_latest l WHERE l.item_id = m.item_id AND l.source = m.source) ORDER BY 1, 2, 3
"""
FORGET_STRAY_MEASURES = """
DELETE FROM item_metrics m
WHERE NOT EXISTS (SELECT 1 FROM price_latest l WHERE l.item_id = m.item_id AND l.source = m.source)
"""
FORGET_MEASURES = 'DELETE FROM item_metrics WHERE item_id = %s AND "window" = %s'
TWO_REFERENCES = """
SELECT item_id, "window", count(*) AS n FROM item_metrics WHERE reference GROUP BY 1, 2 HAVING count(*) > 1 ORDER BY 1, 2
"""
DETACHED = """
SELECT c.relname AS name FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname ~ '^price_history_[0-9]{4}(_[0-9]{2})?$'
  AND NOT EXISTS (SELECT 1 FROM pg_inherits h WHERE h.inhrelid = c.oid) ORDER BY 1
"""
