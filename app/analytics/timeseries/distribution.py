"""Distribution of returns: moments, histogram, and the loss that few days exceed."""

from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np

from app.analytics.arrays import Floats, Ints
from app.analytics.portfolio.history import MIN_RETURNS
from app.analytics.portfolio.risk import tail_losses
from app.analytics.timeseries.returns import moves

TAILS: Final = (0.05, 0.01)
"""Shares of the days that a value at risk leaves out."""
_LEAST_BINS: Final = 10
_MOST_BINS: Final = 80


@dataclass(frozen=True, slots=True)
class TailLoss:
    """Losses as fractions of the price (a gain is negative); None on too few returns to hold one day of the tail."""

    tail: float
    value_at_risk: float | None
    """Historical: the k-th worst of n days, k = ⌈n tail⌉."""
    expected_shortfall: float | None
    """Mean loss of those k days."""
    normal: float | None
    """1 - exp(mean + z sigma), z the normal quantile: what the value at risk would be if log returns were normal; unknown where they never moved."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """n log returns: mean, sample sigma, and the adjusted Fisher-Pearson skewness G1 and excess kurtosis G2.

    Source of G1 and G2: D. N. Joanes, C. A. Gill, *Comparing Measures of Sample Skewness and Kurtosis*, 1998; None where the
    price never moved. `edges` (b + 1,) and `counts` (b,) are the histogram, without bins where all returns are equal.
    """

    n: int
    mean: float
    stddev: float
    skewness: float | None
    kurtosis: float | None
    edges: Floats
    counts: Ints
    tails: tuple[TailLoss, ...]


def distribution(returns: Floats) -> Distribution | None:
    """The distribution of the log returns that are known; None under 20 of them."""
    known = returns[np.isfinite(returns)]
    n = len(known)
    if n < MIN_RETURNS:
        return None
    mean, sigma = float(known.mean()), float(known.std(ddof=1))
    is_moving = moves(known)
    edges = np.linspace(known.min(), known.max(), _bins(known) + 1) if is_moving else np.empty(0)
    return Distribution(
        n=n,
        mean=mean,
        stddev=sigma if is_moving else 0.0,
        skewness=_skewness(known) if is_moving else None,
        kurtosis=_kurtosis(known) if is_moving else None,
        edges=edges,
        counts=np.histogram(known, edges)[0].astype(np.int64) if is_moving else np.empty(0, dtype=np.int64),
        tails=tuple(_tail(known, mean, sigma if is_moving else None, tail) for tail in TAILS),
    )


def _tail(known: Floats, mean: float, sigma: float | None, tail: float) -> TailLoss:
    if len(known) * tail < 1:
        return TailLoss(tail, None, None, None)
    at_risk, shortfall = tail_losses(np.expm1(known), tail)
    normal = None if sigma is None else float(-np.expm1(mean + NormalDist().inv_cdf(tail) * sigma))
    return TailLoss(tail, at_risk, shortfall, normal)


def _bins(known: Floats) -> int:
    """Bins of the width 2 IQR / ∛n (D. Freedman, P. Diaconis 1981), or 3.49 s / ∛n (D. W. Scott 1979) where half of all are equal."""
    quarters = np.quantile(known, (0.25, 0.75))
    width = 2 * float(np.diff(quarters)[0]) or 3.49 * float(known.std(ddof=1))
    return int(np.clip(np.ceil(np.ptp(known) / width * np.cbrt(len(known))), _LEAST_BINS, _MOST_BINS))


def _skewness(known: Floats) -> float:
    n = len(known)
    centred = known - known.mean()
    biased = np.mean(centred**3) / np.mean(centred**2) ** 1.5
    return float(biased * np.sqrt(n * (n - 1)) / (n - 2))


def _kurtosis(known: Floats) -> float:
    n = len(known)
    centred = known - known.mean()
    biased = np.mean(centred**4) / np.mean(centred**2) ** 2 - 3
    return float((n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * biased + 6))
