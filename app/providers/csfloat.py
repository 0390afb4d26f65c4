"""CSFloat provider: the price list of the whole market, and pages of single listings."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.providers.base import Batch, ProviderError, Quote
from app.providers.http import rows
from app.providers.http.replies import Reply
from app.providers.market import Defaults, MarketProvider, encode
from app.providers.money import from_minor
from app.providers.settings import ProviderSettings

_DEFAULTS = Defaults(base_url="https://csfloat.com", interval=300.0, timeout=180.0, requests=20, period=60.0)
# A number this large is a unix time; a smaller one is seconds from now.
_UNIX_TIMES = 1_000_000_000
_MAX_LISTINGS = 50


@dataclass(frozen=True, slots=True)
class Listing:
    """One offer; `price` in US cents. For an auction it is the current bid."""

    id: str
    market_hash_name: str
    price: int
    kind: str | None
    created_at: datetime | None
    float_value: float | None


@dataclass(frozen=True, slots=True)
class ListingsPage:
    """Up to 50 offers; `cursor` leads to the next page, None on the last."""

    listings: list[Listing]
    cursor: str | None
    rejected: list[str]


class CsfloatProvider(MarketProvider):
    """Provider `csfloat`: the lowest price of each item. The key is optional for the price list."""

    name = "csfloat"
    sources: tuple[str, ...] = ("csfloat",)

    def __init__(self, settings: ProviderSettings) -> None:
        # The bare key: "Bearer" before it is not accepted.
        super().__init__(settings, _DEFAULTS, headers={"Authorization": settings.key} if settings.key else None)

    async def fetch(self, cursor: dict[str, Any]) -> AsyncIterator[Batch]:
        """One batch with the whole market; the cursor is kept as it is, for there is nothing to resume.

        Raises:
            ProviderError: as `MarketHttp.get`.
        """
        reply = await self.http.get("/api/v1/listings/price-list")
        self._obey_limit(reply)
        rejected: list[str] = []
        quotes = rows.read_each(
            reply.what, _list_of(reply)[0], lambda row: _quote(rows.record(row), reply.received_at), rejected
        )
        yield Batch(quotes, dict(cursor), rejected, done=True)

    async def listings(
        self, *, market_hash_name: str | None = None, cursor: str | None = None, limit: int = _MAX_LISTINGS
    ) -> ListingsPage:
        """One page of offers, the cheapest first; most of it needs a key.

        Raises:
            ProviderError: as `MarketHttp.get`.
        """
        query = {"limit": min(limit, _MAX_LISTINGS), "sort_by": "lowest_price", "type": "buy_now"}
        parameters = {"market_hash_name": market_hash_name, "cursor": cursor}
        given = {key: value for key, value in parameters.items() if value}
        reply = await self.http.get("/api/v1/listings", encode({**query, **given}))
        self._obey_limit(reply)
        found, following = _list_of(reply)
        rejected: list[str] = []
        # Unlike a whole market, a page of one item's offers may well be empty.
        offers = (
            rows.read_each(reply.what, found, lambda row: _listing(rows.record(row), reply.received_at), rejected)
            if found
            else []
        )
        return ListingsPage(offers, following if found else None, rejected)

    def _obey_limit(self, reply: Reply) -> None:
        """Pause when the reply's headers say that no request is left in this window."""
        left, reset = (reply.headers.get(f"x-ratelimit-{part}", "") for part in ("remaining", "reset"))
        if left != "0" or not reset.isdecimal():
            return
        seconds = int(reset)
        wait = seconds - reply.received_at.timestamp() if seconds >= _UNIX_TIMES else float(seconds)
        if 0 < wait <= 86_400:  # noqa: PLR2004 - a day; more is not a rate limit
            self.http.limiter.pause(wait)


def _list_of(reply: Reply) -> tuple[list[Any], str | None]:
    """The rows of a bare array or of `{"data": […], "cursor": …}`, and the cursor."""
    value = reply.value(list, dict)
    if isinstance(value, list):
        return value, None
    found, cursor = value.get("data"), value.get("cursor")
    if not isinstance(found, list):
        raise ProviderError("schema", f"{reply.what}: no list of rows under data")
    return found, cursor if isinstance(cursor, str) and cursor else None


def _quote(row: Mapping[str, Any], now: datetime) -> Quote | None:
    name = rows.name(row.get("market_hash_name"))
    listings = rows.count(row.get("quantity", row.get("qty")))
    if "min_price" not in row:
        raise ValueError(f"{name}: no min_price")
    if row["min_price"] is None or listings == 0:
        return None
    price = from_minor(row["min_price"])
    return Quote(name, "csfloat", price, now, listings=listings) if price else None


def _listing(row: Mapping[str, Any], now: datetime) -> Listing:
    item = rows.record(row.get("item"))
    if not isinstance(row.get("id"), str):
        raise ValueError(f"{rows.shown(row.get('id'))} is not a listing's id")  # noqa: TRY004 - callers catch one kind
    created, wear, kind = row.get("created_at"), item.get("float_value"), row.get("type")
    return Listing(
        id=row["id"],
        market_hash_name=rows.name(item.get("market_hash_name")),
        price=from_minor(row.get("price")),
        kind=kind if isinstance(kind, str) else None,
        created_at=None if created is None else rows.iso_time(created, now),
        float_value=float(wear) if isinstance(wear, int | float) else None,
    )
