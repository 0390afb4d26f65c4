"""Packed months: quotes of months that are over, as arrays in one row per item, source and month."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg

from db.core import binary
from db.core.arrays import Bools, Ints
from db.core.binary import UNKNOWN
from db.quotes import stored
from db.quotes.buckets import WIDTHS_US, changes, floor
from db.quotes.columns import QuoteColumns
from db.quotes.stored import find_in

OPEN = timedelta(days=35)
"""For so long after its end a month stays as rows: what windows of 30 days look at, and where quotes still come in."""
ARRAYS = {
    "times": ("time", binary.TIMESTAMPTZ), "prices": ("price", binary.INT8), "volumes": ("volume", binary.INT8),
    "rollings": ("rolling", binary.BOOL), "listings": ("listings", binary.INT4), "bids": ("bid", binary.INT8),
    "asks": ("ask", binary.INT8),
}  # fmt: skip
NAMES = ("item_id", "source", "month", "first_time", "last_time", "samples", "lone_hours", "lone_days",
         "volume_rolling", *ARRAYS)  # fmt: skip
FORGET = "CALL price_months_forget(%(source)s, %(items)s::integer[], %(months)s::bigint[])"


def packed_before(now: datetime) -> int:
    """The month's first moment, in microseconds since 1970, before which quotes are packed."""
    month = (now.astimezone(UTC) - OPEN).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return int(month.timestamp()) * 1_000_000


def month_of(time: Ints) -> Ints:
    """The first moment of each time's month, UTC; microseconds since 1970, as the times."""
    month: Ints = time.astype("datetime64[us]").astype("datetime64[M]").astype("datetime64[us]").astype(np.int64)
    return month


def add(connection: psycopg.Connection, source: str, quotes: QuoteColumns, stored_until: Ints) -> None:
    """Bring quotes, in order and new to the history, into their months; `stored_until` (n,) is each item's newest stored time before.

    The caller is the only writer of these items' source.
    """
    if not len(quotes):
        return
    held = of_months(connection, source, quotes.take(month_of(quotes.time) <= stored_until))
    _put(connection, source, QuoteColumns.joined([held, quotes]).in_order(), held)


def replace(connection: psycopg.Connection, source: str, quotes: QuoteColumns) -> None:
    """Put price and volume of quotes in the place of packed ones of their times; an unknown volume leaves a known one."""
    held = of_months(connection, source, quotes)
    packed = find_in(held.item_id, held.time, quotes.item_id, quotes.time)
    if not packed.any():
        return
    chosen = quotes.take(packed)
    at_held, at_chosen = stored.codes((held.item_id, held.time), (chosen.item_id, chosen.time))
    at = np.searchsorted(at_held, at_chosen)
    held.price[at] = chosen.price
    known = chosen.volume != UNKNOWN
    held.volume[at[known]] = chosen.volume[known]
    held.rolling[at[known]] = chosen.rolling[known]
    _put(connection, source, held, held)


def of_months(connection: psycopg.Connection, source: str, quotes: QuoteColumns) -> QuoteColumns:
    """All packed quotes of the months that some quotes fall into, in order."""
    if not len(quotes):
        return quotes
    month = month_of(quotes.time)
    first = changes(quotes.item_id, month)
    return stored.packed_in(connection, source, quotes.item_id[first], month[first]).in_order()


def _put(connection: psycopg.Connection, source: str, quotes: QuoteColumns, held: QuoteColumns) -> None:
    """Store whole months, quotes in order, in the place of the months `held`, whose quotes are among them."""
    if len(held):
        month = month_of(held.time)
        first = changes(held.item_id, month)
        keys = {"source": source, "items": held.item_id[first].tolist(), "months": month[first].tolist()}
        connection.execute(FORGET, keys)
    month = month_of(quotes.time)
    binary.copy_fields(connection, "price_months", NAMES, _rows(source, quotes, month, changes(quotes.item_id, month)))


def _rows(source: str, quotes: QuoteColumns, month: Ints, first: Ints) -> Iterator[tuple[bytes, ...]]:
    """The COPY fields of each month."""
    count = np.diff(first, append=len(quotes))
    kind = np.repeat(quotes.rolling[first], count)
    mixed = np.logical_or.reduceat(quotes.rolling != kind, first)
    columns = [
        binary.fields(">i4", quotes.item_id[first]),
        [binary.field(source.encode())] * len(first),
        *(binary.fields(*binary.postgres_time(of)) for of in (month[first], quotes.time[first], quotes.time[first + count - 1])),
        binary.fields(">i4", count),
        binary.fields("i1", np.logical_and.reduceat(_lone(quotes, WIDTHS_US["price_1h"]), first)),
        binary.fields("i1", np.logical_or.reduceat(_lone(quotes, WIDTHS_US["price_24h"]), first)),
        binary.fields("i1", np.where(mixed, UNKNOWN, quotes.rolling[first]), nulls=True),
    ]  # fmt: skip
    for name, element in ARRAYS.values():
        values = getattr(quotes, name)
        known = np.ones(len(values), dtype=np.bool_) if name in {"time", "price"} else values != UNKNOWN
        if name == "time":
            values = binary.postgres_time(values)[1]
        if name == "rolling":
            known &= np.repeat(mixed, count)
        columns.append(binary.array_fields(element, values, known, first))
    return zip(*columns, strict=True)


def _lone(quotes: QuoteColumns, width: int) -> Bools:
    """Which quotes are the only ones of their bucket; shape (n,)."""
    count = np.diff(changes(quotes.item_id, floor(quotes.time, width)), append=len(quotes))
    lone: Bools = np.repeat(count == 1, count)
    return lone
