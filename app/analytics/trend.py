"""Trend: least-squares line through ln p against time, its slope and R²."""

import numpy as np

from app.analytics.arrays import SECONDS_PER_DAY, Floats, known_where
from app.analytics.panel import Panel


def slope_and_r2(panel: Panel, path: Floats, bucket_seconds: float) -> tuple[Floats, Floats]:
    """Ordinary least-squares slope of ln p in % per day, and R².

    Time is the bucket's own, so gaps count. Unknown under two closes or with closes that are not positive; R² of a
    constant row is unknown. `path` is `returns.log_path`: both axes count from one of the row's own values, so the
    centred sums keep their digits (see `dispersion.mean_and_stddev`).
    """
    n = panel.samples
    time = panel.elapsed
    time_sum = time.sum(axis=1)
    path_sum = path.sum(axis=1)
    time_spread = np.vecdot(time, time) - time_sum * time_sum / n
    path_spread = np.vecdot(path, path) - path_sum * path_sum / n
    joint = np.vecdot(time, path) - time_sum * path_sum / n

    enough = panel.positive & (n >= 2)  # noqa: PLR2004 - a line needs two points
    slope = joint / time_spread * (SECONDS_PER_DAY / bucket_seconds) * 100
    r2 = np.minimum(joint * joint / (time_spread * path_spread), 1.0)
    return known_where(enough, slope), known_where(enough & (path_spread > 0), r2)
