"""Portfolio risk: volatility, beta, tail losses and correlation from the daily returns of its holdings.

Weights are shares of today's value. The covariance is the sample's (n - 1), as numpy.cov computes it.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from app.analytics.arrays import DAYS_PER_YEAR, Floats
from app.analytics.portfolio.history import MIN_RETURNS

MIN_PEERS: Final = 20
TAIL: Final = 0.05


@dataclass(frozen=True, slots=True)
class Risk:
    """Fractions per day unless named otherwise; None where there is too little data.

    Arrays have one row per holding, in the order given.
    """

    volatility: float | None
    """√(wᵀ Σ w)."""
    yearly_volatility: float | None
    contributions: Floats
    """wᵢ (Σ w)ᵢ over the volatility: they add up to it (Litterman, *Hot Spots and Hedges*, 1996)."""
    beta: float | None
    """cov(portfolio, market) / var(market)."""
    value_at_risk: float | None
    """The loss that 95 % of the days stayed under: historical simulation, the k-th worst of n days, k = ⌈n / 20⌉."""
    expected_shortfall: float | None
    """Mean loss of those k days (Acerbi and Tasche 2002)."""
    max_drawdown: float | None
    """Largest fall from a maximum of today's holdings, had they been held all the time."""
    diversification: float | None
    """Weighted mean of the holdings' volatilities over the portfolio's (Choueifaty and Coignard 2008): 1 is a single bet."""
    correlation: Floats
    """(holdings, holdings); NaN where a holding's price never moved."""
    days: int


def measure(values: Floats, returns: Floats, market: Floats | None = None, *, tail: float = TAIL) -> Risk:
    """The measures of one portfolio.

    Args:
        values: what each holding is worth, shape (n,), not negative, in any one currency.
        returns: simple daily returns without gaps, shape (n, days), oldest first.
        market: the market index's returns on the same days, NaN where unknown.
        tail: the share of days that the value at risk leaves out.
    """
    holdings, days = returns.shape
    total = float(values.sum())
    if days < MIN_RETURNS or not total > 0:
        nothing = np.full(holdings, np.nan)
        return Risk(None, None, nothing, None, None, None, None, None, np.full((holdings, holdings), np.nan), days)
    weights = values / total
    daily_returns = weights @ returns
    centred = returns - returns.mean(axis=1, keepdims=True)
    with_portfolio = centred @ (daily_returns - daily_returns.mean()) / (days - 1)
    sigma = math.sqrt(max(0.0, float(weights @ with_portfolio)))
    sigmas = np.sqrt(np.einsum("ij,ij->i", centred, centred) / (days - 1))
    at_risk, shortfall = tail_losses(daily_returns, tail)
    return Risk(
        volatility=sigma,
        yearly_volatility=sigma * math.sqrt(DAYS_PER_YEAR),
        contributions=weights * with_portfolio / sigma if sigma > 0 else np.zeros(holdings),
        beta=None if market is None else beta(daily_returns, market),
        value_at_risk=at_risk,
        expected_shortfall=shortfall,
        max_drawdown=drawdown(value_path(values, returns)),
        diversification=float(weights @ sigmas) / sigma if sigma > 0 else None,
        correlation=correlation(centred, sigmas),
        days=days,
    )


def tail_losses(daily_returns: Floats, tail: float = TAIL) -> tuple[float, float]:
    """Value at risk and expected shortfall of a course of returns, as losses (a gain is negative)."""
    worst = max(1, math.ceil(len(daily_returns) * tail - 1e-9))
    lowest = np.sort(daily_returns)[:worst]
    return float(-lowest[-1]), float(-lowest.mean())


def value_path(values: Floats, returns: Floats) -> Floats:
    """What today's quantities were worth on each day, shape (days + 1,); the last is today."""
    factors = np.cumprod(1 + returns, axis=1)
    start = values / factors[:, -1]
    return np.append(start.sum(), start @ factors)


def drawdown(values: Floats) -> float:
    """Largest fall from a running maximum, as a fraction of it."""
    return float((1 - values / np.maximum.accumulate(values)).max(initial=0.0))


def beta(daily_returns: Floats, market: Floats) -> float | None:
    """How much the portfolio moves with the market; None on fewer than 20 common days or with a market that stands."""
    known = np.isfinite(market)
    if known.sum() < MIN_RETURNS:
        return None
    moves = market[known] - market[known].mean()
    spread = float(moves @ moves)
    return float((daily_returns[known] - daily_returns[known].mean()) @ moves) / spread if spread > 0 else None


def correlation(centred: Floats, sigmas: Floats) -> Floats:
    """Pearson's, of returns less their mean (n, days) with sample sigmas (n,)."""
    known = np.where(sigmas > 0, sigmas, np.nan)
    scaled = centred / known[:, np.newaxis]
    matrix: Floats = np.clip(scaled @ scaled.T / (centred.shape[1] - 1), -1, 1)
    np.fill_diagonal(matrix, np.where(sigmas > 0, 1.0, np.nan))
    return matrix


def percentile(own: float, others: Floats) -> float | None:
    """The share of the others' figures below one's own, equal ones counting half; None under 20 others."""
    if len(others) < MIN_PEERS:
        return None
    return float(((others < own).sum() + (others == own).sum() / 2) / len(others))
