"""Sources: sellers' fees, reference order and invented prices, as the entries of `app.settings.providers` have them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from app.settings.providers import OTHER_SOURCES, PROVIDERS, Source

SOURCES: Final[Mapping[str, Source]] = MappingProxyType(
    {name: source for entry in PROVIDERS.values() for name, source in entry.sources.items()} | dict(OTHER_SOURCES)
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


def provider_of(source: str) -> str | None:
    """The provider that quotes a source; None for one that only files or other programs bring in."""
    for name, entry in PROVIDERS.items():
        if entry.implementation and source in entry.sources:
            return name
    return "csgotrader" if source in OTHER_SOURCES else None
