"""Window measures: measures one window without its outliers, and with them where a row has any."""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from app.analytics import Measures, Window, measure
from app.analytics.arrays import Bools, Floats, Ints
from app.providers.markets import Market
from app.providers.sources import SIMULATED, reference_rank
from app.times import rfc3339_second
from db.items.measures import MEASURES
from jobs.closes import Base, WindowPanel

SPARKLINE = 24


@dataclass(frozen=True, slots=True)
class Outliers:
    """The closes of one row that were left out, the oldest first as (epoch second, price), and the measures with them."""

    closes: list[tuple[int, int]]
    unscreened: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Measured:
    """What is known of n (item, source) pairs in one window; arrays (n,)."""

    market: Market
    window: Window
    item_id: Ints
    source: list[str]
    scale: Ints
    reference: Bools
    """Which pair is its item's reference."""
    last_price: Ints
    volume: Ints
    rolling: Ints
    turnover: Floats
    """What was traded in whole units of the market's currency; NaN where that is not known, and of items."""
    sparkline: Floats
    """(n, SPARKLINE)."""
    measures: Measures
    outliers: dict[int, Outliers]
    """By row; only rows that have any."""

    def take(self, rows: Ints) -> "Measured":
        """Some rows, in that order."""
        place = {row: at for at, row in enumerate(rows.tolist())} if self.outliers else {}
        return Measured(
            market=self.market,
            window=self.window,
            item_id=self.item_id[rows],
            source=[self.source[row] for row in rows.tolist()],
            scale=self.scale[rows],
            reference=self.reference[rows],
            last_price=self.last_price[rows],
            volume=self.volume[rows],
            rolling=self.rolling[rows],
            turnover=self.turnover[rows],
            sparkline=self.sparkline[rows],
            measures=Measures(**{field.name: getattr(self.measures, field.name)[rows] for field in fields(Measures)}),
            outliers={place[row]: found for row, found in self.outliers.items() if row in place},
        )


def measured(panel: WindowPanel, market: Market, turnover: Floats | None = None, *, silent: bool = False) -> Measured:
    """Measure one panel of a market; with `silent` no simulated source is its item's reference."""
    close = np.where(panel.outlier, np.nan, panel.close)
    return Measured(
        market,
        panel.window,
        panel.item_id,
        panel.source,
        panel.scale,
        _reference(panel, silent=silent),
        last_closes(close),
        panel.volume,
        panel.rolling,
        np.full(len(panel.item_id), np.nan) if turnover is None else turnover,
        sparkline(close),
        _measure(panel, close, panel.base),
        _outliers(panel),
    )


def _measure(panel: WindowPanel, close: Floats, base: Base, rows: Ints | slice = slice(None)) -> Measures:
    found = measure(
        close[rows],
        bucket_seconds=panel.window.bucket_seconds,
        previous_close=base.close[rows],
        high=panel.high[rows],
        low=panel.low[rows],
    )
    # A change from the first close would not span the window: the item had a price before, only not a recent one.
    return replace(found, percent_change=np.where(base.stale[rows], np.nan, found.percent_change))


def _outliers(panel: WindowPanel) -> dict[int, Outliers]:
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
    """Outliers as they are stored and reported."""
    return [{"time": rfc3339_second(time), "price": price} for time, price in closes]


def _reference(panel: WindowPanel, *, silent: bool) -> Bools:
    """Which pair is its item's reference: the best coverage, then `reference_rank`; with `silent` never a simulated one."""
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
