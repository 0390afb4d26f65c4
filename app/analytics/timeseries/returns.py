"""Returns of a series of closes, one step at a time."""

from typing import Final

import numpy as np

from app.analytics.arrays import Floats

ROUNDING: Final = 1e-12
"""Difference of equal returns after rounding, as a share of them; a tick is far larger."""


def log_returns(closes: Floats) -> Floats:
    """Log returns ln(pₜ / pₜ₋₁) of each bucket, shape (t,).

    NaN where it or the bucket before has no close: a return over a gap is of another length. The first is NaN, and so is what
    involves a close that is not positive.
    """
    levels = np.log(np.where(closes > 0, closes, np.nan))
    return np.diff(levels, prepend=np.nan)


def moves(values: Floats) -> bool:
    """Whether known values differ by more than what rounding makes of equal ones."""
    return bool(np.ptp(values) > ROUNDING * np.abs(values).max())
