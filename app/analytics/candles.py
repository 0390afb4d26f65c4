"""Range measures: Parkinson volatility and ATR, which need each bucket's high and low.

A row is unknown if a bucket has a close but no high or low: half a candle would understate the range.
"""

import math
from dataclasses import dataclass

import numpy as np

from app.analytics.arrays import SECONDS_PER_DAY, Floats, known_where
from app.analytics.panel import Panel
from app.analytics.scratch import Scratch

ATR_PERIODS = 14


@dataclass(frozen=True, slots=True)
class Ranges:
    """Highs and lows of all observed buckets, row after row without the gaps, like `Panel.values`."""

    high: Floats
    low: Floats


def observed_ranges(panel: Panel, high: Floats, low: Floats, scratch: Scratch) -> Ranges:
    """The candles of the panel's closes from matrices (rows, buckets)."""
    shape = panel.values.shape
    return Ranges(
        panel.pick(high, scratch.matrix("left", shape)),
        panel.pick(low, scratch.matrix("right", shape)),
    )


def parkinson_volatility(panel: Panel, ranges: Ranges, bucket_seconds: float, scratch: Scratch) -> Floats:
    """√(Σ ln(high / low)² / (4 n ln 2)), a fraction per √day; unknown without candles or where a low is not positive.

    Source: M. Parkinson, *The Extreme Value Method for Estimating the Variance of the Rate of Return*, 1980.
    Writes over the scratch's path.
    """
    spread = np.subtract(ranges.high, ranges.low, out=scratch.matrix("path", ranges.high.shape))
    spread /= ranges.low
    np.log1p(spread, out=spread)
    spread *= spread
    variance = panel.per_row(np.add, spread) / (4 * math.log(2) * panel.samples)
    known = panel.per_row(np.minimum, ranges.low) > 0
    return known_where(known, np.sqrt(variance * (SECONDS_PER_DAY / bucket_seconds)))


def average_true_range(panel: Panel, ranges: Ranges, scratch: Scratch) -> Floats:
    """Wilder's ATR(14) at the last candle, in the unit of the closes; unknown under 15 candles.

    Source: Wilder, *New Concepts in Technical Trading Systems*, 1978, as TA-Lib reads it: the true range spans high,
    low and previous close; the first average is the plain mean of the first 14, then each new range enters with 1/14.
    The previous candle is the last observed one, whatever the gap. Writes over the scratch's path and the ranges.
    """
    buckets = panel.closes.shape[1]
    if buckets <= ATR_PERIODS:
        return np.full(panel.samples.shape, np.nan)
    spans, floors, before = ranges.high, ranges.low, panel.values[:-1]
    np.maximum(spans[1:], before, out=spans[1:])
    np.minimum(floors[1:], before, out=floors[1:])
    spans -= floors
    spans[panel.offsets[panel.samples > 0]] = 0.0  # a row's first candle has no close before it, so no true range
    laid_out = panel.lay_out(spans, np.zeros(panel.samples.shape), scratch.matrix("path", panel.closes.shape))

    decay = 1 - 1 / ATR_PERIODS
    weights = decay ** np.arange(buckets - 1, -1, -1.0) / ATR_PERIODS
    smoothed = np.vecdot(laid_out, weights)
    # The recursion weighs the first 14 ranges alike, as if all were as new as the 14th: add what they lack.
    enough = panel.samples > ATR_PERIODS
    columns = np.where(enough, panel.starts, 0)[:, np.newaxis] + np.arange(1, ATR_PERIODS + 1)
    lacking = weights[columns[:, -1:]] - weights[columns]
    smoothed += np.vecdot(np.take_along_axis(laid_out, columns, axis=1), lacking)
    return known_where(enough, smoothed)
