"""Kept closes: the hourly closes of one market from run to run; a run reads those of items that were written since alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

import numpy as np

from db.core.arrays import Array, Bools, Cells, Ints
from db.core.pool import Database
from db.quotes import closes
from db.quotes.buckets import changes

HOUR = 3600
KEPT_BYTES = 384 << 20
"""What is kept at most: 30,000 items of 31 days need 280 MB, of a week 65 MB. Items beyond are read anew where they are needed."""
ITEM_BYTES = 400
"""About what an item and source take besides their cells."""
SMALL = np.dtype([("bucket", "u2"), ("close", "i4"), ("up", "u2"), ("down", "u2"), ("volume", "u2"), ("rolling", "i1")])
WIDE = np.dtype([("bucket", "u2"), ("close", "i8"), ("up", "i8"), ("down", "i8"), ("volume", "i8"), ("rolling", "i1")])
"""A bucket: its number from the first one kept, close, high above it, low below it, volume + 1 (0 is unknown), and its kind."""


@dataclass(frozen=True, slots=True)
class _Row:
    """One item and source as it was read from `first` (epoch second) on."""

    source: str
    scale: int
    first: int
    previous: float
    previous_age: float
    cells: Cells


class KeptCloses:
    """Hourly closes of items, 13 bytes an hour where the figures are small; at most `limit` bytes in all.

    What was written since has to be said by `forget`. Reads go on in time: none may begin before an earlier one, or 2 ** 16
    hours after the first. Several threads may read at once, each other items.
    """

    def __init__(self, limit: int = KEPT_BYTES) -> None:
        self._limit, self._bytes = limit, 0
        self._origin: int | None = None
        self._rows: dict[int, tuple[_Row, ...]] = {}
        self._putting = Lock()

    @property
    def bytes(self) -> int:
        """About how much memory it takes."""
        return self._bytes

    def forget(self, items: Iterable[int]) -> None:
        """Let go of items, so that they are read again."""
        for item in items:
            self._bytes -= sum(_size(row) for row in self._rows.pop(item, ()))

    def hourly(
        self, database: Database, market: str, first: datetime, as_of: datetime, items: closes.Items
    ) -> closes.Closes:
        """What `closes.hourly` gives, its rows in no particular order; only what is not kept is asked of the database."""
        begin = int(first.timestamp())
        known = [item for item in items if item in self._rows]
        asked = items if not known else [item for item in items if item not in self._rows]
        parts = [self._take(known, begin)] if known else []
        if len(asked):
            found = closes.hourly(database, market, first, as_of, asked)
            self._put(asked, found, begin)
            parts.append(found)
        return closes.joined(parts)

    def _put(self, items: Iterable[int], found: closes.Closes, first: int) -> None:
        """Keep what was read of some items from `first` (epoch second) on, as far as there is room."""
        with self._putting:
            self._origin = first if self._origin is None else self._origin
        rows: dict[int, list[_Row]] = {}
        for at, cells in enumerate(_pieces(found, (first - self._origin) // HOUR)):
            row = _Row(
                found.source[at],
                int(found.scale[at]),
                first,
                float(found.previous[at]),
                float(found.previous_age[at]),
                cells,
            )
            rows.setdefault(int(found.item_id[at]), []).append(row)
        with self._putting:
            for item in items:
                own = tuple(rows.get(item, ()))
                size = sum(_size(row) for row in own)
                if self._bytes + size <= self._limit:
                    self._rows[item] = own
                    self._bytes += size

    def _take(self, items: Sequence[int], first: int) -> closes.Closes:
        """What the database would say of kept items from `first` (epoch second) on."""
        given = [(item, row) for item in items for row in self._rows[item]]
        rows = [row for _, row in given]
        counts = np.array([len(row.cells) for row in rows], dtype=np.int64)
        cells = _unpacked([row.cells for row in rows], counts)
        cells["bucket"] -= (first - (self._origin or 0)) // HOUR
        row_of = np.repeat(np.arange(len(rows)), counts)
        over = np.bincount(row_of[cells["bucket"] < 0], minlength=len(rows))
        last = np.maximum(np.cumsum(counts) - counts + over - 1, 0)
        previous = np.array([row.previous for row in rows], dtype=np.float64)
        age = np.array([row.previous_age + first - row.first for row in rows], dtype=np.float64)
        passed = np.flatnonzero(over)
        previous[passed] = cells["close"][last[passed]]
        age[passed] = -HOUR * cells["bucket"][last[passed]].astype(np.int64)
        left = np.flatnonzero(over < counts)
        inside = cells["bucket"] >= 0
        return closes.Closes(
            item_id=np.array([item for item, _ in given], dtype=np.int64)[left],
            source=[rows[at].source for at in left.tolist()],
            scale=np.array([row.scale for row in rows], dtype=np.int64)[left],
            previous=previous[left],
            previous_age=age[left],
            row=np.repeat(np.arange(len(left)), (counts - over)[left]),
            cells=cells[inside],
        )


def _size(row: _Row) -> int:
    return int(row.cells.nbytes) + ITEM_BYTES


def _pieces(found: closes.Closes, shift: int) -> list[Cells]:
    """The cells of each row in the narrower form that holds them; buckets are `shift` later."""
    if not len(found.row):
        return []
    cells = found.cells
    columns: dict[str, Array] = {
        "bucket": cells["bucket"] + shift,
        "close": cells["close"],
        "up": cells["high"] - cells["close"],
        "down": cells["close"] - cells["low"],
        "volume": cells["volume"] + 1,
        "rolling": cells["rolling"],
    }
    begin = changes(found.row)
    small: Bools = np.logical_and.reduceat(
        np.all([columns[name] <= np.iinfo(SMALL[name]).max for name in ("close", "up", "down", "volume")], axis=0),
        begin,
    )
    kinds = {kind: _packed(columns, kind) for kind, some in ((SMALL, small.any()), (WIDE, not small.all())) if some}
    ends = np.append(begin[1:], len(cells))
    # Copies: a view would keep the cells of all rows for as long as one row is kept.
    return [
        kinds[SMALL if narrow else WIDE][start:end].copy()
        for narrow, start, end in zip(small.tolist(), begin.tolist(), ends.tolist(), strict=True)
    ]


def _packed(columns: dict[str, Array], kind: np.dtype) -> Cells:
    packed = np.empty(len(columns["bucket"]), dtype=kind)
    for name, values in columns.items():
        packed[name] = values
    return packed


def _unpacked(pieces: Sequence[Cells], counts: Ints) -> Cells:
    """The cells of all pieces one after the other."""
    cells = np.empty(int(counts.sum()), dtype=closes.CELL)
    for kind in (SMALL, WIDE):
        those = [piece for piece in pieces if piece.dtype == kind]
        if not those:
            continue
        at: Bools = np.repeat(np.array([piece.dtype == kind for piece in pieces]), counts)
        packed = np.concatenate(those)
        close = packed["close"].astype(np.int64)
        cells["bucket"][at] = packed["bucket"]
        cells["close"][at] = close
        cells["high"][at] = close + packed["up"]
        cells["low"][at] = close - packed["down"]
        cells["volume"][at] = packed["volume"].astype(np.int64) - 1
        cells["rolling"][at] = packed["rolling"]
    return cells
