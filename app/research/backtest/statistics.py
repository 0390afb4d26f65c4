"""Statistics of runs: return, drawdown, Sharpe ratio and turnover, from equity at equal steps."""

from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np

from app.analytics.arrays import Floats

EULER: Final = 0.5772156649015329


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of p runs, arrays (p,), NaN where unknown.

    `total_return` as a fraction of the capital; `annual_return` the same a year, compounded; `max_drawdown` the deepest fall from a
    high, positive; `sharpe` the mean return a bar by its standard deviation, a year, riskless rate 0 (W. F. Sharpe, *The Sharpe
    Ratio*, 1994); `turnover` what was bought and sold, halved, by mean equity, a year.
    """

    total_return: Floats
    annual_return: Floats
    max_drawdown: Floats
    sharpe: Floats
    turnover: Floats


def statistics(equity: Floats, traded: Floats, capital: float, bars_per_year: float) -> Statistics:
    """Of equity and trading volume (t, p), t at least 1; the capital stands before the first row."""
    years = len(equity) / bars_per_year
    levels = np.vstack([np.full((1, equity.shape[1]), capital), equity])
    growth = equity[-1] / capital
    returns = levels[1:] / np.where(levels[:-1] > 0, levels[:-1], np.nan) - 1
    deviation = returns.std(axis=0, ddof=1) if len(returns) > 1 else np.full(equity.shape[1], np.nan)
    # What never moves has no ratio; its deviation is 0 but for rounding.
    moves = deviation > 1e-12  # noqa: PLR2004
    sharpe = np.full(equity.shape[1], np.nan)
    np.divide(returns.mean(axis=0) * np.sqrt(bars_per_year), deviation, out=sharpe, where=moves)
    return Statistics(
        total_return=growth - 1,
        annual_return=growth ** (1 / years) - 1,
        max_drawdown=drawdown(levels).max(axis=0),
        sharpe=sharpe,
        turnover=traded.sum(axis=0) / 2 / equity.mean(axis=0) / years,
    )


def drawdown(levels: Floats) -> Floats:
    """How far below its high so far each level is, as a positive fraction; along the first axis."""
    return np.asarray(1 - levels / np.maximum.accumulate(levels, axis=0), dtype=np.float64)


def luck(sharpes: Floats) -> float | None:
    """The Sharpe ratio that the best of n tries shows on average when all are worth nothing; None for fewer than two.

    s((1 - c) Φ⁻¹(1 - 1/n) + c Φ⁻¹(1 - 1/(ne))), with s the standard deviation of the tries' ratios and Euler's c (D. Bailey and M. López de
    Prado, *The Deflated Sharpe Ratio*, 2014, equation 1). Tries that resemble each other count as if they did not.
    """
    known = sharpes[np.isfinite(sharpes)]
    n = len(known)
    if n < 2:  # noqa: PLR2004  # one has no deviation
        return None
    quantile = NormalDist().inv_cdf
    worst = (1 - EULER) * quantile(1 - 1 / n) + EULER * quantile(1 - 1 / (n * np.e))
    return float(known.std(ddof=1) * worst)
