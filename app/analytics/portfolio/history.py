"""Return history: daily returns of items from their prices, with short gaps filled and poor histories excluded."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from app.analytics.arrays import Bools, Floats

MIN_COVERAGE: Final = 0.5
MAX_GAP: Final = 14
MIN_RETURNS: Final = 20


@dataclass(frozen=True, slots=True)
class ReturnHistory:
    """Simple returns (items, days - 1) without gaps, and which items were excluded for lack of data.

    `prices` (items, days) are those that the returns are of: a day without a quote carries the last price on, which is
    what the portfolio is valued at on such a day.
    """

    prices: Floats
    returns: Floats
    used: Bools
    """(all items asked for,): False was excluded."""


def forward_fill(prices: Floats) -> Floats:
    """Each gap (NaN) takes the last known price before it; a gap at the start stays."""
    at = np.where(np.isnan(prices), 0, np.arange(prices.shape[1]))
    np.maximum.accumulate(at, axis=1, out=at)
    filled: Floats = np.take_along_axis(prices, at, axis=1)
    return filled


def return_history(
    prices: Floats, *, least_coverage: float = MIN_COVERAGE, longest_gap: int = MAX_GAP
) -> ReturnHistory:
    """Returns of those items whose history is good enough.

    Excluded is an item whose first day in the range is unknown beyond `longest_gap` days, that has a gap longer than
    that, or that was quoted on fewer than `least_coverage` of the days. Days before every used item has a price are
    dropped, so that all returns cover the same days.
    """
    observed = np.isfinite(prices) & (prices > 0)
    clean = np.where(observed, prices, np.nan)
    days = prices.shape[1]
    if not days:
        return ReturnHistory(clean, np.empty((len(clean), 0)), np.zeros(len(clean), dtype=np.bool_))
    last_seen = np.where(observed, np.arange(days), -1)
    np.maximum.accumulate(last_seen, axis=1, out=last_seen)
    gap = (np.arange(days) - last_seen).max(axis=1, initial=0)
    used = observed.any(axis=1) & (gap <= longest_gap) & (observed.mean(axis=1) >= least_coverage)
    start = int(observed[used].argmax(axis=1).max(initial=0))
    filled = forward_fill(clean[used])[:, start:]
    return ReturnHistory(filled, filled[:, 1:] / filled[:, :-1] - 1, used)
