"""Closes as matrices: what the measures are computed on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from app.analytics import Window, bucket_edges
from db import closes
from db.pool import Database

ITEMS_AT_ONCE = 4000
SPARKLINE = 24
HOUR = 3600

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Panel:
    """One window of n (item, source) pairs, matrices (n, buckets) with NaN where nothing was observed."""

    window: Window
    item_id: Ints
    source: list[str]
    previous: Floats
    close: Floats
    high: Floats
    low: Floats
    volume: Ints
    """Sales in the window where they may be summed, else the last rolling figure; -1 unknown."""
    rolling: Ints


def panels(database: Database, window: Window, as_of: datetime, lo: int, hi: int) -> Iterator[Panel]:
    """A window's closes, a few thousand items at a time."""
    first = datetime.fromtimestamp(int(bucket_edges(window, as_of.timestamp())[0]), UTC)
    read = closes.five_minutes if window.bucket_seconds < HOUR else closes.hourly
    for start in range(lo, hi + 1, ITEMS_AT_ONCE):
        found = read(database, first, as_of, start, min(start + ITEMS_AT_ONCE - 1, hi))
        if len(found.item_id):
            yield _panel(window, found)


def _panel(window: Window, found: closes.Closes) -> Panel:
    shape = (len(found.item_id), window.buckets)
    at = (found.row, found.cells["bucket"])
    matrices = {name: np.full(shape, np.nan) for name in ("close", "high", "low")}
    for name, matrix in matrices.items():
        matrix[at] = found.cells[name]
    volume, rolling = _volumes(found, shape[0])
    return Panel(window, found.item_id, found.source, found.previous, volume=volume, rolling=rolling, **matrices)


def _volumes(found: closes.Closes, rows: int) -> tuple[Ints, Ints]:
    """Sums where the kind allows it, else the newest figure."""
    known = found.cells["volume"] >= 0
    summable = known & (found.cells["rolling"] == 0)
    sums = np.bincount(found.row[summable], weights=found.cells["volume"][summable].astype(np.float64), minlength=rows)
    counts = np.bincount(found.row[summable], minlength=rows)
    newest = np.full(rows, -1, dtype=np.int64)
    newest[found.row[known]] = found.cells["volume"][
        known
    ]  # the last of equal indices stays: cells are in order of time
    volume = np.where(counts > 0, sums, newest).astype(np.int64)
    rolling = np.where(volume < 0, -1, np.where(counts > 0, 0, 1))
    return volume, rolling


def sparkline(close: Floats) -> Floats:
    """Closes at `SPARKLINE` even steps over the window: the last one observed in each; (n, SPARKLINE)."""
    rows, buckets = close.shape
    width = max(1, -(-buckets // SPARKLINE))
    padded = np.full((rows, width * SPARKLINE), np.nan)
    padded[:, -buckets:] = close
    steps = padded.reshape(rows, SPARKLINE, width)
    at = width - 1 - np.argmax(~np.isnan(steps[:, :, ::-1]), axis=2)
    return np.asarray(np.take_along_axis(steps, at[:, :, None], axis=2)[:, :, 0])


def last_closes(close: Floats) -> Ints:
    """The last observed close of each row, -1 where there is none; shape (n,)."""
    at = close.shape[1] - 1 - np.argmax(~np.isnan(close[:, ::-1]), axis=1)
    last: Ints = np.nan_to_num(close[np.arange(len(close)), at], nan=-1).astype(np.int64)
    return last
