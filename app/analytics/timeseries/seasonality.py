"""Seasonality: mean return by hour of the day and by weekday."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from app.analytics.arrays import Floats, Ints

WEEKDAYS: Final = 7
HOURS: Final = 24
CONFIDENCE: Final = 1.96
"""Standard errors on either side that hold the true mean in 95 of 100 cases, for a normal distribution."""
_THURSDAY: Final = 3  # 1 January 1970


@dataclass(frozen=True, slots=True)
class Seasonal:
    """Arrays (groups,): how many returns, their mean, and its standard error s / √n; NaN under one and two returns."""

    n: Ints
    mean: Floats
    error: Floats

    @property
    def distinct(self) -> int:
        """Groups whose mean differs from zero by more than `CONFIDENCE` standard errors; one in twenty does by chance."""
        return int((np.abs(self.mean) > CONFIDENCE * self.error).sum())


def by_weekday(returns: Floats, first_day: int) -> Seasonal:
    """Daily returns (t,) by UTC weekday from Monday; `first_day` counts days since 1970."""
    return _grouped(returns, (np.arange(len(returns)) + first_day + _THURSDAY) % WEEKDAYS, WEEKDAYS)


def by_hour(returns: Floats, first_hour: int) -> Seasonal:
    """Hourly returns (t,) by the UTC hour in which they came about; `first_hour` counts hours since 1970."""
    return _grouped(returns, (np.arange(len(returns)) + first_hour) % HOURS, HOURS)


def _grouped(returns: Floats, group: Ints, groups: int) -> Seasonal:
    known = np.isfinite(returns)
    values, group = returns[known], group[known]
    n = np.bincount(group, minlength=groups)
    mean = np.divide(np.bincount(group, values, groups), n, out=np.full(groups, np.nan), where=n > 0)
    squares = np.bincount(group, (values - mean[group]) ** 2, groups)
    variance = np.divide(squares, n - 1, out=np.full(groups, np.nan), where=n > 1)
    return Seasonal(n.astype(np.int64), mean, np.sqrt(variance / np.maximum(n, 1)))
