"""Outlier screening: finds closes that a few odd sales made and that the price did not hold.

Source: the rolling centred median that leaves out the close in question, with a limit in deviations from it, of O. E.
Barndorff-Nielsen, P. R. Hansen, A. Lunde, N. Shephard, *Realized Kernels in Practice: Trades and Quotes*, Econometrics
Journal 12, 2009 (rule Q4, ten deviations); the least deviation that counts, of C. T. Brownlees, G. M. Gallo,
*Financial Econometric Analysis at Ultra-High Frequency: Data Handling Concerns*, 2006 (gamma: a flat stretch would else
make every tick an outlier). Both look at prices alone. Here volume and what came after must agree as well, since on a thin
market a real move may be as large as a mistake.
"""

import math

import numpy as np

from app.analytics.arrays import Bools, Floats

NEIGHBOURS = 5
"""Observed closes on each side that a close is compared with."""
MIN_NEIGHBOURS = 2
"""Fewer on one side, and nothing is said of the close: the newest one is never an outlier."""
DEVIATIONS = 10.0
"""Limit in median absolute deviations of the neighbours, scaled to a sigma of the normal distribution."""
MIN_FACTOR = 2.0
"""A close less than this many times its neighbours' median, and more than its inverse, is no outlier."""
VOLUME_SHARE = 0.2
"""Sales behind an outlier, at most, as a share of the neighbours' median."""
REVERSION_SHARE = 0.5
"""How far the medians of the two sides may lie apart, at most, as a share of the close's deviation."""

_NORMAL = 1.4826  # sigma of a normal distribution / its median absolute deviation


def outlying(closes: Floats, volume: Floats) -> Bools:
    """Which closes of a matrix (rows, buckets) are outliers; gaps (NaN) are not.

    `volume` (rows, buckets) counts the sales of each bucket, NaN where that is unknown: such a close is never an outlier.
    All prices are compared by their logarithm, among the nearest observed closes whatever the gap. An outlier

    - lies further from its neighbours' median than DEVIATIONS and than MIN_FACTOR,
    - has at most VOLUME_SHARE of their median volume behind it, and
    - did not last: the medians before and after it agree.

    Rows do not influence each other. Rows with a close that is not positive are not screened.
    """
    flagged = np.zeros(closes.shape, dtype=np.bool_)
    if closes.size:
        # A close is no further from a median of its row than the row is wide: few rows are left.
        lowest, highest = np.fmin.reduce(closes, axis=1), np.fmax.reduce(closes, axis=1)
        wide = np.flatnonzero((lowest > 0) & (highest >= MIN_FACTOR * lowest))
        flagged[wide] = _screen(closes[wide], volume[wide])
    return flagged


def _screen(closes: Floats, volume: Floats) -> Bools:
    observed = np.flatnonzero(np.isfinite(closes))
    row = observed // closes.shape[1]
    logs, sales = np.log(closes.ravel()[observed]), volume.ravel()[observed]
    at = np.flatnonzero(_far_from_a_neighbour(logs) & np.isfinite(sales))

    steps = np.arange(1, NEIGHBOURS + 1)
    places = at[:, np.newaxis] + np.concatenate((-steps[::-1], steps))
    inside = np.clip(places, 0, max(len(row) - 1, 0))
    own = (inside == places) & (row[inside] == row[at, np.newaxis])
    near = np.where(own, logs[inside], np.nan)
    middle = _median(near)
    away = np.abs(logs[at] - middle)
    spread = _NORMAL * _median(np.abs(near - middle[:, np.newaxis]))
    apart = np.abs(_median(near[:, :NEIGHBOURS]) - _median(near[:, NEIGHBOURS:]))
    known = own[:, :NEIGHBOURS].sum(axis=1), own[:, NEIGHBOURS:].sum(axis=1)
    usual = _median(np.where(own, sales[inside], np.nan))

    found = (away >= math.log(MIN_FACTOR)) & (away > DEVIATIONS * spread)
    found &= apart <= REVERSION_SHARE * away
    found &= np.minimum(*known) >= MIN_NEIGHBOURS
    found &= sales[at] <= VOLUME_SHARE * usual
    flagged = np.zeros(closes.shape, dtype=np.bool_)
    flagged.ravel()[observed[at[found]]] = True
    return flagged


def _far_from_a_neighbour(logs: Floats) -> Bools:
    """Cells that differ enough from one of their neighbours, of any row: the others cannot be outliers."""
    far = np.zeros(logs.shape, dtype=np.bool_)
    for step in range(1, min(NEIGHBOURS, len(logs) - 1) + 1):
        differ = np.abs(logs[step:] - logs[:-step]) >= math.log(MIN_FACTOR)
        far[step:] |= differ
        far[:-step] |= differ
    return far


def _median(values: Floats) -> Floats:
    """Median of each row's known values; NaN where there are none."""
    ordered = np.sort(values, axis=1)  # NaN comes last
    count = np.isfinite(values).sum(axis=1)
    row = np.arange(len(values))
    low, high = ordered[row, np.maximum(count - 1, 0) // 2], ordered[row, np.minimum(count // 2, values.shape[1] - 1)]
    return np.asarray((low + high) / 2, dtype=np.float64)
