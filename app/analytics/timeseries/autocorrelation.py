"""Autocorrelation: whether a return says something of those after it."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from app.analytics.arrays import Floats, Ints
from app.analytics.portfolio.history import MIN_RETURNS
from app.analytics.timeseries.returns import moves

MOST_LAGS: Final = 20
TESTED: Final = 10
"""Lags of the Ljung-Box test; even, for which the chi-squared distribution has a closed form."""


@dataclass(frozen=True, slots=True)
class Autocorrelation:
    """Of n returns at lags 1 … k: `pairs` of returns behind each, `returns` of r and `squares` of r².

    Correlated squares mean that calm and wild days come in runs. `bound` is 1.96 / √n: of independent returns 95 of 100 values lie within it.
    `statistic` and `p_value` are of the Ljung-Box test over the first ten lags, None where there are fewer.
    """

    n: int
    pairs: Ints
    returns: Floats
    squares: Floats
    bound: float
    statistic: float | None
    p_value: float | None


def autocorrelation(returns: Floats) -> Autocorrelation | None:
    """The autocorrelation of log returns (t,) with gaps; None under 20 returns, or where they are all equal."""
    known = np.isfinite(returns)
    n = int(known.sum())
    if n < MIN_RETURNS or not moves(returns[known]):
        return None
    lags = min(MOST_LAGS, n // 4)
    pairs = np.array([(known[lag:] & known[:-lag]).sum() for lag in range(1, lags + 1)])
    coefficients = _coefficients(returns, pairs)
    statistic = _ljung_box(coefficients, n) if lags >= TESTED else None
    return Autocorrelation(
        n=n,
        pairs=pairs,
        returns=coefficients,
        squares=_coefficients(returns**2, pairs),
        bound=1.96 / math.sqrt(n),
        statistic=statistic,
        p_value=None if statistic is None else chi_squared_tail(statistic, TESTED),
    )


def _coefficients(values: Floats, pairs: Ints) -> Floats:
    """Correlation at each lag from the pairs that are known, divided by their number and the lag as R's `acf` does: without gaps by n.

    NaN where no pair is known, or the values are all equal.
    """
    known = np.isfinite(values)
    centred = np.where(known, values - values[known].mean(), 0.0)
    spread = float(centred @ centred) / int(known.sum()) if moves(values[known]) else 0.0
    lags = np.arange(1, len(pairs) + 1)
    sums = np.array([float(centred[lag:] @ centred[:-lag]) for lag in lags])
    found = np.full(len(pairs), np.nan)
    np.divide(sums, (pairs + lags) * spread, out=found, where=(pairs > 0) & (spread > 0))
    return found


def _ljung_box(coefficients: Floats, n: int) -> float | None:
    """Q = n (n + 2) Σ ρₖ² / (n - k) (G. M. Ljung, G. E. P. Box, *On a Measure of Lack of Fit in Time Series Models*, 1978)."""
    first = coefficients[:TESTED]
    statistic = n * (n + 2) * float((first**2 / (n - np.arange(1, TESTED + 1))).sum())
    return statistic if math.isfinite(statistic) else None


def chi_squared_tail(value: float, degrees: int) -> float:
    """P(χ² > value) for an even number of degrees of freedom: e^(-x/2) Σ (x/2)^i / i!, i < degrees / 2."""
    half = value / 2
    terms = (half**i / math.factorial(i) for i in range(degrees // 2))
    return min(1.0, math.exp(-half) * sum(terms))
