"""Measures: the engine's result, one value per row in each field."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from app.analytics.arrays import Floats, Ints


@dataclass(frozen=True, slots=True)
class Measures:
    """One value per row in each field, NaN where it is unknown. Prices are in the unit of the closes."""

    rolling_stddev: Floats
    """Population sigma of the closes."""
    coefficient_of_variation: Floats
    """Sigma / mean."""
    percent_change: Floats
    bollinger_upper: Floats
    bollinger_middle: Floats
    bollinger_lower: Floats
    percent_b: Floats
    bandwidth: Floats
    return_volatility: Floats
    """Sample sigma of log returns, as a fraction, scaled to one day; see `returns` for gaps."""
    ewma_volatility: Floats
    """The same unit, newer returns weighing more (λ = 0.94)."""
    parkinson: Floats
    """The same unit, from high and low."""
    sharpe: Floats
    """Per year of 365 days."""
    trend_slope: Floats
    """Percent per day."""
    trend_r2: Floats
    trend_score: Floats
    """Slope times R²."""
    max_drawdown: Floats
    """A fraction, 0 or more."""
    atr: Floats
    samples: Ints
    """Observed closes: 0 and not unknown where there are none."""
    coverage: Floats
    """Observed buckets / buckets of the window."""


def join(pieces: Sequence[Measures]) -> Measures:
    """The measures of consecutive groups of rows as those of all rows."""
    return Measures(
        **{field.name: np.concatenate([getattr(piece, field.name) for piece in pieces]) for field in fields(Measures)}
    )
