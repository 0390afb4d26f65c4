"""Replay: a portfolio's value, flows and growth at past moments, from what it held then and what that was worth.

Columns are moments, oldest first; the first one is where a replay begins. Each other one is measured from its `base`, an
earlier column: a day from the end of the day before, an hour from there too. So an hour is a day that is not over, and the
hours of a day lead to what the day itself says.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from app.analytics.arrays import Bools, Floats, Ints

UNKNOWN: Final = -1
STALE_SECONDS: Final = 14 * 86_400
"""A price that is carried on for longer is named: risk measures carry none so far."""


@dataclass(frozen=True, slots=True)
class Moves:
    """Per item and column, sums since the first transaction, arrays (n, m); amounts in minor units of the portfolio's currency.

    `paid` and `received` are amounts with their fees. `units_in` and `units_out` are units whose amount is unknown for want of
    an exchange rate. `cost` is what the units held cost, `UNKNOWN` where any part of it is.
    """

    held: Ints
    paid: Ints
    received: Ints
    units_in: Ints
    units_out: Ints
    cost: Ints


@dataclass(frozen=True, slots=True)
class Worth:
    """Per item and column, arrays (n, m): what the units held are worth, `UNKNOWN` without a price or a rate.

    `came` and `went` are the same of units of unknown amount since the column's base. `age` is the price's, in seconds.
    """

    held: Ints
    came: Ints
    went: Ints
    age: Ints


@dataclass(frozen=True, slots=True)
class Course:
    """Per column, arrays (m,): `value` of all with a price or a known cost, `at_cost` the part at cost.

    `deposits`, `withdrawals` and `growth` are those since the base. `priced`, `unpriced`, `unknown` (the unpriced whose cost is
    unknown too) and `stale` (of the priced) count items.
    """

    value: Ints
    at_cost: Ints
    deposits: Ints
    withdrawals: Ints
    growth: Floats
    priced: Ints
    unpriced: Ints
    unknown: Ints
    stale: Ints


def replay(base: Ints, moves: Moves, worth: Worth, fees: Ints) -> Course:
    """The course of a portfolio over m columns; `base` (m,) points to earlier columns, that of the first to itself.

    What is bought is a deposit of what was paid, what is sold a withdrawal of what came in, so that the gain (value less
    deposits, plus withdrawals) is the profit, realised or not. Units without a price count at what they cost, and earn
    nothing before they have one. An amount that is unknown is taken to be what the units are worth at the column. An item
    that has neither price nor known cost, at a column or its base, earns nothing between them.

    `fees` (m,) are sums of fees that belong to no item: deposits that become nothing.
    """
    held = moves.held > 0
    priced = held & (worth.held >= 0)
    known = ~held | priced | (moves.cost >= 0)
    at_cost = np.where(held & ~priced & known, moves.cost, 0)
    value = np.where(priced, worth.held, at_cost)
    came, went = _flows(base, moves, worth)
    silent = ~(known & known[:, base])
    change = value - value[:, base]
    came = np.where(silent, np.maximum(change, 0), came)
    went = np.where(silent, np.maximum(-change, 0), went)
    deposits, withdrawals = came.sum(axis=0) + fees - fees[base], went.sum(axis=0)
    total = value.sum(axis=0)
    return Course(
        value=total,
        at_cost=at_cost.sum(axis=0),
        deposits=deposits,
        withdrawals=withdrawals,
        growth=growth(total[base], total, deposits - withdrawals),
        priced=priced.sum(axis=0),
        unpriced=(held & ~priced).sum(axis=0),
        unknown=(~known).sum(axis=0),
        stale=(priced & (worth.age > STALE_SECONDS)).sum(axis=0),
    )


def growth(before: Ints, after: Ints, flow: Ints) -> Floats:
    """What one unit of money becomes on each step, shape (m,): time-weighted, 1 where there is nothing to earn from.

    The net flow of a step counts at its start where it came in, at its end where it went out, as the Global Investment
    Performance Standards allow for daily values: so what is lost or won on the day of a purchase counts. A step that leaves
    nothing and brought nothing (a fee where nothing is held) is 1 too: no growth could be chained to it.
    """
    start = (before + np.maximum(flow, 0)).astype(np.float64)
    end = (after + np.maximum(-flow, 0)).astype(np.float64)
    return np.divide(end, start, out=np.ones(len(start)), where=(start > 0) & (end > 0))


def chain(base: Ints, steps: Floats, first: float) -> Floats:
    """Growth at each column, shape (m,): `first` at the first, every other its base's times its own step."""
    found = np.full(len(steps), first)
    for at, (origin, step) in enumerate(zip(base.tolist()[1:], steps.tolist()[1:], strict=True), start=1):
        found[at] = found[origin] * step
    return found


def total(base: Ints, steps: Ints, first: int) -> Ints:
    """Sums at each column, shape (m,): `first` at the first, every other its base's and its own step."""
    found = np.full(len(steps), first, dtype=np.int64)
    for at, (origin, step) in enumerate(zip(base.tolist()[1:], steps.tolist()[1:], strict=True), start=1):
        found[at] = found[origin] + step
    return found


def last_before(columns: Floats, row: Ints, time: Ints, value: Ints, rows: int) -> tuple[Ints, Ints]:
    """The last of each row's observations at columns (m,): values and their times, both (rows, m), `UNKNOWN` where none came.

    Observations are (row, time, value), arrays (n,) in any order; `columns` ascend.
    """
    found = np.full((rows, len(columns)), UNKNOWN, dtype=np.int64)
    moments = np.full((rows, len(columns)), UNKNOWN, dtype=np.int64)
    column = np.searchsorted(columns, time)
    used = column < len(columns)
    order = np.argsort(time[used], kind="stable")
    places = row[used][order], column[used][order]
    found[places], moments[places] = value[used][order], time[used][order]
    at = np.where(found == UNKNOWN, 0, np.arange(len(columns)))
    np.maximum.accumulate(at, axis=1, out=at)
    return np.take_along_axis(found, at, axis=1), np.take_along_axis(moments, at, axis=1)


def _flows(base: Ints, moves: Moves, worth: Worth) -> tuple[Ints, Ints]:
    """What came in and went out of each item since the base: known amounts, and unknown ones at the column's price."""
    came = moves.paid - moves.paid[:, base]
    went = moves.received - moves.received[:, base]
    return came + np.maximum(worth.came, 0), went + np.maximum(worth.went, 0)


def any_unknown(moves: Moves) -> Bools:
    """Which items have amounts that are unknown, shape (n,)."""
    return np.asarray(((moves.units_in > 0) | (moves.units_out > 0)).any(axis=1))
