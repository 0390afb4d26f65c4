"""Market search: pages of Steam's search, from either of its two addresses."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.providers.base import ProviderError, Quote
from app.providers.currencies import USD_ID
from app.providers.http import rows
from app.providers.http.client import MarketHttp
from app.providers.http.replies import Reply
from app.providers.market import encode
from app.providers.money import from_minor, from_text
from app.providers.steam.items import image_url, rarity_and_type

APP = 730
_MAX_ITEMS = 1_000_000


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page: `total` items in the whole market, `count` rows here, and what could be read of them."""

    total: int
    count: int
    quotes: list[Quote]
    rejected: list[str]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One of Steam's search addresses and how to ask it and read it."""

    path: str
    headers: Mapping[str, str]
    query: Callable[[int, int], str]
    quote: Callable[[Mapping[str, Any], datetime], Quote | None]


async def search_page(http: MarketHttp, endpoint: Endpoint, start: int, count: int) -> SearchPage:
    """The page that begins at `start`; Steam decides how many rows it holds, whatever `count` asks.

    Raises:
        ProviderError: `throttled` also for a body `null`, which is how Steam says so at times; `schema` for anything
            that is not a search page.
    """
    reply = await http.get(endpoint.path, endpoint.query(start, count), headers=endpoint.headers)
    body = unwrap(http, reply)
    total, results = body.get("total_count"), body.get("results")
    if not isinstance(total, int) or not 0 <= total <= _MAX_ITEMS or not isinstance(results, list):
        raise ProviderError("schema", f"{reply.what}: no total_count and results")
    rejected: list[str] = []
    quotes: list[Quote] = []
    if results:
        quotes = rows.read_each(
            reply.what, results, lambda row: endpoint.quote(rows.record(row), reply.received_at), rejected
        )
    return SearchPage(total, len(results), quotes, rejected)


def unwrap(http: MarketHttp, reply: Reply) -> dict[str, Any]:
    """A Steam reply's object, taken out of the `data` shells that the 2026 addresses put around it."""
    if reply.body.strip() == b"null":
        raise http.throttled(f"{reply.what}: null, which is how Steam says that it is asked too often")
    body: dict[str, Any] = reply.value(dict)
    if body.get("success") not in (None, True):
        raise ProviderError("schema", f"{reply.what}: success is {rows.shown(body['success'])}")
    while isinstance(body.get("data"), dict):
        body = body["data"]
    return body


def _legacy_query(start: int, count: int) -> str:
    # Sorted by name, because the default order (popularity) changes while one is paging.
    return encode(
        {
            "norender": 1,
            "appid": APP,
            "start": start,
            "count": count,
            "currency": USD_ID,
            "sort_column": "name",
            "sort_dir": "asc",
        }
    )


def _modern_query(start: int, _count: int) -> str:
    payload = {
        "appid": APP,
        "filters": {},
        "accessoryFilters": {},
        "price": {"eCurrency": USD_ID},
        "start": start,
        "sort": 1,  # by name
        "direction": 1,  # ascending
    }
    return encode({"q": "Search", "qp": json.dumps([payload], separators=(",", ":"))})


def _legacy_quote(row: Mapping[str, Any], now: datetime) -> Quote | None:
    name = rows.name(row.get("hash_name"))
    return _quote(row, name, from_minor(row.get("sell_price")), rows.count(row.get("sell_listings")), now)


def _modern_quote(row: Mapping[str, Any], now: datetime) -> Quote | None:
    """The text is a subtotal: what the seller gets. The buyer pays both fees on top, as in the legacy `sell_price`."""
    name = rows.name(row.get("strHash"))
    if row.get("eCurrency") != USD_ID:
        raise ValueError(f"{name}: in currency {rows.shown(row.get('eCurrency'))}, not USD")
    subtotal = row.get("strMinSellSubtotal")
    if not subtotal:
        return None
    price = from_text(subtotal, USD_ID)
    if price:
        price += from_minor(row.get("unSteamFee")) + from_minor(row.get("unPublisherFee"))
    return _quote(row, name, price, rows.count(row.get("cSellOrders")), now)


def _quote(row: Mapping[str, Any], name: str, price: int, listings: int | None, now: datetime) -> Quote | None:
    if price == 0:  # no offer
        return None
    described = row.get("asset_description")
    about = described if isinstance(described, dict) else {}
    if about.get("appid", APP) != APP:
        raise ValueError(f"{name}: of app {rows.shown(about['appid'])}, not {APP}")
    rarity, item_type = rarity_and_type(about.get("type"))
    return Quote(
        market_hash_name=name,
        source="steam",
        price=price,
        quoted_at=now,
        listings=listings,
        image_url=image_url(about.get("icon_url")),
        rarity=rarity,
        item_type=item_type,
    )


ENDPOINTS: dict[str, Endpoint] = {
    # The cookie keeps the market of before 2026, "while possible".
    "legacy": Endpoint("/market/search/render/", {"Cookie": "bMarketOptOut=1"}, _legacy_query, _legacy_quote),
    "query": Endpoint(
        "/market/search",
        {"x-valve-request-type": "queryAction", "Referer": "https://steamcommunity.com/market/search?appid=730"},
        _modern_query,
        _modern_quote,
    ),
}
