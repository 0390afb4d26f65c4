"""Providers: the one entry of each. A new provider is a file in `app/providers/` and its entry in `PROVIDERS`.

The settings `TRACERA_<PROVIDER>_…`, the names that TRACERA_PROVIDERS allows, sellers' fees, the order of reference sources and
which prices are invented all come from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from pydantic import Field, SecretStr

FEES_SEEN: Final = date(2026, 11, 27)
"""When the fees that name it were looked up."""


@dataclass(frozen=True, slots=True)
class Source:
    """One source of quotes.

    `fee` is the seller's, in basis points of the price, as the source publishes it; None where it is not known or, for Steam, a
    formula (`app.analytics.portfolio.fees`). TRACERA_PORTFOLIO_FEES goes before it. `buyer_fee` comes on top of a listed price; 0 where
    that is all that one pays. `fees_as_of` is the day when both were looked up, None where it was not noted. `rank` is the place among those that are
    preferred as an item's reference, None for all others. A `simulated` source's prices are invented.
    """

    fee: int | None = None
    buyer_fee: int = 0
    fees_as_of: date | None = None
    rank: int | None = None
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class ProviderEntry:
    """One provider.

    `implementation` is `module:class` of its quotes, `exchange` that of its candles; each is imported when the provider is
    switched on. `pairs_market` is the market (`items.market`) of the exchange's pairs. `site` is what its address leads to,
    `url` the address, None where another setting holds it or nothing is asked.
    `key` describes its API key, None where it takes none. `options` are settings that only this provider has, as pydantic
    fields; they reach it as its extras.
    """

    implementation: str | None
    sources: Mapping[str, Source]
    site: str = ""
    url: str | None = None
    key: str | None = None
    needs_key: bool = False
    options: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    exchange: str | None = None
    pairs_market: str | None = None

    def fields(self, name: str) -> dict[str, tuple[Any, Any]]:
        """Its settings: type and field by name."""
        found: dict[str, tuple[Any, Any]] = {}
        if self.url is not None:
            found[f"{name}_url"] = (str, Field(default=self.url, description=f"Base address of {self.site}."))
        if self.key is not None:
            found[f"{name}_key"] = (str | None, Field(default=None, description=self.key))
        about = f"Seconds between two cycles of `{name}`."
        if self.implementation:
            found[f"{name}_interval"] = (float | None, Field(default=None, gt=0, description=about))
        return found | {f"{name}_{option}": kind for option, kind in self.options.items()}


PROVIDERS: Final[Mapping[str, ProviderEntry]] = MappingProxyType(
    {
        "demo": ProviderEntry(
            "app.providers.demo.provider:DemoProvider",
            {"demo": Source(simulated=True)},
            options={
                "seed": (int, Field(default=730, ge=0, description="Which course the simulated market takes.")),
                "pairs": (
                    int,
                    Field(default=20, ge=0, le=20, description="Pairs of the simulated exchange; 0 switches it off."),
                ),
            },
            exchange="app.providers.demo.exchange:DemoExchange",
            pairs_market="binance:spot",
        ),
        "steam": ProviderEntry(
            "app.providers.steam.provider:SteamProvider",
            {"steam": Source(rank=0, fees_as_of=FEES_SEEN)},
            options={
                "requests_per_minute": (
                    int,
                    Field(
                        default=15,
                        ge=0,
                        description="Requests a minute to Steam; more gets banned. 0 asks without pause, for a server of your own.",
                    ),
                ),
                "page_size": (
                    int,
                    Field(
                        default=10, ge=1, le=500, description="Items asked for per page; Steam itself gives 10 at most."
                    ),
                ),
                "cookie": (
                    SecretStr | None,
                    Field(
                        default=None,
                        description="Value of the cookie `steamLoginSecure` of a signed-in Steam account with a wallet in US dollars; with it"
                        " gaps are filled from Steam's price history.",
                    ),
                ),
                "poll_percent": (
                    float,
                    Field(
                        default=50,
                        ge=0,
                        le=75,
                        description="Percent of the requests to Steam for single items that people here hold or watch, and those that"
                        " trade most; the rest reads the whole market. 0: none.",
                    ),
                ),
            },
        ),
        "skinport": ProviderEntry(
            "app.providers.skinport:SkinportProvider",
            {"skinport": Source(fee=800, rank=1)},
            site="Skinport",
            url="https://api.skinport.com",
        ),
        "csfloat": ProviderEntry(
            "app.providers.csfloat:CsfloatProvider",
            {"csfloat": Source(fee=200, rank=2, fees_as_of=FEES_SEEN)},
            site="CSFloat",
            url="https://csfloat.com",
            key="CSFloat API key; optional.",
        ),
        "priceempire": ProviderEntry(
            "app.providers.priceempire:PriceempireProvider",
            {"priceempire": Source(fee=250, rank=3, fees_as_of=FEES_SEEN)},
            site="Pricempire",
            url="https://api.pricempire.com",
            key="Pricempire API key (a UUID); needed for `priceempire`.",
            needs_key=True,
            options={
                "sources": (
                    str,
                    Field(default="buff163", description="Markets asked of Pricempire, the first with a price counts."),
                ),
            },
        ),
        "csgotrader": ProviderEntry(
            "app.providers.csgotrader.provider:CsgotraderProvider",
            {},
            site="csgotrader's files",
            url="https://prices.csgotrader.app",
            options={
                "markets": (
                    str | None,
                    Field(default=None, description="Files read of csgotrader, comma-separated; unset: all."),
                ),
            },
        ),
        "binance": ProviderEntry(
            None,
            {"binance": Source()},
            site="Binance's market data",
            url="https://data-api.binance.vision",
            options={
                "stream_url": (
                    str,
                    Field(default="wss://data-stream.binance.vision", description="Address of Binance's streams."),
                ),
                "symbols": (
                    str,
                    Field(
                        default="BTCUSDT,ETHUSDT,BNBUSDT,SOLUSDT,XRPUSDT,ADAUSDT,DOGEUSDT,TRXUSDT,LINKUSDT,LTCUSDT",
                        description="Pairs that are streamed and kept, comma-separated; `*` is all that trade.",
                    ),
                ),
            },
            exchange="app.providers.binance.provider:configured",
            pairs_market="binance:spot",
        ),
    }
)

OTHER_SOURCES: Final[Mapping[str, Source]] = MappingProxyType(
    {
        "buff163": Source(fee=250, fees_as_of=FEES_SEEN),
        "csgoempire": Source(fee=600),
        "youpin": Source(fee=100),
        "bitskins": Source(fee=475),
        "csmoney": Source(fee=500),
        "csgotm": Source(fee=500),
        "lootfarm": Source(fee=300),
        "swapgg": Source(fee=500),
        "skinwallet": Source(fee=500),
    }
)
"""Markets that no provider of their own quotes."""
