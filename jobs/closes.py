"""Window panels: closes of a market as matrices, one per window, with outliers marked; the input of the measures."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from app.analytics import Window, base_reach, bucket_edges, outlying
from app.analytics.arrays import Bools, Floats, Ints
from app.providers.markets import Market
from db.candles import closes as candle_closes
from db.core.pool import Database
from db.quotes import closes
from jobs.kept_closes import KeptCloses

ITEMS_AT_ONCE = 1000
READERS = 2
"""Sessions that read closes at once."""
CONTEXT = 24
"""Buckets before the longest window, in which its first closes find their neighbours."""
HOUR = 3600


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
class WindowPanel:
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
    traded: Floats
    """Sum of close times volume, in the product of their minor units; NaN where closes are no trades."""


def window_panels(
    database: Database,
    market: Market,
    windows: Sequence[Window],
    as_of: datetime,
    *,
    without: Sequence[str] = (),
    items: Sequence[int] | None = None,
    kept: KeptCloses | None = None,
) -> Iterator[list[WindowPanel]]:
    """Windows of one kind of bucket, a few thousand items at a time, `without` some sources; their closes are read once.

    `items` are those that are wanted, None all. Hourly closes that are `kept` are not read from the database.
    """
    longest = max(windows, key=lambda window: window.seconds)
    seconds = longest.bucket_seconds
    first = int(bucket_edges(longest, as_of.timestamp())[0]) - CONTEXT * seconds
    trades = market.quotes == "exchange"
    reader = candle_closes if trades else closes
    read = reader.five_minutes if seconds < HOUR else reader.hourly
    if kept is not None and seconds == HOUR and not trades:
        read = kept.hourly
    every = closes.item_range(database, market.id) if items is None else list(items)
    # Pairs come all together: some say what the others' currencies are worth.
    at_once = max(len(every), 1) if trades else ITEMS_AT_ONCE
    parts = [every[start : start + at_once] for start in range(0, len(every), at_once)]
    since = datetime.fromtimestamp(first, UTC)
    for found in _read_ahead(lambda part: read(database, market.id, since, as_of, part), parts):
        if len(found.item_id):
            series = _Series.of(found, first, seconds, longest.buckets + CONTEXT, trades=trades)
            yield [series.panel(window, without) for window in windows]


def _read_ahead(
    read: Callable[[closes.Items], closes.Closes], parts: Iterable[closes.Items]
) -> Iterator[closes.Closes]:
    """What is read of each part; while one is worked on the next ones are read, so that the server and this process work at once."""
    with ThreadPoolExecutor(READERS, "closes") as pool:
        waiting: deque[Future[closes.Closes]] = deque()
        for part in parts:
            waiting.append(pool.submit(read, part))
            if len(waiting) > READERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


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
    trades: bool
    """Whether the closes are trades, so that what was traded is asked for."""

    @classmethod
    def of(cls, found: closes.Closes, first: int, bucket_seconds: int, buckets: int, *, trades: bool) -> "_Series":
        shape = (len(found.item_id), buckets)
        at = (found.row, found.cells["bucket"])
        close, high, low, sales = (np.full(shape, np.nan) for _ in range(4))
        close[at], high[at], low[at] = found.cells["close"], found.cells["high"], found.cells["low"]
        summable = (found.cells["volume"] >= 0) & (found.cells["rolling"] == 0)
        sales[at] = np.where(summable, found.cells["volume"], np.nan)
        return cls(found, first, bucket_seconds, close, high, low, outlying(close, sales), trades)

    def panel(self, window: Window, without: Sequence[str]) -> WindowPanel:
        """The pairs that were observed in one of the windows, but for some sources."""
        start = self.close.shape[1] - window.buckets
        wanted = np.array([source not in without for source in self.found.source])
        rows = np.flatnonzero(wanted & np.isfinite(self.close[:, start:]).any(axis=1))
        volume, rolling = _volumes(self.found, start)
        traded = _traded(self.found, start) if self.trades else np.full(len(self.found.item_id), np.nan)
        return WindowPanel(
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
            traded[rows],
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


def _traded(found: closes.Closes, start: int) -> Floats:
    """Sums of close times volume from bucket `start` on."""
    inside = found.cells["bucket"] >= start
    worth = found.cells["close"][inside].astype(np.float64) * found.cells["volume"][inside]
    sums: Floats = np.bincount(found.row[inside], weights=worth, minlength=len(found.item_id)).astype(np.float64)
    return sums
