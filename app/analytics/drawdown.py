import math

import numpy as np

from app.analytics.arrays import Floats, known_where
from app.analytics.panel import Panel
from app.analytics.scratch import Scratch


def max_drawdown(panel: Panel, scratch: Scratch) -> Floats:
    """Largest fall from a running maximum, as a fraction of it; 0 if the row never fell.

    Unknown under two closes or with closes that are not positive.
    """
    rows, buckets = panel.closes.shape
    # np.maximum.accumulate works one cell after another. With rows cut into equal blocks, and all blocks walked side by
    # side, the running maximum is a few vector operations: less than half the time.
    length = _block_length(buckets)
    cells = scratch.matrix("left", (length, rows, buckets // length))
    cells[...] = panel.closes.reshape(rows, buckets // length, length).transpose(2, 0, 1)
    peaks, ratios, least = (np.empty(cells.shape[1:]) for _ in range(3))
    peaks[:, 0] = panel.lowest
    peaks[:, 1:] = np.maximum.accumulate(cells.max(axis=0)[:, :-1], axis=1)
    least.fill(1.0)
    for closes in cells:
        np.maximum(peaks, closes, out=peaks)
        np.divide(closes, peaks, out=ratios)
        np.minimum(least, ratios, out=least)
    lowest_ratio = least.min(axis=1)
    return known_where(panel.positive & (panel.samples >= 2), 1.0 - lowest_ratio)  # noqa: PLR2004 - a fall needs two closes


def _block_length(buckets: int) -> int:
    """Largest divisor of `buckets` that is no more than its square root."""
    return max(length for length in range(1, math.isqrt(buckets) + 1) if buckets % length == 0)
