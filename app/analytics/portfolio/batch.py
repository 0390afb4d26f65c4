"""Many portfolios at once: holdings as a sparse matrix, in rows of portfolios one after another."""

from dataclasses import dataclass

import numpy as np

from app.analytics.arrays import Floats, Ints
from app.analytics.portfolio.history import LEAST_RETURNS

ROWS_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Holdings:
    """What m portfolios hold: portfolio k's entries are those from `offsets[k]` to `offsets[k + 1]`.

    `column` points to an item's row of returns, `worth` is what the entry is worth in the portfolio's currency; both
    (entries,), `offsets` (m + 1,).
    """

    offsets: Ints
    column: Ints
    worth: Ints

    @property
    def portfolios(self) -> int:
        """How many portfolios these are of."""
        return len(self.offsets) - 1


def volatility(holdings: Holdings, returns: Floats) -> Floats:
    """Daily volatility of each portfolio, shape (m,): that of `risk.measure`, NaN where nothing is held or under 20 days.

    `returns` is (columns, days), without gaps. Portfolios are taken a few hundred at a time, each as a row of a dense
    matrix of the items that occur in them: a matrix product beats gathering.
    """
    found = np.full(holdings.portfolios, np.nan)
    if returns.shape[1] < LEAST_RETURNS:
        return found
    for first in range(0, holdings.portfolios, ROWS_AT_ONCE):
        last = min(first + ROWS_AT_ONCE, holdings.portfolios)
        begin, end = holdings.offsets[first], holdings.offsets[last]
        columns, local = np.unique(holdings.column[begin:end], return_inverse=True)
        rows = np.repeat(np.arange(last - first), np.diff(holdings.offsets[first : last + 1]))
        weights = np.zeros((last - first, len(columns)))
        np.add.at(weights, (rows, local), holdings.worth[begin:end])
        total = weights.sum(axis=1)
        some = np.flatnonzero(total > 0)
        course = (weights[some] @ returns[columns]) / total[some, np.newaxis]
        found[first + some] = course.std(axis=1, ddof=1)
    return found
