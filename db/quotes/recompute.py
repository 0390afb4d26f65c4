"""Recompute: compares the derived tables of one source and some items with the stored quotes, and repairs them."""

from dataclasses import dataclass

import numpy as np
import psycopg

from db.core.arrays import Ints
from db.operations.differences import ABSENT, Difference, Tally, moment
from db.portfolio.past import mark_prices
from db.quotes import change_log, derived, latest_check, rollups, stored
from db.quotes.buckets import WIDTHS_US
from db.quotes.columns import QuoteColumns
from db.quotes.derived import Level

FORGET_ROWS = """
DELETE FROM price_quotes k USING unnest(%(items)s::integer[], %(times)s::bigint[]) g (item_id, us)
WHERE k.item_id = g.item_id AND k.source = %(source)s AND k.time = 'epoch'::timestamptz + g.us * interval '1 microsecond'
"""


@dataclass(frozen=True, slots=True)
class Compared:
    """What was found of one source and some items.

    Every roll-up, the newest prices, rows of items that do not exist, and rows of quotes that are packed too (`twice`).
    """

    source: str
    items: Ints
    quotes: int
    levels: list[Level]
    latest: latest_check.Comparison
    latest_rows: int
    orphans: list[Difference]
    twice: QuoteColumns

    def add_to(self, tally: Tally) -> int:
        """Add all differences to a tally; returns how many they are."""
        before = tally.counts.total()
        for level in self.levels:
            tally.add_level(level, self.source)
        tally.add(self.latest.differences)
        tally.add(self.orphans)
        for item, time, price in zip(
            self.twice.item_id.tolist(), self.twice.time, self.twice.price.tolist(), strict=True
        ):
            row = f"price {price} beside a packed quote"
            tally.add([Difference("price_history", item, self.source, moment(time), "row", row, ABSENT)])
        return tally.counts.total() - before

    def unrepaired(self) -> int:
        """Rows that are wrong and that a repair leaves alone."""
        return len(self.orphans) + sum(level.unrepaired() for level in self.levels)


def compare(connection: psycopg.Connection, source: str, items: Ints, *, heartbeat: int) -> Compared:
    """Compare everything derived; the caller's transaction sees one state, or is the only writer. `heartbeat` in microseconds."""
    held = stored.history(connection, source, items)
    history, twice = held.quotes, held.twice
    ticks = history.ticks()
    tables = {table: rollups.read(connection, table, source, items, ticks, held.packed) for table in WIDTHS_US}
    levels = derived.levels(ticks, tables, twice=(twice.item_id, twice.time))
    existing = _existing(connection, items)
    hours = levels[0].after_repair()
    right = latest_check.derived(history, hours.take(np.isin(hours.item_id, existing)))
    latest = latest_check.read(connection, source, items)
    newest = latest_check.compare(source, latest, right, history, heartbeat)
    lost = np.setdiff1d(items, existing).tolist()
    named = {"price_history": history.item_id} | {table: rows.item_id for table, rows in tables.items()}
    orphans = [
        Difference(table, item, source, None, "item_id", item, "an item that exists")
        for table, ids in named.items()
        for item in lost
        if item in ids
    ]
    return Compared(source, items, len(history), levels, newest, len(latest.quotes), orphans, twice)


def repair(connection: psycopg.Connection, found: Compared) -> dict[str, int]:
    """Put right what can be; returns rows written or removed by table. The caller holds `lock_source` since before the comparison."""
    changed: dict[str, int] = {}
    change_log.note(connection, found.items)
    if len(found.twice):  # the packed one stays, as when rows are packed
        keys = {"source": found.source, "items": found.twice.item_id.tolist(), "times": found.twice.time.tolist()}
        changed["price_history"] = connection.execute(FORGET_ROWS, keys).rowcount
    for level in found.levels:
        wrong = level.wrong() & ~level.untouched
        gone = level.stored.take(wrong)
        rows = level.derived.take(np.sort(np.concatenate([level.missing, level.at_derived[wrong[level.at_stored]]])))
        rollups.replace(connection, level.table, found.source, (gone.item_id, gone.bucket), rows)
        mark_prices(connection, np.append(gone.item_id, rows.item_id), np.append(gone.bucket, rows.bucket))
        changed[level.table] = len(gone) + len(level.missing)
    latest_check.write(connection, found.source, found.latest)
    changed[latest_check.TABLE] = len(np.union1d(found.latest.gone, found.latest.rows.quotes.item_id))
    return changed


def _existing(connection: psycopg.Connection, items: Ints) -> Ints:
    rows = connection.execute("SELECT id FROM items WHERE id = ANY(%s)", [items.tolist()]).fetchall()
    return np.array([row[0] for row in rows], dtype=np.int64)
