"""Volatility cone: how volatile the price was over windows of several lengths, and how it is now.

Source: G. Burghardt, M. Lane, *How to Tell If Options Are Cheap*, Journal of Portfolio Management 16, 1990.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from app.analytics.arrays import DAYS_PER_YEAR, Floats

HORIZONS: Final = (7, 14, 30, 60, 90, 180, 365)
"""Lengths of windows in days."""
OBSERVED: Final = 0.8
"""Share of a window's returns that must be known."""
QUANTILES: Final = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class ConePoint:
    """Yearly volatility over windows of `days` days.

    `windows` overlap; `independent` is how many of them fit side by side. `quantiles` are of `QUANTILES`, None where fewer than two fit:
    a spread of windows that share most of their days is none. `newest` is that of the last `days` days, None where they are not known.
    """

    days: int
    windows: int
    independent: int
    quantiles: tuple[float, ...] | None
    newest: float | None


def volatility_cone(returns: Floats) -> tuple[ConePoint, ...]:
    """The cone of daily log returns (t,), NaN where unknown, the newest last."""
    return tuple(_point(returns, days) for days in HORIZONS)


def _point(returns: Floats, days: int) -> ConePoint:
    found = rolling_volatility(returns, days)
    known = found[np.isfinite(found)]
    independent = int(np.isfinite(returns).sum() // days)
    spread = independent >= 2 and len(known)  # noqa: PLR2004 - see ConePoint
    newest = float(found[-1]) if len(found) and np.isfinite(found[-1]) else None
    quantiles = tuple(np.quantile(known, QUANTILES).tolist()) if spread else None
    return ConePoint(days, len(known), independent, quantiles, newest)


def rolling_volatility(returns: Floats, days: int) -> Floats:
    """Sample sigma of each window of `days` returns, a year, shape (t - days + 1,); NaN where too few are known."""
    if len(returns) < days:
        return np.empty(0)
    known = np.isfinite(returns)
    # Less their mean, so that the difference of sums keeps its digits.
    centred = np.where(known, returns - (returns[known].mean() if known.any() else 0.0), 0.0)

    def sums(values: Floats) -> Floats:
        running = np.append(0.0, np.cumsum(values))
        return np.asarray(running[days:] - running[:-days], dtype=np.float64)

    count, total, squares = sums(known.astype(np.float64)), sums(centred), sums(centred * centred)
    enough = count >= max(2, math.ceil(OBSERVED * days))
    counted = np.where(enough, count, 2.0)
    variance = np.maximum(squares - total * total / counted, 0.0) / (counted - 1)
    return np.where(enough, np.sqrt(variance * DAYS_PER_YEAR), np.nan)
