"""Simulation: accounts that follow what strategies want, for p sets of parameters over n items at once.

At a moment with a bar an item's account does what was wanted after the bar before: it sells all or buys for all its cash, at the
bar's open. Prices, cash and proceeds are whole minor units, so that nothing is lost to rounding. What cannot be done (protected,
too dear, under the least price) is tried again at the next bar, as long as it is wanted.
"""

from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from app.analytics.arrays import Bools, Floats, Ints
from app.research.backtest.panel import Panel
from app.research.backtest.terms import Terms

EXACT: Final = 2**53
"""Below it floats hold every whole number."""
Trades: TypeAlias = npt.NDArray[np.void]
TRADE = np.dtype(
    [("run", "i4"), ("item", "i4"), ("units", "i8"), ("bought", "i4"), ("sold", "i4")]
    + [(name, "i8") for name in ("cost", "gross", "proceeds")]
)
"""One purchase with its sale, by rows of the panel; `sold` is -1 while it is held. Sums of all units in minor units."""


@dataclass(frozen=True, slots=True)
class Run:
    """p runs over the rows [first, last) of a panel: arrays (last - first, p) in minor units.

    `equity` is cash and positions at the newest close. `traded` is what was bought and sold at a row. `closing` (p,) is cash and what
    selling everything at the last close would leave after fees; what cannot be sold counts nothing. `trades` are of `TRADE`, in order
    of sale, then what is still held.
    """

    first: int
    last: int
    equity: Floats
    cash: Floats
    positions: Ints
    traded: Floats
    closing: Floats
    trades: Trades


@dataclass(slots=True)
class _Accounts:
    """The state of p runs: `cash` (p, n), or (p, 1) where an account holds several items; the rest (p, n)."""

    cash: Ints
    units: Floats
    held: Bools
    unlocks: Ints
    bought: Ints
    cost: Ints
    trades: list[Trades] = field(default_factory=list)

    def purse(self, items: Ints) -> Ints:
        """Which column of `cash` is theirs."""
        return items if self.cash.shape[1] == self.held.shape[1] else np.zeros_like(items)


@dataclass(frozen=True, slots=True)
class _Prices:
    """By row and item: what a unit costs, what a buyer pays, what the seller gets, how many units may be bought at the next row.

    `unlock` is, by row, the row at which what is bought there may be sold.
    """

    buy: Ints
    gross: Ints
    net: Ints
    most: Floats
    unlock: Ints


def simulate(
    panel: Panel, wanted: Bools, slots: int | None, terms: Terms, first: int = 0, last: int | None = None
) -> Run:
    """Run accounts over the rows [first, last), beginning with cash alone.

    Args:
        panel: t moments of n items.
        wanted: (t, p, n) of `Strategy.wanted`.
        slots: of the strategy.
        terms: of every account. With accounts by item the capital is shared equally.
        first: the row before it is the first whose wish counts.
        last: None is the end.

    Raises:
        ValueError: the source's fee is not known, or an account grows past 2⁵³ minor units.
    """
    last = len(panel) if last is None else last
    prices = _prices(panel, terms)
    runs, items = wanted.shape[1:]
    accounts = _begin(runs, items, slots, terms.capital)
    total = np.full(runs, float(terms.capital))
    columns = {name: np.zeros((last - first, runs)) for name in ("equity", "cash", "traded")}
    positions = np.zeros((last - first, runs), dtype=np.int64)
    for row in range(first, last):
        if row:
            change = np.flatnonzero((wanted[row - 1] ^ accounts.held) & panel.observed[row])
            if len(change):
                wish = wanted[row - 1].ravel()[change]
                traded = columns["traded"][row - first]
                total += _sell(accounts, prices, change[~wish], row, traded)
                total -= _buy(accounts, prices, change[wish], row, slots, traded)
                if total.max(initial=0) >= EXACT:
                    raise ValueError("an account grows past what can be counted: bound its purchases by participation")
        columns["cash"][row - first] = total
        columns["equity"][row - first] = total + accounts.units @ panel.mark[row].astype(np.float64)
        positions[row - first] = np.count_nonzero(accounts.held, axis=1)
    net = np.maximum(terms.proceeds(panel.source, terms.sell_prices(panel.mark[last - 1])), 0)
    closing = total + accounts.units @ net.astype(np.float64)
    return Run(first, last, positions=positions, closing=closing, trades=_trades(accounts), **columns)


