"""Daily prices of holdings as a matrix, and what is done about days without one."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from app.analytics.arrays import Bools, Floats

LEAST_COVERAGE: Final = 0.5
LONGEST_GAP: Final = 14
LEAST_RETURNS: Final = 20


@dataclass(frozen=True, slots=True)
class History:
    """Simple returns (items, days - 1) without gaps, and which items were left out for lack of data.

    `prices` (items, days) are those that the returns are of: a day without a quote carries the last price on, which is
    what the portfolio is valued at on such a day.
    """

    prices: Floats
    returns: Floats
    used: Bools
    """(all items asked for,): False was left out."""


def fill(prices: Floats) -> Floats:
    """Each gap (NaN) takes the last known price before it; a gap at the start stays."""
    at = np.where(np.isnan(prices), 0, np.arange(prices.shape[1]))
    np.maximum.accumulate(at, axis=1, out=at)
    filled: Floats = np.take_along_axis(prices, at, axis=1)
    return filled


def history(prices: Floats, *, least_coverage: float = LEAST_COVERAGE, longest_gap: int = LONGEST_GAP) -> History:
    """Returns of those items whose history is good enough.

    Left out is an item whose first day in the range is unknown beyond `longest_gap` days, that has a gap longer than
    that, or that was quoted on fewer than `least_coverage` of the days. Days before every used item has a price are
    dropped, so that all returns cover the same days.
    """
    observed = np.isfinite(prices) & (prices > 0)
    clean = np.where(observed, prices, np.nan)
    days = prices.shape[1]
    if not days:
        return History(clean, np.empty((len(clean), 0)), np.zeros(len(clean), dtype=np.bool_))
    last_seen = np.where(observed, np.arange(days), -1)
    np.maximum.accumulate(last_seen, axis=1, out=last_seen)
    gap = (np.arange(days) - last_seen).max(axis=1, initial=0)
    used = observed.any(axis=1) & (gap <= longest_gap) & (observed.mean(axis=1) >= least_coverage)
    start = int(observed[used].argmax(axis=1).max(initial=0))
    kept = fill(clean[used])[:, start:]
    return History(kept, kept[:, 1:] / kept[:, :-1] - 1, used)
