"""Unusualness: how a move compares with an item's own days, as a percentile with its n."""

from typing import Final

import numpy as np

from app.analytics.arrays import Floats

DAYS: Final = 365
"""Days whose moves are compared with."""
LEAST: Final = 30
"""Moves that a percentile needs."""


def percentile(change: float | None, closes: Floats) -> tuple[float | None, int]:
    """How many percent of the daily moves are smaller than a change, and how many moves there are.

    Args:
        change: of the last 24 hours, in percent; None where it is not known.
        closes: daily closes (days,), oldest first, NaN for days without one.

    Moves are the amounts of ln(close / close of the day before), of days that follow each other. The percentile is None where
    the change is not known or there are fewer than `LEAST` moves.
    """
    with np.errstate(invalid="ignore"):
        moves = np.abs(np.diff(np.log(closes)))
    moves = moves[~np.isnan(moves)]
    if change is None or change <= -100 or len(moves) < LEAST:  # noqa: PLR2004  # in percent
        return None, len(moves)
    return float(100 * np.mean(moves < abs(np.log1p(change / 100)))), len(moves)
