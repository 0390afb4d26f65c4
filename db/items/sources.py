"""Sources: what is known of each beyond its name. A new one is one entry of `SOURCES`."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

STEAM_MARKET: Final = "steam:730"
"""The id of the market of CS2 items; see app.providers.markets."""


@dataclass(frozen=True, slots=True)
class Source:
    """One source of quotes.

    `fee` is the seller's, in basis points of the price, as the source publishes it; None where it is not known or, for Steam, a
    formula (`app.analytics.portfolio.fees`). TRACERA_PORTFOLIO_FEES goes before it. `rank` is the place among those that are
    preferred as an item's reference, None for all others. A `simulated` source's prices are invented.
    """

    fee: int | None = None
    rank: int | None = None
    simulated: bool = False


SOURCES: Final[Mapping[str, Source]] = MappingProxyType(
    {
        "steam": Source(rank=0),
        "skinport": Source(fee=800, rank=1),
        "csfloat": Source(fee=200, rank=2),
        "priceempire": Source(fee=250, rank=3),
        "buff163": Source(fee=250),
        "csgoempire": Source(fee=600),
        "youpin": Source(fee=100),
        "bitskins": Source(fee=475),
        "csmoney": Source(fee=500),
        "csgotm": Source(fee=500),
        "lootfarm": Source(fee=300),
        "swapgg": Source(fee=500),
        "skinwallet": Source(fee=500),
        "demo": Source(simulated=True),
    }
)
SIMULATED: Final = tuple(name for name, source in SOURCES.items() if source.simulated)
"""Sources whose prices are invented; they are no reference of an item that has a real one."""
DEFAULT_FEES: Final[Mapping[str, int]] = MappingProxyType(
    {name: source.fee for name, source in SOURCES.items() if source.fee is not None}
)
"""Sellers' fees in basis points of the price, of sources that publish one."""


def is_simulated(source: str | None) -> bool:
    """Whether a source's prices are invented."""
    return source in SIMULATED


def reference_rank(source: str) -> int:
    """The place of a source among those that are preferred as a reference; the same last one for all others."""
    known = SOURCES.get(source)
    return len(SOURCES) if known is None or known.rank is None else known.rank
