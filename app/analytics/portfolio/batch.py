"""Batch volatility: many portfolios at once, their holdings as a sparse matrix by portfolio."""

from dataclasses import dataclass

import numpy as np

from app.analytics.arrays import Floats, Ints
from app.analytics.portfolio.history import MIN_RETURNS

ROWS_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Holdings:
    """What m portfolios hold: portfolio k's entries are those from `offsets[k]` to `offsets[k + 1]`.

    `column` points to an item's row of returns, `value` is what the entry is worth in the portfolio's currency; both
    (entries,), `offsets` (m + 1,).
    """

    offsets: Ints
    column: Ints
    value: Ints

    @property
    def portfolios(self) -> int:
        """How many portfolios these are of."""
        return len(self.offsets) - 1


def volatility(holdings: Holdings, returns: Floats, steps: Floats | None = None) -> Floats:
    """Daily volatility of each portfolio, shape (m,): that of `risk.measure`, NaN where nothing is held or under 20 days.

    `returns` is (columns, days), without gaps; `steps` (m, days) are those of each portfolio's currency against that of
    the returns. A few dozen portfolios are taken at a time, so that the rows gathered for
    them stay in the processor's cache.
    """
    found = np.full(holdings.portfolios, np.nan)
    if returns.shape[1] < MIN_RETURNS:
        return found
    some = np.flatnonzero(np.diff(holdings.offsets))
    for first in range(0, len(some), ROWS_AT_ONCE):
        rows = some[first : first + ROWS_AT_ONCE]
        begin, end = holdings.offsets[rows[0]], holdings.offsets[rows[-1] + 1]
        starts = holdings.offsets[rows] - begin
        value = holdings.value[begin:end].astype(np.float64)
        gathered = returns.take(holdings.column[begin:end], axis=0)
        gathered *= value[:, np.newaxis]
        total = np.add.reduceat(value, starts)
        weighted = np.add.reduceat(gathered, starts, axis=0)
        held = total > 0
        own = weighted[held] / total[held, np.newaxis]
        if steps is not None:
            own = (1 + own) * steps[rows[held]] - 1
        found[rows[held]] = own.std(axis=1, ddof=1)
    return found
