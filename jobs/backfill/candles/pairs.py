"""Pairs of a backfill: found among those that are kept, else asked of the exchange and kept from then on."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace

from app.providers.exchange import Exchange, Symbol
from db.candles import symbols
from db.candles.symbols import Pair
from db.core.pool import Database
from jobs.exchange.listing import Listing, refresh


class UnknownPairError(LookupError):
    """Nobody lists such a pair."""


class Pairs:
    """Pairs of one exchange. Those whose candles come from a source of `spare`, which runs here, stay with it.

    Called with a symbol, it gives the pair in the scales that are stored, and its item. What is kept is not asked for again, so that
    files load without the exchange.
    """

    def __init__(self, exchange: Exchange, database: Database, spare: Collection[str] = ()) -> None:
        self.exchange, self.database, self.spare = exchange, database, frozenset(spare) - {exchange.name}

    def __call__(self, name: str) -> tuple[Symbol, int]:
        """Raises UnknownPairError, and ProviderError where the exchange has to be asked and refuses."""
        kept = self._kept(name)
        if kept is not None:
            return _symbol(kept), kept.item_id
        listing = asyncio.run(self._ask(name))
        return listing.symbols[0], listing.items[name]

    async def listed(self, names: Collection[str], *, required: Collection[str] = ()) -> Listing:
        """Pairs of these names that the exchange lists, kept from now on; without `names`, all that it has.

        Raises:
            UnknownPairError: it does not list one of `required`.
            ProviderError: it refused.
        """
        listing = await refresh(self.exchange, self.database, names, spare=self.spare)
        missing = sorted(set(required) - set(listing.items))
        if missing:
            raise UnknownPairError(f"{self.exchange.name} does not list {', '.join(missing)}")
        return listing

    def stay(self, names: Collection[str]) -> Sequence[str]:
        """Which of them are shown with another source's candles, since that source runs here."""
        kept = {pair.symbol: pair for pair in symbols.every(self.database, self.exchange.market)}
        return sorted(name for name in names if name in kept and kept[name].source in self.spare)

    async def _ask(self, name: str) -> Listing:
        try:
            return await self.listed({name}, required={name})
        finally:
            await self.exchange.aclose()

    def _kept(self, name: str) -> Pair | None:
        pair = symbols.find(self.database, name)
        if pair is None or pair.market != self.exchange.market:
            return None
        return pair if pair.source == self.exchange.name or pair.source in self.spare else None


def _symbol(pair: Pair) -> Symbol:
    made = Symbol(pair.symbol, pair.base_currency, pair.quote_currency, pair.price_scale, pair.volume_scale, "trading")
    return replace(made, min_notional=pair.min_notional)
