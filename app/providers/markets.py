"""Markets: what quotes of a market have in common, whichever source they come from. A new one is one entry of `MARKETS`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from app.providers.steam import names
from app.providers.steam.names import ItemName
from app.settings import PROVIDERS, Settings
from db.items.markets import BINANCE_SPOT, STEAM_MARKET


@dataclass(frozen=True, slots=True)
class Market:
    """One market.

    `name` is what people call it, `things` what it has prices of. `parse_name` takes an item's name apart (`rarity` as the quote
    has it), `match_key` is what spellings of one name share, `slug` the name in an address. `quotes` says what a price is: the
    lowest listing, or a trade on an exchange. `currency` is what the market as a whole is counted in; an item may have another.
    `protection_days` are those for which what one bought cannot be sold.
    """

    id: str
    name: str
    things: Literal["items", "pairs"]
    currency: str
    quotes: Literal["listing", "exchange"]
    parse_name: Callable[..., ItemName]
    match_key: Callable[[str], str]
    slug: Callable[[str], str]
    protection_days: int = 0

    @property
    def thing(self) -> str:
        """One of its `things`."""
        return self.things.removesuffix("s")


def plain_name(name: str, *, rarity: str | None = None) -> ItemName:  # noqa: ARG001  # every market's parser takes both
    """A symbol's name says nothing else: no weapon, no wear."""
    return ItemName("Pair", None, None, None, stattrak=False, souvenir=False, star=False, internal=False)


CS2: Final = Market(STEAM_MARKET, "CS2", "items", "USD", "listing", names.parse_name, names.match_key, names.slug, 7)
"""CS2 items, by Steam's market_hash_name; trade protection lasts seven days since 2025-07-15."""
SPOT: Final = Market(BINANCE_SPOT, "Crypto", "pairs", "USDT", "exchange", plain_name, str.lower, str.lower)
"""Pairs, by symbol; each has its own quote currency and scales."""
MARKETS: Final[Mapping[str, Market]] = MappingProxyType({market.id: market for market in (CS2, SPOT)})


def collected(settings: Settings) -> tuple[Market, ...]:
    """The markets that an instance collects, in the order of `MARKETS`: one of items where anything quotes them."""
    found = set()
    for name in settings.providers:
        entry = PROVIDERS[name]
        if entry.implementation:
            found.add(CS2.id)
        # Of the simulated exchange a number of pairs runs, or none.
        if entry.pairs_market and getattr(settings, f"{name}_pairs", True):
            found.add(entry.pairs_market)
    return tuple(market for market in MARKETS.values() if market.id in found)


def main(settings: Settings) -> Market:
    """The market that is meant where none is named: CS2 items, or the pairs where an instance collects them alone."""
    return (*collected(settings), CS2)[0]
