"""Dispersion: mean, standard deviation, coefficient of variation and percent change of closes."""

import numpy as np

from app.analytics.arrays import Floats, known_where
from app.analytics.panel import Panel


def mean_and_stddev(panel: Panel, heights: Floats) -> tuple[Floats, Floats]:
    """Mean and population sigma of each row's closes, in their unit; unknown under two closes.

    Shifted-data algorithm (Chan, Golub & LeVeque 1983) with the row's least close as the shift. As that is one of the
    values, (shift - mean)² <= (n - 1) sigma² (Samuelson's inequality), so the subtraction loses at most log10(n) digits
    whatever the price level, and a constant row gives exactly 0. `heights` is `Panel.heights`.
    """
    n = panel.samples
    total = heights.sum(axis=1)
    squares = np.vecdot(heights, heights)
    variance = np.maximum(squares - total * total / n, 0.0) / n
    enough = n >= 2  # noqa: PLR2004 - one close has no dispersion
    return known_where(enough, panel.lowest + total / n), known_where(enough, np.sqrt(variance))


def coefficient_of_variation(mean: Floats, stddev: Floats) -> Floats:
    """Sigma / mean; unknown where the mean is not positive."""
    return known_where(mean > 0, stddev / mean)


def percent_change(panel: Panel, previous_close: Floats | None) -> Floats:
    """Percent from the last close before the window, or else the window's first, to its last.

    `previous_close` (rows,) is NaN where there is none. A single close without one before it says nothing of change:
    unknown, as is a change from a base that is not positive.
    """
    base = np.where(panel.samples >= 2, panel.first, np.nan)  # noqa: PLR2004 - the first must not be the last
    if previous_close is not None:
        base = np.where(np.isfinite(previous_close), previous_close, base)
    return known_where(base > 0, (panel.last - base) / base * 100)
