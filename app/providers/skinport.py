"""Skinport provider: the public item list, the whole market in one reply."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from app.providers.base import Batch, Quote
from app.providers.currencies import BY_CODE
from app.providers.http import rows
from app.providers.market import Defaults, MarketProvider, encode
from app.providers.money import from_major
from app.providers.settings import ProviderSettings

_DEFAULTS = Defaults(
    base_url="https://api.skinport.com",
    interval=300.0,  # replies are cached for five minutes
    timeout=180.0,
    requests=8,
    period=300.0,
)


@dataclass(frozen=True, slots=True)
class _Version:
    """One row: a phase of an item, or the item itself. `price` is None when there is no offer."""

    name: str
    price: int | None
    listings: int
    updated_at: datetime


class SkinportProvider(MarketProvider):
    """Provider `skinport`: the lowest price of each item over its versions (phases), in US dollars."""

    name = "skinport"
    sources: tuple[str, ...] = ("skinport",)

    def __init__(self, settings: ProviderSettings) -> None:
        # Without brotli the market answers 406.
        super().__init__(settings, _DEFAULTS, headers={"Accept-Encoding": "br"})

    async def fetch(self, cursor: dict[str, Any]) -> AsyncIterator[Batch]:
        """One batch with the whole market; the cursor is kept as it is, for there is nothing to resume.

        Raises:
            ProviderError: as `MarketHttp.get`; `http` with a sentence about Cloudflare where it blocks this address.
        """
        reply = await self.http.get("/v1/items", encode({"app_id": 730, "currency": "USD", "tradable": 0}))
        rejected: list[str] = []
        versions = rows.read_each(
            reply.what, reply.value(list), lambda row: _version(rows.record(row), reply.received_at), rejected
        )
        versions.sort(key=attrgetter("name"))
        groups = (list(group) for _, group in groupby(versions, key=attrgetter("name")))
        quotes = [quote for group in groups if (quote := _quote(group)) is not None]
        yield Batch(quotes, dict(cursor), rejected, done=True)


def _version(row: Mapping[str, Any], now: datetime) -> _Version:
    name = rows.name(row.get("market_hash_name"))
    if row.get("currency") != "USD":
        raise ValueError(f"{name}: in currency {rows.shown(row.get('currency'))}, not USD")
    if "min_price" not in row:
        raise ValueError(f"{name}: no min_price")
    least = row["min_price"]
    try:
        return _Version(
            name=name,
            price=None if least is None else from_major(least, BY_CODE["USD"].digits) or None,
            listings=rows.count(row.get("quantity")) or 0,
            updated_at=rows.unix_time(row.get("updated_at"), now),
        )
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _quote(versions: list[_Version]) -> Quote | None:
    offered = [version for version in versions if version.price is not None]
    if not offered:
        return None
    return Quote(
        market_hash_name=offered[0].name,
        source="skinport",
        price=min(version.price for version in offered if version.price is not None),
        # The newest of the versions, or the item's time would go back when another version becomes the cheapest.
        quoted_at=max(version.updated_at for version in offered),
        listings=sum(version.listings for version in versions),
    )
