"""Which providers there are, by the names used in TRACERA_PROVIDERS."""

from collections.abc import Callable, Iterable
from importlib import import_module

from app.providers.base import Provider
from app.providers.settings import ProviderSettings

__all__ = ["NAMES", "ProviderSettings", "build"]

# Modules are imported when they are asked for, so that nobody pays for a market that is switched off.
_CLASSES = {
    "demo": "app.providers.demo.provider:DemoProvider",
    "steam": "app.providers.steam.provider:SteamProvider",
    "skinport": "app.providers.skinport:SkinportProvider",
    "csfloat": "app.providers.csfloat:CsfloatProvider",
    "priceempire": "app.providers.priceempire:PriceempireProvider",
    "csgotrader": "app.providers.csgotrader.provider:CsgotraderProvider",
}

NAMES: tuple[str, ...] = tuple(_CLASSES)


def build(names: Iterable[str], settings_for: Callable[[str], ProviderSettings]) -> list[Provider]:
    """The providers of these names in their order, each once.

    Raises:
        ValueError: a name is unknown (the message lists the known ones), or a provider refuses its settings.
    """
    wanted = list(dict.fromkeys(names))
    unknown = [name for name in wanted if name not in _CLASSES]
    if unknown:
        raise ValueError(f"unknown provider {', '.join(map(repr, unknown))}; allowed are {', '.join(NAMES)}")
    return [_provider(name, settings_for(name)) for name in wanted]


def _provider(name: str, settings: ProviderSettings) -> Provider:
    module, _, attribute = _CLASSES[name].partition(":")
    provider: Provider = getattr(import_module(module), attribute)(settings)
    return provider
