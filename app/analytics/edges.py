"""Edges: what is left of buying at one source and selling at another, and the risk of the days in between.

A price may move while a purchase is locked. Source: the model of J.P. Morgan/Reuters, *RiskMetrics: Technical Document*, 4th edition,
1996, chapter 4: logarithmic returns are normal with mean zero (no drift), and the deviation of T days is s = sigma √T, sigma that of one
day. Proceeds N of today's sale price become N · exp(s z), z standard normal; the fee counts as proportional over so short a way. With
cost B:

- chance of a loss: P(N exp(s z) < B) = Φ(ln(B / N) / s),
- worst case: N exp(s z) / B less 1, at the 5 % quantile z = Φ⁻¹(0.05), which is 1.645 below zero: one of twenty outcomes is worse.

CS2 items have fatter tails than that: both figures are lower bounds of the risk, not forecasts.
"""

import math
from statistics import NormalDist
from typing import Final

import numpy as np

from app.analytics.arrays import Bools, Floats, Ints
from app.analytics.portfolio.fees import BASIS_POINTS

FACTOR: Final = 3.0
"""A quote this many times its sources' median, or less than its inverse, is a mistake or bait."""
LEVEL: Final = 0.05
LEAST_SAMPLES: Final = 8
"""Closes behind a volatility, at least: as the rankings ask for."""

_ERF: Final = np.frompyfunc(math.erf, 1, 1)


def cost_of(prices: Ints, fee: int) -> Ints:
    """What a buyer pays of listed prices (n,) in minor units with a fee in basis points on top, rounded up; -1 where unknown."""
    return np.where(prices >= 0, -(-prices * (BASIS_POINTS + fee) // BASIS_POINTS), -1)


def net_spread(cost: Ints, proceeds: Ints) -> Floats:
    """Proceeds over cost in percent, (n,); both in minor units of one currency, NaN where either is not known (below 0, or a cost of 0)."""
    known = (cost > 0) & (proceeds >= 0)
    ratio = np.full(cost.shape, np.nan)
    np.divide(proceeds, cost, out=ratio, where=known)
    return 100 * (ratio - 1)


def usable_volatility(volatility: Floats, samples: Ints) -> Floats:
    """Daily volatilities (n,), NaN where they say nothing: of too few closes, or of a price that never moved."""
    return np.where((samples >= LEAST_SAMPLES) & (volatility > 0) & np.isfinite(volatility), volatility, np.nan)


def chance_of_loss(spread: Floats, volatility: Floats, days: float) -> Floats:
    """Chance in percent that proceeds are below the cost after `days`, (n,); NaN where the spread or the daily volatility is unknown.

    With no day in between it is 0 or 100.
    """
    gain = np.log1p(np.maximum(spread, -100 * (1 - 1e-12)) / 100)
    deviation = volatility * math.sqrt(days)
    if days <= 0:
        return np.where(np.isnan(gain), np.nan, np.where(gain < 0, 100.0, 0.0))
    return 50 * (1 + np.asarray(_ERF(-gain / (deviation * math.sqrt(2))), dtype=np.float64))


def worst_case(spread: Floats, volatility: Floats, days: float) -> Floats:
    """The net spread in percent that one of twenty outcomes stays below after `days`, (n,); NaN where unknown."""
    if days <= 0:
        return spread
    return 100 * ((1 + spread / 100) * np.exp(NormalDist().inv_cdf(LEVEL) * math.sqrt(days) * volatility) - 1)


def off_median(prices: Floats) -> Bools:
    """Which quotes of a matrix (items, sources) in one currency an item are FACTOR times off the median of the item's sources; NaN are not.

    Of two quotes that lie FACTOR times apart nobody can tell which is wrong: both are.
    """
    known = np.isfinite(prices)
    count = known.sum(axis=1)
    middle = np.full(len(prices), np.nan)
    some = count > 0
    middle[some] = np.nanmedian(prices[some], axis=1)
    off = (prices >= FACTOR * middle[:, None]) | (prices * FACTOR <= middle[:, None])
    two = count == 2  # noqa: PLR2004 - they have no majority
    apart = np.zeros(len(prices), dtype=np.bool_)
    apart[two] = np.nanmax(prices[two], axis=1) >= FACTOR * np.nanmin(prices[two], axis=1)
    return known & (off | apart[:, None])