def _begin(runs: int, items: int, slots: int | None, capital: int) -> _Accounts:
    """Cash alone; a rest that cannot be shared out goes to the first items."""
    if slots is None:
        cash = np.tile(capital // items + (np.arange(items) < capital % items), (runs, 1))
    else:
        cash = np.full((runs, 1), capital)
    shape = (runs, items)
    unlocks, bought, cost = (np.zeros(shape, dtype=np.int64) for _ in range(3))
    return _Accounts(cash.astype(np.int64), np.zeros(shape), np.zeros(shape, dtype=np.bool_), unlocks, bought, cost)


def _prices(panel: Panel, terms: Terms) -> _Prices:
    gross = terms.sell_prices(panel.open)
    unlock = np.searchsorted(panel.time, panel.time + terms.protection_seconds)
    return _Prices(
        terms.buy_prices(panel.open), gross, terms.proceeds(panel.source, gross), terms.most_units(panel.volume), unlock
    )


def _sell(accounts: _Accounts, prices: _Prices, change: Ints, row: int, traded: Floats) -> Floats:
    """Sell what is held and may be sold; returns what each run gets."""
    runs, items = np.divmod(change, accounts.held.shape[1])
    may = (accounts.unlocks[runs, items] <= row) & (prices.net[row, items] >= 0)
    runs, items = runs[may], items[may]
    units = accounts.units[runs, items].astype(np.int64)
    gross, proceeds = units * prices.gross[row, items], units * prices.net[row, items]
    np.add.at(accounts.cash, (runs, accounts.purse(items)), proceeds)
    trades = np.empty(len(runs), dtype=TRADE)
    trades["run"], trades["item"], trades["units"], trades["sold"] = runs, items, units, row
    trades["bought"], trades["cost"] = accounts.bought[runs, items], accounts.cost[runs, items]
    trades["gross"], trades["proceeds"] = gross, proceeds
    accounts.trades.append(trades)
    accounts.units[runs, items] = 0
    accounts.held[runs, items] = False
    np.add.at(traded, runs, gross)
    return _sums(runs, proceeds, len(accounts.held))


def _buy(accounts: _Accounts, prices: _Prices, change: Ints, row: int, slots: int | None, traded: Floats) -> Floats:
    """Buy what is wanted and not held; returns what each run pays.

    An account of several items shares its cash equally among its free slots, or among the purchases where these are more.
    """
    runs, items = np.divmod(change, accounts.held.shape[1])
    if slots is None:
        budget = accounts.cash[runs, items]
    else:
        free = slots - np.count_nonzero(accounts.held, axis=1)
        shares = np.maximum(free, np.bincount(runs, minlength=len(free)))
        budget = accounts.cash[runs, 0] // shares[runs]
    price = prices.buy[row, items]
    affordable = np.where(price > 0, budget // np.maximum(price, 1), 0)
    units = np.minimum(affordable, prices.most[row - 1, items]).astype(np.int64)
    runs, items, price, units = (values[units > 0] for values in (runs, items, price, units))
    cost = units * price
    np.subtract.at(accounts.cash, (runs, accounts.purse(items)), cost)
    accounts.units[runs, items] = units
    accounts.held[runs, items] = True
    accounts.bought[runs, items] = row
    accounts.cost[runs, items] = cost
    accounts.unlocks[runs, items] = prices.unlock[row]
    np.add.at(traded, runs, cost)
    return _sums(runs, cost, len(accounts.held))


def _sums(runs: Ints, amounts: Ints, count: int) -> Floats:
    return np.asarray(np.bincount(runs, weights=amounts, minlength=count), dtype=np.float64)


def _trades(accounts: _Accounts) -> Trades:
    runs, items = np.nonzero(accounts.held)
    held = np.zeros(len(runs), dtype=TRADE)
    held["run"], held["item"], held["units"], held["sold"] = runs, items, accounts.units[runs, items], -1
    held["bought"], held["cost"] = accounts.bought[runs, items], accounts.cost[runs, items]
    return np.concatenate([*accounts.trades, held])
