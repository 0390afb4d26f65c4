"""Many portfolios at once: holdings as a sparse matrix, in rows of portfolios one after another."""

from dataclasses import dataclass

import numpy as np

from app.analytics.arrays import Floats, Ints

ROWS_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Holdings:
    """What m portfolios hold: portfolio k's entries are those from `offsets[k]` to `offsets[k + 1]`.

    `column` points into the vectors of prices, `quantity` is not negative; both (entries,), `offsets` (m + 1,).
    """

    offsets: Ints
    column: Ints
    quantity: Ints

    @property
    def portfolios(self) -> int:
        """How many portfolios these are of."""
        return len(self.offsets) - 1


@dataclass(frozen=True, slots=True)
class Values:
    """Per portfolio, shape (m,): exact value in minor units, entries with a price, entries without."""

    value: Ints
    priced: Ints
    unpriced: Ints


def group(portfolio: Ints, column: Ints, quantity: Ints) -> tuple[Ints, Holdings]:
    """Portfolio ids in ascending order, and their holdings; entries come in any order."""
    order = np.argsort(portfolio, kind="stable")
    ids, starts = np.unique(portfolio[order], return_index=True)
    offsets = np.append(starts, len(portfolio)).astype(np.int64)
    return ids, Holdings(offsets, column[order], quantity[order])


def value(holdings: Holdings, prices: Ints) -> Values:
    """Value of each portfolio at unit prices (columns,), -1 where unknown; integers throughout."""
    unit = prices[holdings.column]
    known = unit >= 0
    return Values(
        _per_portfolio(holdings, np.where(known, unit * holdings.quantity, 0)),
        _per_portfolio(holdings, known.astype(np.int64)),
        _per_portfolio(holdings, (~known).astype(np.int64)),
    )


def totals(holdings: Holdings, amounts: Ints) -> Ints:
    """Sum of the entries' amounts per portfolio, shape (m,)."""
    return _per_portfolio(holdings, amounts)


def volatility(holdings: Holdings, prices: Ints, returns: Floats) -> Floats:
    """Daily volatility of each portfolio, shape (m,): `risk.measure`'s, NaN where nothing with a history is held.

    `returns` is (columns, days), a row of NaN for an item without a history. Portfolios are taken a few hundred at a
    time, each as a row of a dense matrix of the items that occur in them: a matrix product beats gathering.
    """
    usable = np.isfinite(returns).all(axis=1) & (prices >= 0)
    worth = np.where(usable, prices, 0).astype(np.float64)
    found = np.full(holdings.portfolios, np.nan)
    if returns.shape[1] < 2:  # noqa: PLR2004  # a sigma needs two returns
        return found
    clean = np.where(usable[:, np.newaxis], returns, 0.0)
    for first in range(0, holdings.portfolios, ROWS_AT_ONCE):
        last = min(first + ROWS_AT_ONCE, holdings.portfolios)
        begin, end = holdings.offsets[first], holdings.offsets[last]
        columns, local = np.unique(holdings.column[begin:end], return_inverse=True)
        rows = np.repeat(np.arange(last - first), np.diff(holdings.offsets[first : last + 1]))
        weights = np.zeros((last - first, len(columns)))
        np.add.at(weights, (rows, local), holdings.quantity[begin:end] * worth[holdings.column[begin:end]])
        total = weights.sum(axis=1)
        some = total > 0
        course = (weights[some] @ clean[columns]) / total[some, np.newaxis]
        found[first:last][some] = course.std(axis=1, ddof=1)
    return found


def _per_portfolio(holdings: Holdings, amounts: Ints) -> Ints:
    sums = np.zeros(len(amounts) + 1, dtype=np.int64)
    np.cumsum(amounts, out=sums[1:])
    per: Ints = sums[holdings.offsets[1:]] - sums[holdings.offsets[:-1]]
    return per
