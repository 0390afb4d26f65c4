"""Corrections: finds contradictions in a batch, and replaces stored quotes by corrected ones."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import psycopg

from db.core.arrays import Bools, Ints
from db.core.binary import UNKNOWN
from db.portfolio.past import mark_prices
from db.quotes import months, recompute
from db.quotes.buckets import changes
from db.quotes.columns import QuoteColumns
from db.quotes.writer import Known


@dataclass(frozen=True, slots=True)
class Contradictions:
    """m rows of a batch that say otherwise than another quote of the same item, source and time.

    `row` (m,) is the place in the batch, `price` and `volume` (m,) what the other says, `other` (m,) its place in the batch or -1
    where it is a stored one. `final` (m,) says that the stored one stays although corrections are wanted: its hour cannot be recomputed.
    """

    row: Ints
    price: Ints
    volume: Ints
    other: Ints
    final: Bools

    def __len__(self) -> int:
        """The number of contradictions."""
        return len(self.row)


def distinct(quotes: QuoteColumns, *, last: bool) -> tuple[Ints, Contradictions]:
    """Rows in order of (item, time), each key once, and rows that contradict the one that stands for their key.

    Of several quotes with one key the first given stands, or with `last` the last. Equal repeats contradict nothing.
    """
    if quotes.is_in_order():
        return np.arange(len(quotes)), _none()
    order = np.lexsort((quotes.time, quotes.item_id))
    first = changes(quotes.item_id[order], quotes.time[order])
    count = np.diff(first, append=len(order))
    chosen = order[first + count - 1 if last else first]
    if len(first) == len(order):
        return chosen, _none()
    of = np.repeat(chosen, count)
    rows, others = order[order != of], of[order != of]
    differ = unlike(quotes.take(rows), quotes.take(others))
    rows, others = rows[differ], others[differ]
    found = Contradictions(
        rows, quotes.price[others], quotes.volume[others], others, np.zeros(len(rows), dtype=np.bool_)
    )
    return chosen, found


def unlike(quotes: QuoteColumns, others: QuoteColumns) -> Bools:
    """Which quotes differ in price, or in a volume of the same kind that both know; shape (n,)."""
    volumes = (quotes.volume != UNKNOWN) & (others.volume != UNKNOWN) & (quotes.rolling == others.rolling)
    return np.asarray((quotes.price != others.price) | (volumes & (quotes.volume != others.volume)))


def of_known(quotes: QuoteColumns, rows: Ints, known: Known) -> Contradictions:
    """Quotes that contradict stored ones; `rows` are the places in the batch of `quotes`, which were stored."""
    differ = unlike(quotes.take(known.at), known.held)
    held = known.held.take(differ)
    return Contradictions(
        rows[known.at[differ]], held.price, held.volume, np.full(len(held), -1, dtype=np.int64), known.closed[differ]
    )


def replace_quotes(connection: psycopg.Connection, source: str, quotes: QuoteColumns, *, heartbeat: timedelta) -> None:
    """Put price and volume of these quotes in the place of those stored at their times; roll-ups and newest prices follow.

    An unknown volume leaves a known one. The caller holds `lock_source` of these items.
    """
    values = {name: getattr(quotes, name).tolist() for name in ("item_id", "time", "price", "volume", "rolling")}
    connection.execute(UPDATE, {"source": source} | values)
    months.replace(connection, source, quotes.in_order())
    items = np.unique(quotes.item_id)
    found = recompute.compare(connection, source, items, heartbeat=heartbeat // timedelta(microseconds=1))
    recompute.repair(connection, found)
    mark_prices(connection, quotes.item_id, quotes.time)


def _none() -> Contradictions:
    empty = np.empty(0, dtype=np.int64)
    return Contradictions(empty, empty, empty, empty, np.empty(0, dtype=np.bool_))


UPDATE = """
UPDATE price_quotes k SET price = r.price,
    volume = CASE WHEN r.volume < 0 THEN k.volume ELSE r.volume END,
    volume_rolling = CASE WHEN r.volume < 0 THEN k.volume_rolling ELSE r.rolling = 1 END
FROM (
    SELECT item_id, 'epoch'::timestamptz + us * interval '1 microsecond' AS time, price, volume, rolling
    FROM unnest(%(item_id)s::integer[], %(time)s::bigint[], %(price)s::bigint[], %(volume)s::bigint[], %(rolling)s::bigint[])
        q (item_id, us, price, volume, rolling)) r
WHERE k.item_id = r.item_id AND k.source = %(source)s AND k.time = r.time
"""
