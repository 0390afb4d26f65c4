"""What holdings are worth now, and were worth a day ago, each with its source and age."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from app.analytics.arrays import Ints
from app.analytics.portfolio import pricing
from app.analytics.portfolio.fees import receives
from app.analytics.portfolio.pricing import Exchange, Prices
from db import currency_rates, portfolio_prices
from db.pool import Database


@dataclass(frozen=True, slots=True)
class Terms:
    """How a portfolio is counted."""

    currency: str
    price_source: str
    fees: Mapping[str, int]


class Market:
    """Prices of some items now and a day ago, in a portfolio's terms."""

    def __init__(self, database: Database, ids: Sequence[int], terms: Terms, now: datetime) -> None:
        self.terms = terms
        asked = sorted(set(ids))
        found = portfolio_prices.latest(database, asked)
        self._sources = found.sources
        self._prices = pricing.choose(found, terms.price_source, terms.fees)
        before = portfolio_prices.as_of(database, asked, now - timedelta(days=1)) if asked else found
        self._before = pricing.choose(before, terms.price_source, terms.fees)
        self._exchange = Exchange(portfolio_prices.units(database), currency_rates.millionths(database))

    def values(self, ids: Sequence[int], quantities: Sequence[int]) -> list[int | None]:
        """Worth of units of items in the portfolio's currency, each rounded once; None without a price or rate."""
        return self._worth(self._prices, ids, quantities)

    def values_before(self, ids: Sequence[int], quantities: Sequence[int]) -> list[int | None]:
        """The same a day ago."""
        return self._worth(self._before, ids, quantities)

    def net(self, item_id: int, quantity: int) -> int | None:
        """What selling the units one by one would leave, after the source's fee."""
        at = int(self._prices.at(np.array([item_id]))[0])
        if at < 0:
            return None
        left = receives(self._sources[int(self._prices.source[at])], int(self._prices.price[at]), self.terms.fees)
        if left is None:
            return None
        return self._convert(np.array([item_id]), np.array([left * quantity]))[0]

    def quoted(self, item_id: int) -> tuple[str, float] | None:
        """Source and time (seconds) of an item's price."""
        at = int(self._prices.at(np.array([item_id]))[0])
        return None if at < 0 else (self._sources[int(self._prices.source[at])], float(self._prices.time[at]))

    def _worth(self, prices: Prices, ids: Sequence[int], quantities: Sequence[int]) -> list[int | None]:
        items = np.array(ids, dtype=np.int64)
        return self._convert(items, pricing.amounts(prices, items, np.array(quantities, dtype=np.int64)))

    def _convert(self, items: Ints, amounts: Ints) -> list[int | None]:
        worth = self._exchange.worth(items, amounts, self.terms.currency)
        return [None if value < 0 else value for value in worth.tolist()]
