"""Pairs of sources: every way to buy an item here and sell it there, from the newest quotes, in NumPy."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from app.analytics.arrays import Bools, Floats, Ints
from app.analytics.edges import chance_of_loss, cost_of, net_spread, off_median, usable_volatility, worst_case
from app.analytics.portfolio.fees import STEAM, net_proceeds_all
from app.providers.sources import SOURCES, is_simulated
from db.items.edges import Quotes

NO_FEE: Final = "fee_unknown"
OFF_MEDIAN: Final = "off_median"


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs as columns (e,): places of the item and of both sources in `Quotes`, money in minor units, figures in percent.

    `loss` and `worst` are NaN where the volatility is unknown.
    """

    item: Ints
    buy: Ints
    sell: Ints
    cost: Ints
    proceeds: Ints
    spread: Floats
    loss: Floats
    worst: Floats

    def __len__(self) -> int:
        return len(self.item)


@dataclass(frozen=True, slots=True)
class Terms:
    """Seller's and buyer's fees by source in basis points (Steam's is a formula), and the days for which a purchase is locked."""

    fees: Mapping[str, int]
    days: int

    def sells(self, source: str) -> bool:
        """Whether it is known what a seller gets there."""
        return source == STEAM or source in self.fees


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Quotes (n, s) that are never used: `off` lie off the median of their item's sources."""

    off: Bools


def pairs(quotes: Quotes, terms: Terms, *, least: float = 0.0) -> tuple[Pairs, LeftOut]:
    """All pairs with a net spread of `least` percent or more, and what was left out. An invented price is never set against a real one."""
    invented = np.array([is_simulated(source) for source in quotes.sources], dtype=np.bool_)
    price = np.where(quotes.price > 0, quotes.price, np.nan).astype(np.float64)
    off = np.zeros(price.shape, dtype=np.bool_)
    for kind in (False, True):
        columns = np.flatnonzero(invented == kind)
        if len(columns):
            off[:, columns] = off_median(price[:, columns])
    usable = np.where(off | (quotes.price <= 0), -1, quotes.price)
    proceeds = {
        at: net_proceeds_all(source, usable[:, at], terms.fees)
        for at, source in enumerate(quotes.sources)
        if terms.sells(source)
    }
    found = []
    for buy, source in enumerate(quotes.sources):
        known = SOURCES.get(source)
        cost = cost_of(usable[:, buy], known.buyer_fee if known else 0)
        found += [
            _pair(quotes, (buy, sell), cost, gets, terms.days, least)
            for sell, gets in proceeds.items()
            if sell != buy and invented[sell] == invented[buy]
        ]
    return _joined(found), LeftOut(off)


def _pair(quotes: Quotes, way: tuple[int, int], cost: Ints, proceeds: Ints, days: int, least: float) -> Pairs:
    buy, sell = way
    spread = net_spread(cost, proceeds)
    rows = np.flatnonzero(spread >= least)
    spread = spread[rows]
    volatility = usable_volatility(quotes.volatility[rows, sell], quotes.samples[rows, sell])
    return Pairs(
        item=rows,
        buy=np.full(len(rows), buy, dtype=np.int64),
        sell=np.full(len(rows), sell, dtype=np.int64),
        cost=cost[rows],
        proceeds=proceeds[rows],
        spread=spread,
        loss=chance_of_loss(spread, volatility, days),
        worst=worst_case(spread, volatility, days),
    )


def _joined(parts: list[Pairs]) -> Pairs:
    if not parts:
        whole, figures = np.empty(0, dtype=np.int64), np.empty(0)
        return Pairs(whole, whole, whole, whole, whole, figures, figures, figures)
    return Pairs(*(np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(Pairs)))
