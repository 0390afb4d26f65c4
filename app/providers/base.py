"""Provider protocol: what every provider yields, as quotes in batches."""

import enum
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from app.providers.markets import CS2


class VolumeKind(enum.StrEnum):
    """What a quote's volume counts, because only one of the two may be summed."""

    ROLLING_24H = "rolling_24h"
    """Sales in the 24 hours before the quote (Steam's priceoverview, tickers)."""
    INTERVAL = "interval"
    """Sales of the interval that the quote stands for (trades, Steam's price history)."""


@dataclass(frozen=True, slots=True)
class Quote:
    """One price of one item at one source, as that source gave it.

    `price`, `bid`, `ask` and `median` are integers in minor units of `currency` (cents for skins). `quoted_at` is the
    source's own time where it has one, else the time of the reply, always aware and UTC. `median` is that of the sales
    which `volume` counts. Unknown is None, never 0.
    """

    market_hash_name: str
    source: str
    price: int
    quoted_at: datetime
    currency: str = CS2.currency
    market: str = CS2.id
    volume: int | None = None
    volume_kind: VolumeKind | None = None
    listings: int | None = None
    bid: int | None = None
    ask: int | None = None
    image_url: str | None = None
    rarity: str | None = None
    item_type: str | None = None
    median: int | None = None


class ProviderError(Exception):
    """A market did not give what was asked for; nothing of the reply is used.

    `kind` is one of `throttled`, `schema`, `http`, `network`, `too_large`, `auth`, `unknown_item`; `retry_after` is in seconds, if
    known, and
    `status` the HTTP status that was refused, if it was that.
    """

    def __init__(self, kind: str, message: str, *, retry_after: float | None = None, status: int | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.retry_after = retry_after
        self.status = status


@dataclass(slots=True)
class Batch:
    """Quotes that belong together: stored, and the cursor with them, in one transaction.

    `cursor` is the provider's own resume point (JSON-able), handed back to `fetch` in the next cycle. `rejected` holds
    a sentence for every row that could not be understood.
    """

    quotes: list[Quote]
    cursor: dict[str, Any] = field(default_factory=dict)
    rejected: list[str] = field(default_factory=list)
    done: bool = True


class Provider(Protocol):
    """One provider of quotes. A new one is a file that satisfies this and its entry in `app.settings.providers`."""

    name: str
    """The provider's name in TRACERA_PROVIDERS; also its quotes' source unless it serves several."""
    sources: tuple[str, ...]
    """Every source it may quote."""
    interval: float
    """Seconds between two cycles."""
    timeout: float
    """Seconds after which a cycle is given up."""
    simulated: bool
    """Whether its prices are invented; shown wherever they are."""

    def fetch(self, cursor: dict[str, Any]) -> AsyncIterator[Batch]:
        """Yield batches, each complete and storable on its own.

        Raises:
            ProviderError: the market refused, or its reply was not understood. Batches yielded before stay valid.
        """
        ...

    async def aclose(self) -> None:
        """Release connections."""
        ...


@runtime_checkable
class ItemProvider(Provider, Protocol):
    """A provider that reads the whole market page by page, and can be asked for single items beside that."""

    poll_rate: float
    """Requests a second that single items may have of the market's limit; 0 for none."""

    def pass_seconds(self, cursor: dict[str, Any]) -> float | None:
        """How long reading the whole market takes with the rest of the requests; None while its size is not known."""
        ...

    async def poll(self, name: str) -> Quote | None:
        """The price of one item; None where nothing is offered.

        Raises:
            ProviderError: as `fetch`; `unknown_item` where the market has no such item.
        """
        ...


@runtime_checkable
class HistoryProvider(Provider, Protocol):
    """A provider that tells an item's past, where it is allowed to; its source has its name."""

    tells_history: bool
    """Whether it is allowed to."""

    async def price_history(self, name: str) -> list[Quote]:
        """An item's past, oldest first.

        Raises:
            ProviderError: as `fetch`.
        """
        ...
