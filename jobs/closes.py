"""Panels: closes as matrices, one for each window, with the outliers among them; what the measures are computed on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from app.analytics import Window, base_reach, bucket_edges, outlying
from db.core.pool import Database
from db.quotes import closes

ITEMS_AT_ONCE = 4000
CONTEXT = 24
"""Buckets before the longest window, in which its first closes find their neighbours."""
HOUR = 3600

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Base:
    """The newest closes before a window, which its change counts from; arrays (n,)."""

    close: Floats
    """NaN where there is none, or only one that is too old."""
    age: Floats
    """Seconds before the window, NaN where there was none."""
    stale: Bools
    """Where the newest is too old: the price when the window began is not known."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One window of n (item, source) pairs, matrices (n, buckets) with NaN where nothing was observed."""

    window: Window
    first: int
    """Epoch second at which the window begins."""
    item_id: Ints
    source: list[str]
    scale: Ints
    """Minor units of one unit of the item's currency."""
    base: Base
    """Without outliers."""
    unscreened_base: Base
    close: Floats
    high: Floats
    low: Floats
    outlier: Bools
    volume: Ints
    """Sales in the window where they may be summed, else the last rolling figure; -1 unknown."""
    rolling: Ints


def panels(database: Database, windows: Sequence[Window], as_of: datetime, lo: int, hi: int) -> Iterator[list[Panel]]:
    """Windows of one kind of bucket, a few thousand items at a time; their closes are read once."""
    longest = max(windows, key=lambda window: window.seconds)
    seconds = longest.bucket_seconds
    first = int(bucket_edges(longest, as_of.timestamp())[0]) - CONTEXT * seconds
    read = closes.five_minutes if seconds < HOUR else closes.hourly
    for start in range(lo, hi + 1, ITEMS_AT_ONCE):
        found = read(database, datetime.fromtimestamp(first, UTC), as_of, start, min(start + ITEMS_AT_ONCE - 1, hi))
        if len(found.item_id):
            series = _Series.of(found, first, seconds, longest.buckets + CONTEXT)
            yield [series.panel(window) for window in windows]


@dataclass(frozen=True, slots=True)
class _Series:
    """The closes of the longest window and its context, matrices (n, buckets); `volume` is -1 where unknown."""

    found: closes.Closes
    first: int
    bucket_seconds: int
    close: Floats
    high: Floats
    low: Floats
    outlier: Bools

    @classmethod
    def of(cls, found: closes.Closes, first: int, bucket_seconds: int, buckets: int) -> "_Series":
        shape = (len(found.item_id), buckets)
        at = (found.row, found.cells["bucket"])
        close, high, low, sales = (np.full(shape, np.nan) for _ in range(4))
        close[at], high[at], low[at] = found.cells["close"], found.cells["high"], found.cells["low"]
        summable = (found.cells["volume"] >= 0) & (found.cells["rolling"] == 0)
        sales[at] = np.where(summable, found.cells["volume"], np.nan)
        return cls(found, first, bucket_seconds, close, high, low, outlying(close, sales))

    def panel(self, window: Window) -> Panel:
        """The pairs that were observed in one of the windows."""
        start = self.close.shape[1] - window.buckets
        rows = np.flatnonzero(np.isfinite(self.close[:, start:]).any(axis=1))
        volume, rolling = _volumes(self.found, start)
        return Panel(
            window,
            self.first + start * self.bucket_seconds,
            self.found.item_id[rows],
            [self.found.source[row] for row in rows.tolist()],
            self.found.scale[rows],
            self._base(window, np.where(self.outlier, np.nan, self.close)[rows, :start], rows),
            self._base(window, self.close[rows, :start], rows),
            self.close[rows, start:],
            self.high[rows, start:],
            self.low[rows, start:],
            self.outlier[rows, start:],
            volume[rows],
            rolling[rows],
        )

    def _base(self, window: Window, before: Floats, rows: Ints) -> Base:
        """The last of the closes before the window (rows, buckets before it), or else the one before those."""
        back = np.argmax(np.isfinite(before[:, ::-1]), axis=1)
        close = before[np.arange(len(before)), before.shape[1] - 1 - back]
        there = np.isfinite(close)
        older = self.found.previous_age[rows] + before.shape[1] * self.bucket_seconds
        age = np.where(there, (back + 1.0) * self.bucket_seconds, older)
        stale = age > base_reach(window.seconds)
        return Base(np.where(stale, np.nan, np.where(there, close, self.found.previous[rows])), age, stale)


def _volumes(found: closes.Closes, start: int) -> tuple[Ints, Ints]:
    """Sums from bucket `start` on where the kind allows it, else the newest figure."""
    rows = len(found.item_id)
    known = (found.cells["volume"] >= 0) & (found.cells["bucket"] >= start)
    summable = known & (found.cells["rolling"] == 0)
    sums = np.bincount(found.row[summable], weights=found.cells["volume"][summable].astype(np.float64), minlength=rows)
    counts = np.bincount(found.row[summable], minlength=rows)
    newest = np.full(rows, -1, dtype=np.int64)
    # The last of equal indices stays: cells are in order of time.
    newest[found.row[known]] = found.cells["volume"][known]
    volume = np.where(counts > 0, sums, newest).astype(np.int64)
    rolling = np.where(volume < 0, -1, np.where(counts > 0, 0, 1))
    return volume, rolling
