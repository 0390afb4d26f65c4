"""Measures engine: computes all measures of many series at once, `measure(closes, bucket_seconds=3600)`."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from queue import SimpleQueue

import numpy as np

from app.analytics.arrays import Bools, Floats
from app.analytics.bollinger import bandwidth, latest_bands, percent_b
from app.analytics.candles import average_true_range, observed_ranges, parkinson_volatility
from app.analytics.dispersion import coefficient_of_variation, mean_and_stddev, percent_change
from app.analytics.drawdown import max_drawdown
from app.analytics.measures import Measures, join
from app.analytics.panel import make_panel
from app.analytics.returns import log_path, return_measures
from app.analytics.scratch import Scratch
from app.analytics.trend import slope_and_r2

# Rows are taken this many cells at a time (256 rows of 720): few enough for the processor's cache, enough that the
# interpreter's share stays small. Measured.
_CELLS_AT_A_TIME = 184_320


@dataclass(frozen=True, slots=True)
class _Input:
    closes: Floats
    previous_close: Floats | None
    high: Floats | None
    low: Floats | None
    observed: Bools | None

    def __post_init__(self) -> None:
        if self.closes.ndim != 2 or self.closes.shape[1] == 0:  # noqa: PLR2004 - a matrix
            raise ValueError(f"closes must be rows by one or more buckets, not {self.closes.shape}")
        if (self.high is None) != (self.low is None):
            raise ValueError("high and low come together")
        for field in fields(self):
            value = getattr(self, field.name)
            shape = self.closes.shape[:1] if field.name == "previous_close" else self.closes.shape
            if value is not None and value.shape != shape:
                raise ValueError(f"{field.name} has shape {value.shape}, expected {shape}")

    def rows(self, piece: slice) -> "_Input":
        return _Input(
            self.closes[piece],
            None if self.previous_close is None else self.previous_close[piece],
            None if self.high is None else self.high[piece],
            None if self.low is None else self.low[piece],
            None if self.observed is None else self.observed[piece],
        )


def measure(
    closes: Floats,
    *,
    bucket_seconds: float,
    previous_close: Floats | None = None,
    high: Floats | None = None,
    low: Floats | None = None,
    observed: Bools | None = None,
    threads: int = 1,
) -> Measures:
    """Every measure of every row of `closes` (rows, buckets), oldest bucket first.

    A close that is NaN, infinite, or False in `observed` (rows, buckets) is a gap. `previous_close` (rows,) is the last
    close before the window, NaN where there is none. `high` and `low` (rows, buckets) come together or not at all;
    without them `parkinson` and `atr` are unknown. Rows do not influence each other. `threads` share the rows; NumPy
    lets them run side by side. Raises ValueError for shapes that do not fit.
    """
    if not bucket_seconds > 0 or threads < 1:
        raise ValueError("bucket_seconds and threads must be positive")
    given = _Input(np.asarray(closes, dtype=np.float64), previous_close, high, low, observed)
    rows, buckets = given.closes.shape
    step = max(1, _CELLS_AT_A_TIME // buckets)
    pieces = [given.rows(slice(start, start + step)) for start in range(0, max(rows, 1), step)]
    free: SimpleQueue[Scratch] = SimpleQueue()
    for _ in range(threads):
        free.put(Scratch(min(step, rows) * buckets))

    def run(piece: _Input) -> Measures:
        scratch = free.get()
        try:
            return _measure_piece(piece, bucket_seconds, scratch)
        finally:
            free.put(scratch)

    if threads == 1:
        return join([run(piece) for piece in pieces])
    with ThreadPoolExecutor(threads) as pool:
        return join(list(pool.map(run, pieces)))


def _measure_piece(given: _Input, bucket_seconds: float, scratch: Scratch) -> Measures:
    shape = given.closes.shape
    # Rows without enough closes divide by zero on the way; their results are replaced by NaN.
    with np.errstate(all="ignore"):
        panel = make_panel(given.closes, given.observed, scratch)
        heights = panel.heights(scratch.matrix("path", shape))
        mean, stddev = mean_and_stddev(panel, heights)
        bands = latest_bands(panel)
        path = log_path(panel, heights)
        returns = return_measures(panel, path, bucket_seconds, scratch)
        slope, r2 = slope_and_r2(panel, path, bucket_seconds)
        drawdown = max_drawdown(panel, scratch)
        # Last, because they write over the path.
        parkinson = atr = np.full(shape[0], np.nan)
        if given.high is not None and given.low is not None:
            ranges = observed_ranges(panel, given.high, given.low, scratch)
            parkinson = parkinson_volatility(panel, ranges, bucket_seconds, scratch)
            atr = average_true_range(panel, ranges, scratch)
        return Measures(
            rolling_stddev=stddev,
            coefficient_of_variation=coefficient_of_variation(mean, stddev),
            percent_change=percent_change(panel, given.previous_close),
            bollinger_upper=bands.upper,
            bollinger_middle=bands.middle,
            bollinger_lower=bands.lower,
            percent_b=percent_b(panel.last, bands),
            bandwidth=bandwidth(bands),
            return_volatility=returns.volatility,
            ewma_volatility=returns.ewma,
            parkinson=parkinson,
            sharpe=returns.sharpe,
            trend_slope=slope,
            trend_r2=r2,
            trend_score=slope * r2,
            max_drawdown=drawdown,
            atr=atr,
            samples=panel.samples,
            coverage=panel.samples / shape[1],
        )
