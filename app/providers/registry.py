"""Provider registry: builds providers by the names used in TRACERA_PROVIDERS."""

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

from app.providers.base import Provider
from app.providers.exchange import Exchange
from app.providers.settings import ProviderSettings
from app.settings.providers import PROVIDERS

__all__ = ["NAMES", "ProviderSettings", "build", "build_exchanges"]

NAMES: tuple[str, ...] = tuple(PROVIDERS)


def build(names: Iterable[str], settings_for: Callable[[str], ProviderSettings]) -> list[Provider]:
    """The providers of quotes of these names in their order, each once; an exchange alone has none.

    Raises:
        ValueError: a name is unknown (the message lists the known ones), or a provider refuses its settings.
    """
    found = ((name, PROVIDERS[name].implementation) for name in _known(names))
    return [_load(implementation)(settings_for(name)) for name, implementation in found if implementation]


def build_exchanges(names: Iterable[str], settings_for: Callable[[str], ProviderSettings]) -> list[Exchange]:
    """The exchanges of these names in their order, each once.

    Raises:
        ValueError: as with `build`.
    """
    found = ((name, PROVIDERS[name].exchange) for name in _known(names))
    return [_load(implementation)(settings_for(name)) for name, implementation in found if implementation]


def _known(names: Iterable[str]) -> list[str]:
    wanted = list(dict.fromkeys(names))
    unknown = [name for name in wanted if name not in PROVIDERS]
    if unknown:
        raise ValueError(f"unknown provider {', '.join(map(repr, unknown))}; allowed are {', '.join(NAMES)}")
    return wanted


def _load(implementation: str) -> Callable[[ProviderSettings], Any]:
    # Imported when it is asked for, so that nobody pays for a provider that is switched off.
    module, _, attribute = implementation.partition(":")
    found: Callable[[ProviderSettings], Any] = getattr(import_module(module), attribute)
    return found
