"""Comparison: series rebased to 100 at a common beginning, how far each went since, and how they moved together.

Holes are not filled: a return is of two neighbouring buckets that both have a close, and what is unknown is NaN.
"""

from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Final

import numpy as np

from app.analytics.arrays import Bools, Floats, Ints
from app.analytics.engine import measure
from app.analytics.portfolio.history import MIN_RETURNS
from app.analytics.timeseries.returns import moves

BASE: Final = 100.0


@dataclass(frozen=True, slots=True)
class Figures:
    """How each series went from the beginning to its last close; arrays (rows,), NaN where unknown."""

    change: Floats
    """Last close / base - 1, a fraction."""
    volatility: Floats
    """Sample sigma of log returns, a fraction per √day; unknown under 2 returns."""
    drawdown: Floats
    """Largest fall from a running maximum, as a fraction of it."""
    closes: Ints
    """How many closes they are of."""


@dataclass(frozen=True, slots=True)
class Together:
    """How series moved together, symmetric (rows, rows); `n` counts the returns that two have in common."""

    n: Ints
    correlation: Floats
    """Pearson's; NaN under `MIN_RETURNS` common returns, or where one of the two never moved in them."""


def carried(closes: Floats, breaks: Bools) -> Floats:
    """Prices as they stood: a bucket without a close keeps the last one, but not over a gap, nor past the last close.

    Args:
        closes: (rows, buckets), NaN where there is none.
        breaks: (rows, buckets), True at a close that a gap follows.
    """
    known = np.isfinite(closes)
    places = np.arange(closes.shape[1])
    last = np.maximum.accumulate(np.where(known, places, -1), axis=1)
    coming = np.flip(np.logical_or.accumulate(np.flip(known, axis=1), axis=1), axis=1)
    at = np.maximum(last, 0)
    stands = known | ((last >= 0) & coming & ~np.take_along_axis(breaks, at, axis=1))
    return np.where(stands, np.take_along_axis(closes, at, axis=1), np.nan)


def beginning(prices: Floats) -> int | None:
    """The first bucket in which every row of `prices` (rows, buckets) has one; None where there is none."""
    every = np.isfinite(prices).all(axis=0)
    return int(every.argmax()) if len(prices) and every.any() else None


def rebased(closes: Floats, prices: Floats, start: int) -> Floats:
    """Closes as levels, 100 at bucket `start`, (rows, buckets - start); NaN where there is no close.

    `prices` is `carried`: a row without a close in that very bucket begins with the price that stood then.
    """
    levels: Floats = BASE * closes[:, start:] / prices[:, start : start + 1]
    levels[:, 0] = BASE
    return levels


def figures(levels: Floats, bucket_seconds: float) -> Figures:
    """What became of levels (rows, buckets) that begin with 100, buckets of so many seconds each."""
    measured = measure(levels, bucket_seconds=bucket_seconds)
    places = np.where(np.isfinite(levels), np.arange(levels.shape[1]), 0).max(axis=1)
    last = np.take_along_axis(levels, places[:, np.newaxis], axis=1)[:, 0]
    change = np.where(places > 0, last / BASE - 1, np.nan)
    return Figures(change, measured.return_volatility, measured.max_drawdown, measured.samples)


def last_of_each(closes: Floats, group: Ints) -> Floats:
    """The last close of each run of equal values of `group` (buckets,), shape (rows, groups); NaN for a group without one."""
    starts = np.flatnonzero(np.diff(group, prepend=group[0] - 1))
    places = np.where(np.isfinite(closes), np.arange(closes.shape[1]), -1)
    last = np.maximum.reduceat(places, starts, axis=1)
    found = np.take_along_axis(closes, np.maximum(last, 0), axis=1)
    return np.where(last >= 0, found, np.nan)


def simple_returns(closes: Floats) -> Floats:
    """Price / price of the bucket before - 1, shape (rows, buckets - 1); NaN where one of the two has no close."""
    returns: Floats = closes[:, 1:] / closes[:, :-1] - 1
    return returns


def together(returns: Floats) -> Together:
    """Pearson's correlation of every two rows of `returns` (rows, t), over the steps that both have."""
    rows = len(returns)
    known = np.isfinite(returns)
    n = known.astype(np.int64) @ known.T.astype(np.int64)
    matrix = np.full((rows, rows), np.nan)
    for one, other in combinations_with_replacement(range(rows), 2):
        both = known[one] & known[other]
        matrix[one, other] = matrix[other, one] = correlation(returns[one, both], returns[other, both])
    return Together(n, matrix)


def correlation(one: Floats, other: Floats) -> float:
    """Pearson's of two rows of returns without holes, (t,) each; NaN as in `Together`."""
    if len(one) < MIN_RETURNS or not (moves(one) and moves(other)):
        return np.nan
    first, second = one - one.mean(), other - other.mean()
    value = float(first @ second) / float(np.sqrt((first @ first) * (second @ second)))
    return min(1.0, max(-1.0, value))
