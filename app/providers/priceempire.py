"""Pricempire provider: its paid API, prices of many markets in one reply."""

import re
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from app.providers.base import Batch, ProviderError, Quote
from app.providers.http import rows
from app.providers.market import Defaults, MarketProvider, encode
from app.providers.money import from_minor
from app.providers.settings import ProviderSettings

_DEFAULTS = Defaults(base_url="https://api.pricempire.com", interval=600.0, timeout=300.0, requests=10, period=60.0)
_UUID_VERSION = 4

# `★ Talon Knife | Doppler (Factory New) - Ruby`: Steam knows the part before the dash.
_WEARS = "Factory New|Minimal Wear|Field-Tested|Well-Worn|Battle-Scarred"
_SUFFIXED = re.compile(rf"(?P<name>.+ \((?:{_WEARS})\)) - (?P<phase>.+)")
_PHASES = {"Phase 1", "Phase 2", "Phase 3", "Phase 4", "Ruby", "Sapphire", "Black Pearl", "Emerald"}


class PriceempireProvider(MarketProvider):
    """Provider `priceempire`; quotes are of the first of the extra `sources` (provider keys) that has a price.

    One source is the default, because a series that changes its market between two points shows a spread, not a move.
    """

    name = "priceempire"
    sources: tuple[str, ...] = ("priceempire",)

    def __init__(self, settings: ProviderSettings) -> None:
        """Raises ValueError when the key is not a UUID v4, as all of Pricempire's are."""
        key = _checked_key(settings.key)
        super().__init__(settings, _DEFAULTS, headers={"Authorization": f"Bearer {key}"})
        self._markets = settings.words("sources", ("buff163",))

    async def fetch(self, cursor: dict[str, Any]) -> AsyncIterator[Batch]:
        """One batch with the whole market; the cursor is kept as it is, for there is nothing to resume.

        Raises:
            ProviderError: as `MarketHttp.get`; `auth` when the key is refused.
        """
        query = encode({"app_id": 730, "sources": ",".join(self._markets), "currency": "USD"})
        reply = await self.http.get("/v4/paid/items/prices", query)
        value = reply.value(list, dict)
        if isinstance(value, dict):
            value = value.get("data")
        if not isinstance(value, list):
            raise ProviderError("schema", f"{reply.what}: no list of items")
        rejected: list[str] = []
        quotes = rows.read_each(
            reply.what, value, lambda row: self._quote(rows.record(row), reply.received_at), rejected
        )
        yield Batch(_cheapest_by_name(quotes), dict(cursor), rejected, done=True)

    def _quote(self, row: Mapping[str, Any], now: datetime) -> Quote | None:
        name = steam_name(rows.name(row.get("market_hash_name")))
        prices = row.get("prices")
        if not isinstance(prices, list):
            raise ValueError(f"{name}: no list of prices")  # noqa: TRY004 - callers catch one kind
        offers = [rows.record(price) for price in prices]
        by_market = {offer["provider_key"]: offer for offer in offers if isinstance(offer.get("provider_key"), str)}
        for market in self._markets:
            offer = by_market.get(market)
            if offer is None or offer.get("price") in (None, 0):
                continue
            try:
                updated = offer.get("updated_at")
                return Quote(
                    market_hash_name=name,
                    source=self.name,
                    price=from_minor(offer["price"]),
                    quoted_at=now if updated is None else rows.iso_time(updated, now),
                    listings=rows.count(offer.get("count")),
                )
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from error
        return None


def steam_name(name: str) -> str:
    """Steam's market_hash_name for a Pricempire name: without the Doppler phase, which Steam does not tell apart.

    Raises:
        ValueError: the name ends in something else that Steam does not have.
    """
    match = _SUFFIXED.fullmatch(name)
    if match is None:
        return name
    if "Doppler" not in match["name"] or match["phase"] not in _PHASES:
        raise ValueError(f"{rows.shown(name)}: Steam has no item with the ending {rows.shown(match['phase'])}")
    return match["name"]


def _cheapest_by_name(quotes: list[Quote]) -> list[Quote]:
    """One quote per name: of several phases the cheapest, which is what the name costs on Steam too."""
    best: dict[str, Quote] = {}
    for quote in quotes:
        known = best.setdefault(quote.market_hash_name, quote)
        if known is not quote:
            counts = [count for count in (known.listings, quote.listings) if count is not None]
            best[quote.market_hash_name] = replace(
                known,
                price=min(known.price, quote.price),
                # The newest, or the item's time would go back when another phase becomes the cheapest.
                quoted_at=max(known.quoted_at, quote.quoted_at),
                listings=sum(counts) if counts else None,
            )
    return list(best.values())


def _checked_key(key: str | None) -> str:
    text = (key or "").strip()
    try:
        version = uuid.UUID(text).version
    except ValueError:
        version = None
    if version != _UUID_VERSION:
        raise ValueError("TRACERA_PRICEEMPIRE_KEY must be a Pricempire API key, which is a UUID v4")
    return text
