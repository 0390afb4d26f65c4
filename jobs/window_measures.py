"""Measures of one window, without outliers, and with them where a row has any."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from app.analytics import Measures, Window, measure
from db.items.measures import MEASURES
from db.items.sources import SIMULATED, reference_rank
from jobs.closes import Base, Bools, Floats, Ints, Panel

SPARKLINE = 24


@dataclass(frozen=True, slots=True)
class Outliers:
    """The closes of one row that were left out, the oldest first as (epoch second, price), and the measures with them."""

    closes: list[tuple[int, int]]
    unscreened: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Measured:
    """What is known of n (item, source) pairs in one window; arrays (n,)."""

    window: Window
    item_id: Ints
    source: list[str]
    scale: Ints
    reference: Bools
    """Which pair speaks for its item."""
    last_price: Ints
    volume: Ints
    rolling: Ints
    sparkline: Floats
    """(n, SPARKLINE)."""
    measures: Measures
    outliers: dict[int, Outliers]
    """By row; only rows that have any."""


def measured(panel: Panel, *, silent: bool = False) -> Measured:
    """Measure one panel; with `silent` no simulated source speaks for its item."""
    close = np.where(panel.outlier, np.nan, panel.close)
    return Measured(
        panel.window,
        panel.item_id,
        panel.source,
        panel.scale,
        _reference(panel, silent=silent),
        last_closes(close),
        panel.volume,
        panel.rolling,
        sparkline(close),
        _measure(panel, close, panel.base),
        _outliers(panel),
    )


def _measure(panel: Panel, close: Floats, base: Base, rows: Ints | slice = slice(None)) -> Measures:
    found = measure(
        close[rows],
        bucket_seconds=panel.window.bucket_seconds,
        previous_close=base.close[rows],
        high=panel.high[rows],
        low=panel.low[rows],
    )
    # A change from the first close would not span the window: the item had a price before, only not a recent one.
    return replace(found, percent_change=np.where(base.stale[rows], np.nan, found.percent_change))


def _outliers(panel: Panel) -> dict[int, Outliers]:
    """Of each row that has an outlier in its window, or right before it, where the change would have counted from it."""
    skipped = (panel.unscreened_base.age < panel.base.age) & ~panel.unscreened_base.stale
    rows = np.flatnonzero(panel.outlier.any(axis=1) | skipped)
    plain = _measure(panel, panel.close, panel.unscreened_base, rows)
    found = {}
    for at, row in enumerate(rows.tolist()):
        times = panel.first + np.flatnonzero(panel.outlier[row]) * panel.window.bucket_seconds
        closes = list(zip(times.tolist(), panel.close[row, panel.outlier[row]].astype(int).tolist(), strict=True))
        if skipped[row]:
            closes.insert(0, (panel.first - int(panel.unscreened_base.age[row]), int(panel.unscreened_base.close[row])))
        found[row] = Outliers(closes, by_name(plain, at))
    return found


def by_name(measures: Measures, row: int) -> dict[str, float | None]:
    """One row's measures, with samples and coverage; None for NaN."""
    names = (*MEASURES, "coverage")
    values = {name: float(getattr(measures, name)[row]) for name in names}
    known: dict[str, float | None] = {name: None if np.isnan(value) else value for name, value in values.items()}
    return known | {"samples": int(measures.samples[row])}


def as_rows(closes: list[tuple[int, int]]) -> list[dict[str, Any]]:
    """Outliers as they are kept and told."""
    return [
        {"time": datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "price": price}
        for time, price in closes
    ]


def _reference(panel: Panel, *, silent: bool) -> Bools:
    """Which pair speaks for its item: the best coverage, then `reference_rank`; with `silent` never a simulated one."""
    observed = np.isfinite(panel.close).sum(axis=1)

    def standing(row: int) -> tuple[bool, int, int, str]:
        source = panel.source[row]
        return (source in SIMULATED, -int(observed[row]), reference_rank(source), source)

    best: dict[int, int] = {}
    for row, item in enumerate(panel.item_id.tolist()):
        if silent and panel.source[row] in SIMULATED:
            continue
        if item not in best or standing(row) < standing(best[item]):
            best[item] = row
    chosen = np.zeros(len(panel.item_id), dtype=np.bool_)
    chosen[list(best.values())] = True
    return chosen


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
