"""Derived tables of one source and some items compared with its kept quotes, and put right."""

from dataclasses import dataclass

import numpy as np
import psycopg

from db.operations.differences import Difference, Tally
from db.quotes import derived, rollups, stored
from db.quotes import latest_check as latest
from db.quotes.buckets import WIDTHS_US, Ints, Ticks
from db.quotes.derived import Level


@dataclass(frozen=True, slots=True)
class Compared:
    """What was found of one source and some items: every roll-up, the newest prices, and rows of items that do not exist."""

    source: str
    quotes: int
    levels: list[Level]
    latest: latest.Comparison
    latest_rows: int
    orphans: list[Difference]

    def tell(self, tally: Tally) -> int:
        """Add all differences to a tally; returns how many they are."""
        before = tally.counts.total()
        for level in self.levels:
            tally.add_level(level, self.source)
        tally.add(self.latest.differences)
        tally.add(self.orphans)
        return tally.counts.total() - before

    def left(self) -> int:
        """Rows that are wrong and that a repair leaves alone."""
        return len(self.orphans) + sum(level.left_wrong() for level in self.levels)


def compare(connection: psycopg.Connection, source: str, items: Ints, *, heartbeat: int) -> Compared:
    """Compare everything derived; the caller's transaction sees one state, or is the only writer. `heartbeat` in microseconds."""
    history = stored.history(connection, source, items)
    ticks = Ticks(history.item_id, history.time, history.price, history.volume, history.rolling)
    tables = {table: rollups.read(connection, table, source, items) for table in WIDTHS_US}
    levels = derived.levels(ticks, tables)
    existing = _existing(connection, items)
    hours = levels[0].settled()
    right = latest.derived(history, hours.take(np.isin(hours.item_id, existing)))
    held = latest.read(connection, source, items)
    newest = latest.compare(source, held, right, history, heartbeat)
    lost = np.setdiff1d(items, existing).tolist()
    named = {"price_history": history.item_id} | {table: rows.item_id for table, rows in tables.items()}
    orphans = [
        Difference(table, item, source, None, "item_id", item, "an item that exists")
        for table, ids in named.items()
        for item in lost
        if item in ids
    ]
    return Compared(source, len(history), levels, newest, len(held.quotes), orphans)


def repair(connection: psycopg.Connection, found: Compared) -> dict[str, int]:
    """Put right what can be; returns rows written or removed by table. The caller holds `lock_source` since before the comparison."""
    changed: dict[str, int] = {}
    for level in found.levels:
        wrong = level.wrong() & ~level.left
        gone = level.kept.take(wrong)
        rows = level.derived.take(np.sort(np.concatenate([level.missing, level.at_derived[wrong[level.at_kept]]])))
        rollups.replace(connection, level.table, found.source, (gone.item_id, gone.bucket), rows)
        changed[level.table] = len(gone) + len(level.missing)
    latest.write(connection, found.source, found.latest)
    changed[latest.TABLE] = len(np.union1d(found.latest.gone, found.latest.rows.quotes.item_id))
    return changed


def _existing(connection: psycopg.Connection, items: Ints) -> Ints:
    rows = connection.execute("SELECT id FROM items WHERE id = ANY(%s)", [items.tolist()]).fetchall()
    return np.array([row[0] for row in rows], dtype=np.int64)
