"""Latest-price check: compares `price_latest` with the quotes it comes from."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import psycopg

from db.core import binary
from db.core.arrays import Bools, Ints
from db.core.binary import UNKNOWN
from db.operations.differences import ABSENT, Difference, moment, readable
from db.quotes import stored
from db.quotes.buckets import Buckets, changes
from db.quotes.columns import NULLS, QuoteColumns

TABLE = "price_latest"
COLUMNS = ("price", "volume", "rolling", "listings", "bid", "ask")
FORGET = "DELETE FROM price_latest WHERE source = %s AND item_id = ANY(%s)"


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest quotes of one source and n items, in order of the items.

    `stored_time` (n,) is the time of the newest one in the history; `whole` (n,) says that this one is still there to compare
    every column with, and not only the hour that it closed.
    """

    quotes: QuoteColumns
    stored_time: Ints
    whole: Bools


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is wrong, which items' rows a repair removes, and the rows it puts in; `unchecked` rows hold figures that no stored quote has."""

    differences: list[Difference]
    gone: Ints
    rows: Newest
    unchecked: int


def read(connection: psycopg.Connection, source: str, items: Ints) -> Newest:
    """`price_latest` of a source and some items."""
    quotes = stored.quotes_of(connection, TABLE, source, items)
    quotes = quotes.take(np.argsort(quotes.item_id))
    stored_time = stored.latest(connection, source, quotes.item_id).stored_time
    return Newest(quotes, stored_time, np.ones(len(quotes), dtype=np.bool_))


def derived(history: QuoteColumns, hours: Buckets) -> Newest:
    """The newest quote of each item in the history; where it is deleted, time and price of its hour. `hours` are derived, too."""
    last = np.append(changes(hours.item_id)[1:], len(hours))[: len(hours)] - 1
    item_id = hours.item_id[last]
    columns = {name: np.full(len(last), UNKNOWN, dtype=np.int64) for name in COLUMNS}
    columns |= {"time": hours.close_time[last], "price": hours.close[last]}
    newest = history.take(np.append(changes(history.item_id)[1:], len(history))[: len(history)] - 1)
    at = np.searchsorted(item_id, newest.item_id)
    there = newest.time == columns["time"][at]
    for name in COLUMNS:
        columns[name][at[there]] = getattr(newest, name)[there]
    whole = np.zeros(len(last), dtype=np.bool_)
    whole[at[there]] = True
    return Newest(QuoteColumns(item_id=item_id, **columns), columns["time"], whole)


def compare(source: str, held: Newest, right: Newest, history: QuoteColumns, heartbeat: int) -> Comparison:
    """Compare `price_latest` with what is `derived`.

    A quote with an unchanged price is not stored within `heartbeat` microseconds, yet it is the newest: then the price is that of
    a quote stored within that time, and volume and book are known from nowhere else.
    """
    mine, theirs = held.quotes, right.quotes
    _, at, of = np.intersect1d(mine.item_id, theirs.item_id, assume_unique=True, return_indices=True)
    missing = np.setdiff1d(np.arange(len(theirs)), of, assume_unique=True)
    surplus = np.setdiff1d(np.arange(len(mine)), at, assume_unique=True)
    ahead = mine.time[at] - theirs.time[of]
    wrong = {"time": (ahead < 0) | (ahead >= heartbeat), "stored_time": held.stored_time[at] != theirs.time[of]}
    for name in COLUMNS:
        comparable = (ahead == 0) if name == "price" else (ahead == 0) & right.whole[of]
        wrong[name] = comparable & (getattr(mine, name)[at] != getattr(theirs, name)[of])
    unlike = np.flatnonzero((ahead > 0) & (mine.price[at] != theirs.price[of]))
    wrong["price"][unlike] = ~_quoted_within(mine.take(at[unlike]), history, heartbeat)
    replaced = np.zeros(len(at), dtype=np.bool_)
    for name, rows in wrong.items():
        if name != "stored_time":
            replaced |= rows
    touched = replaced | wrong["stored_time"]
    found = [*_cells(source, held, right, at, of, wrong), *_rows(source, theirs, missing, surplus, mine)]
    rows = _mended(mine, right, at[touched], of[touched], replaced[touched])
    rows = _joined(rows, Newest(theirs.take(missing), theirs.time[missing], right.whole[missing]))
    gone = np.concatenate([mine.item_id[at[touched]], mine.item_id[surplus]])
    return Comparison(found, gone, rows, int(np.count_nonzero((ahead != 0) | ~right.whole[of])))


def write(connection: psycopg.Connection, source: str, found: Comparison) -> None:
    """Put the right rows in the place of the wrong ones."""
    connection.execute(FORGET, [source, found.gone.tolist()])
    if not len(found.rows.quotes):
        return
    columns = found.rows.quotes.for_copy(source)
    columns["stored_time"] = binary.postgres_time(found.rows.stored_time)
    binary.copy(connection, TABLE, columns, NULLS)


def _quoted_within(newest: QuoteColumns, history: QuoteColumns, heartbeat: int) -> Bools:
    """Whether an item's price is that of a quote stored in the time before; shape (n,)."""
    found = np.zeros(len(newest), dtype=np.bool_)
    begin, end = (np.searchsorted(history.item_id, newest.item_id, side) for side in ("left", "right"))
    for row, (lo, hi) in enumerate(zip(begin.tolist(), end.tolist(), strict=True)):
        recent = history.time[lo:hi] > newest.time[row] - heartbeat
        found[row] = bool(np.any(recent & (history.price[lo:hi] == newest.price[row])))
    return found


def _mended(mine: QuoteColumns, right: Newest, at: Ints, of: Ints, replaced: Bools) -> Newest:
    """Rows with what is derived where they are wrong, and what no quote tells as it was."""
    held, theirs = mine.take(at), right.quotes.take(of)
    rest = replaced & (right.whole[of] | (held.time != theirs.time))
    columns = {name: np.where(rest, getattr(theirs, name), getattr(held, name)) for name in COLUMNS}
    columns |= {name: np.where(replaced, getattr(theirs, name), getattr(held, name)) for name in ("time", "price")}
    return Newest(QuoteColumns(item_id=held.item_id, **columns), theirs.time, right.whole[of])


def _joined(one: Newest, other: Newest) -> Newest:
    return Newest(
        QuoteColumns.joined([one.quotes, other.quotes]),
        np.concatenate([one.stored_time, other.stored_time]),
        np.concatenate([one.whole, other.whole]),
    )


def _cells(
    source: str, held: Newest, right: Newest, at: Ints, of: Ints, wrong: dict[str, Bools]
) -> Iterator[Difference]:
    for name, rows in wrong.items():
        for row in np.flatnonzero(rows).tolist():
            column = "volume_rolling" if name == "rolling" else name
            have = held.stored_time[at[row]] if name == "stored_time" else getattr(held.quotes, name)[at[row]]
            want = getattr(right.quotes, "time" if name == "stored_time" else name)[of[row]]
            item = int(held.quotes.item_id[at[row]])
            yield Difference(TABLE, item, source, None, column, readable(column, have), readable(column, want))


def _rows(source: str, theirs: QuoteColumns, missing: Ints, surplus: Ints, mine: QuoteColumns) -> Iterator[Difference]:
    for quotes, rows, absent in ((theirs, missing, True), (mine, surplus, False)):
        for row in rows.tolist():
            text = f"price {quotes.price[row]} at {moment(quotes.time[row])}"
            yield Difference(
                TABLE, int(quotes.item_id[row]), source, None, "row", *((ABSENT, text) if absent else (text, ABSENT))
            )
