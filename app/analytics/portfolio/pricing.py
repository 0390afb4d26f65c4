"""Pricing: chooses one price per item from its quotes, and values quantities at it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from app.analytics.arrays import Bools, Ints
from app.analytics.portfolio.fees import net_proceeds_all
from app.analytics.portfolio.money import RateError, convert_all, rate

REFERENCE: Final = "reference"
"""Price source: each item's reference source."""
BEST: Final = "best"
"""The source where selling leaves the owner most, after its fee."""
UNKNOWN: Final = -1
LARGEST: Final = 2**52
"""An amount in an array beyond it is unknown: thousands of them can be added up in 64 bits."""


class Quotes(Protocol):
    """n newest quotes sorted by item, arrays (n,): what the database gives."""

    @property
    def item_id(self) -> Ints:
        """Which item."""

    @property
    def source(self) -> Ints:
        """The source of the quote: an index into `sources`."""

    @property
    def price(self) -> Ints:
        """In the item's minor units."""

    @property
    def time(self) -> Ints:
        """In seconds since 1970."""

    @property
    def reference(self) -> Bools:
        """Whether the source is the item's reference source."""

    @property
    def sole(self) -> Bools:
        """Whether it is a pair's, whose exchange alone has a price."""

    @property
    def sources(self) -> list[str]:
        """Names of the sources."""


@dataclass(frozen=True, slots=True)
class Prices:
    """One price per item of `item_id` (n,), -1 where the source asked for has none; `time` in seconds."""

    item_id: Ints
    price: Ints
    source: Ints
    time: Ints

    def at(self, item_id: Ints) -> Ints:
        """Where items stand, -1 for those without a price."""
        if not len(self.item_id):
            return np.full(item_id.shape, UNKNOWN, dtype=np.int64)
        place = np.minimum(np.searchsorted(self.item_id, item_id), len(self.item_id) - 1)
        return np.where(self.item_id[place] == item_id, place, UNKNOWN)


def choose(quotes: Quotes, wanted: str, fees: Mapping[str, int]) -> Prices:
    """One price per item: the reference source's, the best one's, or that of the source named; a pair's is its exchange's."""
    if wanted == BEST:
        return _best(quotes, fees)
    if wanted != REFERENCE:
        source = quotes.sources.index(wanted) if wanted in quotes.sources else UNKNOWN
        return _chosen(quotes, (quotes.source == source) | quotes.sole)
    return _chosen(quotes, quotes.reference)


def of_source(quotes: Quotes, source: int) -> Prices:
    """The prices of one source, by its index."""
    return _chosen(quotes, quotes.source == source)


def _chosen(quotes: Quotes, chosen: Bools) -> Prices:
    return Prices(quotes.item_id[chosen], quotes.price[chosen], quotes.source[chosen], quotes.time[chosen])


def _best(quotes: Quotes, fees: Mapping[str, int]) -> Prices:
    """A source whose fee is not known counts with its full price last: only where no other quotes the item."""
    net = np.full(len(quotes.item_id), UNKNOWN, dtype=np.int64)
    for index, source in enumerate(quotes.sources):
        mine = quotes.source == index
        net[mine] = net_proceeds_all(source, quotes.price[mine], fees)
    order = np.lexsort((quotes.price, net, quotes.item_id))
    last = np.append(np.flatnonzero(np.diff(quotes.item_id[order])), len(order) - 1)[: len(order)]
    chosen = order[last]
    return Prices(quotes.item_id[chosen], quotes.price[chosen], quotes.source[chosen], quotes.time[chosen])


@dataclass(frozen=True, slots=True)
class Exchange:
    """What items are counted in (`others` by item id; all else in US cents), and the day's rates (see `money.rate`)."""

    others: Mapping[int, tuple[str, int]]
    millionths: dict[str, int]

    def convert(self, item: int, amount: int, currency: str) -> int | None:
        """One amount, of any size, in an item's own minor units, in those of `currency`; None without a rate."""
        code, scale = self.others.get(item, ("USD", 100))
        try:
            return rate(code, currency, self.millionths, scale=scale).convert(amount)
        except RateError:
            return None

    def convert_all(self, item_id: Ints, amount: Ints, currency: str) -> Ints:
        """Amounts in each item's own minor units, shape (n,), in those of `currency`; -1 stays, and stands for no rate.

        What is larger than `LARGEST` is unknown too.
        """
        special = np.isin(item_id, list(self.others)) if self.others else np.zeros(item_id.shape, dtype=np.bool_)
        result = np.full(amount.shape, UNKNOWN, dtype=np.int64)
        groups = {("USD", 100): ~special}
        for item in np.unique(item_id[special]).tolist():
            unit = self.others[item]
            groups[unit] = groups.get(unit, np.zeros(item_id.shape, dtype=np.bool_)) | (item_id == item)
        for (code, scale), mine in groups.items():
            known = mine & (amount >= 0)
            try:
                by = rate(code, currency, self.millionths, scale=scale)
            except RateError:
                continue
            result[known] = convert_all(amount[known], by, largest=LARGEST)
        return result


def amounts(prices: Prices, item_id: Ints, quantity: Ints) -> Ints:
    """Price times quantity in each item's own minor units, shape (n,); -1 where there is no price, or above `LARGEST`."""
    place = prices.at(item_id)
    if not len(prices.price):
        return place
    price = prices.price[place]
    known = (place >= 0) & (price >= 0) & (quantity <= LARGEST // np.maximum(price, 1))
    return np.where(known, price * np.where(known, quantity, 0), UNKNOWN)
