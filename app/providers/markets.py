"""Markets: what quotes of a market have in common, whichever source they come from. A new one is one entry of `MARKETS`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from app.providers.steam import names
from app.providers.steam.names import ItemName
from db.items.sources import STEAM_MARKET


@dataclass(frozen=True, slots=True)
class Market:
    """One market.

    `parse_name` takes an item's name apart (`rarity` as the quote has it), `match_key` is what spellings of one name share,
    `slug` the name in an address. `quotes` says what a price is: the lowest listing, or a trade on an exchange.
    """

    id: str
    currency: str
    quotes: Literal["listing", "exchange"]
    parse_name: Callable[..., ItemName]
    match_key: Callable[[str], str]
    slug: Callable[[str], str]


CS2: Final = Market(STEAM_MARKET, "USD", "listing", names.parse_name, names.match_key, names.slug)
"""CS2 items, by Steam's market_hash_name."""
MARKETS: Final[Mapping[str, Market]] = MappingProxyType({CS2.id: CS2})
