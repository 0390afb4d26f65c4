"""Change log: notes whose quotes a transaction wrote, and tells what was written since an earlier look."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg

from db.core import binary
from db.core.arrays import Ints
from db.core.pool import Database, Row

MOST = 2_000
"""Notes that are kept. More of them say no more than that any item may have changed: where nothing measures, they would have no end."""
FAR = datetime(1970, 1, 1, tzinfo=UTC)
"""The newest time of no quote."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What became visible after an earlier look, and the `snapshot` of this one.

    `newest` holds, by item, the time of the newest quote written. None: any item may have changed.
    """

    snapshot: str
    newest: dict[int, datetime] | None


def note(connection: psycopg.Connection, items: Ints | None, newest: datetime = FAR) -> None:
    """Note in the caller's transaction that quotes of these items were written or removed; None: of any."""
    literal = None if items is None else binary.literal(items)
    connection.execute(NOTE, {"items": literal, "newest": newest, "most": MOST})


def since(database: Database, snapshot: str | None) -> Changes:
    """What was noted by transactions that a snapshot did not see yet; with None anything may have been."""
    if snapshot is None:
        row = database.row("SELECT pg_current_snapshot()::text AS now")
        return Changes(str(row and row["now"]), None)
    rows = database.rows(SINCE, {"snapshot": snapshot})
    noted = [row for row in rows if row["newest"] is not None]
    return Changes(rows[0]["now"], None if any(row["items"] is None for row in noted) else _by_item(noted))


def later_than(database: Database, moment: datetime) -> dict[int, datetime]:
    """Items with quotes later than a moment, and the time of their newest."""
    rows = database.rows("SELECT item_id, max(time) AS newest FROM price_quotes WHERE time > %s GROUP BY 1", [moment])
    return {row["item_id"]: row["newest"] for row in rows}


def forget(database: Database, snapshot: str) -> None:
    """Remove what a snapshot sees: its run is through."""
    database.execute("DELETE FROM quote_changes WHERE pg_visible_in_snapshot(xid, %s::pg_snapshot)", [snapshot])


def _by_item(rows: Iterable[Row]) -> dict[int, datetime]:
    found: dict[int, datetime] = {}
    for row in sorted(rows, key=lambda row: row["newest"]):
        found |= dict.fromkeys(row["items"], row["newest"])
    return found


# Rows that another session is about to replace are left to it: writers of two sources do not wait for each other.
NOTE = """
WITH kept AS MATERIALIZED (SELECT count(*) >= %(most)s AS full FROM quote_changes),
replaced AS (DELETE FROM quote_changes WHERE (SELECT k.full FROM kept k)
             AND ctid = ANY(ARRAY(SELECT ctid FROM quote_changes FOR UPDATE SKIP LOCKED)))
INSERT INTO quote_changes (items, newest)
SELECT CASE WHEN NOT k.full THEN %(items)s::text::integer[] END, %(newest)s FROM kept k
"""
# One statement: the snapshot and what it sees belong together. There is one row at least.
SINCE = """
SELECT s.now::text, c.items, c.newest FROM (SELECT pg_current_snapshot() AS now) s
LEFT JOIN quote_changes c ON NOT pg_visible_in_snapshot(c.xid, %(snapshot)s::pg_snapshot)
"""
