"""Valuation: values holdings now and a day ago, each price with its source and age."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.analytics.portfolio import pricing
from app.analytics.portfolio.fees import net_proceeds
from app.analytics.portfolio.pricing import Exchange
from app.providers.sources import SIMULATED
from db.core.pool import Database
from db.portfolio import prices
from db.portfolio.currency_rates import rates_of_items


@dataclass(frozen=True, slots=True)
class Terms:
    """How a portfolio is counted."""

    currency: str
    price_source: str
    fees: Mapping[str, int]


class MarketPrices:
    """Prices of some items now and a day ago, in a portfolio's terms. Amounts are Python's integers: of any size, exact."""

    def __init__(self, database: Database, ids: Sequence[int], terms: Terms) -> None:
        self.terms = terms
        item_ids = sorted(set(ids))
        found = prices.latest(database, SIMULATED, item_ids)
        chosen = pricing.choose(found, terms.price_source, terms.fees)
        rows = zip(*(part.tolist() for part in (chosen.item_id, chosen.price, chosen.source, chosen.time)), strict=True)
        self._quotes = {item: (price, found.sources[source], time) for item, price, source, time in rows if price >= 0}
        self._bases = prices.bases(database, item_ids)
        self._exchange = Exchange(prices.units(database), rates_of_items(database))

    def values(self, ids: Sequence[int], quantities: Sequence[int]) -> list[int | None]:
        """Values of units of items in the portfolio's currency, each rounded once; None without a price or rate."""
        prices = [self._quotes[item][0] if item in self._quotes else None for item in ids]
        return self._convert(ids, prices, quantities)

    def values_before(self, ids: Sequence[int], quantities: Sequence[int]) -> list[int | None]:
        """The same at the prices that the change of 24 hours counts from, each of the source that is valued at now."""
        prices = [self._bases.get((item, self._quotes[item][1])) if item in self._quotes else None for item in ids]
        return self._convert(ids, prices, quantities)

    def net(self, item_id: int, quantity: int) -> int | None:
        """What selling the units one by one would leave, after the source's fee."""
        if item_id not in self._quotes:
            return None
        price, source, _ = self._quotes[item_id]
        return self._convert([item_id], [net_proceeds(source, price, self.terms.fees)], [quantity])[0]

    def quoted(self, item_id: int) -> tuple[str, float] | None:
        """Source and time (seconds) of an item's price."""
        found = self._quotes.get(item_id)
        return None if found is None else (found[1], float(found[2]))

    def _convert(self, ids: Sequence[int], prices: Sequence[int | None], quantities: Sequence[int]) -> list[int | None]:
        return [
            None if price is None else self._exchange.convert(item, price * quantity, self.terms.currency)
            for item, price, quantity in zip(ids, prices, quantities, strict=True)
        ]
