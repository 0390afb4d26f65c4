"""Return measures: volatility and Sharpe ratio of log returns r = ln(pₜ / pₜ₋₁) between successive observed closes.

Gaps: over a gap of Δ buckets a random walk's variance grows with Δ, so a return across one enters as r / √Δ, and the
mean return per bucket is Σr / ΣΔ. That is generalised least squares (Aitken 1935) for a Brownian motion with drift
seen at irregular times; without gaps it is the ordinary mean and sample sigma.
"""

import math
from dataclasses import dataclass

import numpy as np

from app.analytics.arrays import DAYS_PER_YEAR, SECONDS_PER_DAY, Floats, known_where
from app.analytics.panel import Panel
from app.analytics.scratch import Scratch

EWMA_DECAY = 0.94
"""Lambda of RiskMetrics (J.P. Morgan/Reuters, *RiskMetrics Technical Document*, 4th ed. 1996, section 5.3)."""
VOLATILITY_MIN_RETURNS = 2
SHARPE_MIN_RETURNS = 30

_STEADY = 1e-4  # share of the squares left beside the drift, under which a difference of sums has lost 4 digits
_ROUNDING = 1e-14  # sigma of equal returns after rounding, as a share of their sum; a tick is far larger


@dataclass(frozen=True, slots=True)
class ReturnMeasures:
    """Arrays (rows,), NaN where unknown."""

    volatility: Floats
    """Sample sigma of r, a fraction per √day; unknown under 2 returns."""
    ewma: Floats
    """The same with λ = 0.94; like RiskMetrics it takes the mean as 0 and counts age in observed returns."""
    sharpe: Floats
    """Mean / sigma per √year, risk-free 0; unknown under 30 returns or if sigma is 0."""


def log_path(panel: Panel, heights: Floats) -> Floats:
    """ln(close / least close) of each cell, 0 in padding, written over `heights`; meaningless where not `positive`.

    log1p of the relative height keeps full relative precision for small moves at any price level.
    """
    heights /= panel.lowest[:, np.newaxis]
    return np.log1p(heights, out=heights)


def return_measures(panel: Panel, path: Floats, bucket_seconds: float, scratch: Scratch) -> ReturnMeasures:
    """Everything that is made of returns; `path` is `log_path`."""
    squares = _scaled_squares(panel, path, scratch)
    count = panel.samples - 1
    rise = np.log1p((panel.last - panel.first) / panel.first)
    drift = rise / panel.elapsed[:, -1]

    total = squares.sum(axis=1)
    residual = total - rise * drift
    steady = np.flatnonzero(residual < _STEADY * total)
    residual[steady] = _residual_squares(path[steady], panel.elapsed[steady], drift[steady])
    sigma = np.sqrt(residual / (count - 1))
    sigma = np.where(sigma > _ROUNDING * np.abs(rise), sigma, 0.0)

    decayed = np.vecdot(squares, EWMA_DECAY ** np.arange(squares.shape[1] - 1, -1, -1.0))
    # The history is finite: divide by what the weights add up to.
    ewma = np.sqrt(decayed * (1 - EWMA_DECAY) / (1 - EWMA_DECAY**count))

    enough = panel.positive & (count >= VOLATILITY_MIN_RETURNS)
    per_day = math.sqrt(SECONDS_PER_DAY / bucket_seconds)
    per_year = per_day * math.sqrt(DAYS_PER_YEAR)
    return ReturnMeasures(
        volatility=known_where(enough, sigma * per_day),
        ewma=known_where(enough, ewma * per_day),
        sharpe=known_where(panel.positive & (count >= SHARPE_MIN_RETURNS) & (sigma > 0), drift / sigma * per_year),
    )


def _scaled_squares(panel: Panel, path: Floats, scratch: Scratch) -> Floats:
    """r² / Δ of the step into every close, 0 for a row's first and in padding."""
    gaps = _steps(panel.elapsed, scratch.matrix("left", path.shape))
    np.maximum(gaps, 1.0, out=gaps)  # padding has steps of 0
    squares = _steps(path, scratch.matrix("right", path.shape))
    squares[:, 0] = squares[panel.firsts()] = 0.0
    squares *= squares
    squares /= gaps
    return squares


def _steps(matrix: Floats, out: Floats) -> Floats:
    """Each cell less the one before; meaningless in the first column. Along all rows at once takes half the time."""
    cells = matrix.ravel()
    out[:1, :1] = 0.0
    np.subtract(cells[1:], cells[:-1], out=out.ravel()[1:])
    return out


def _residual_squares(path: Floats, elapsed: Floats, drift: Floats) -> Floats:
    """Σ (r - drift Δ)² / Δ, each difference taken before it is squared."""
    gaps = np.diff(elapsed, axis=1)
    residuals = np.diff(path, axis=1) - drift[:, np.newaxis] * gaps
    residuals *= residuals
    squares = np.zeros_like(gaps)
    np.divide(residuals, gaps, out=squares, where=gaps > 0)
    return np.asarray(squares.sum(axis=1), dtype=np.float64)
