"""Item prices: Steam's price overview and order book of one item."""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.providers.base import ProviderError, Quote, VolumeKind
from app.providers.currencies import USD_ID
from app.providers.http import rows
from app.providers.http.client import MarketHttp
from app.providers.market import encode
from app.providers.money import from_minor, from_text
from app.providers.steam.search import APP, unwrap

_VOLUME = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class OrderBook:
    """The best orders for an item in US cents: None where there is none; the counts are of all orders."""

    bid: int | None
    ask: int | None
    buy_orders: int | None
    sell_orders: int | None
    quoted_at: datetime


async def price_overview(http: MarketHttp, name: str) -> Quote | None:
    """The lowest price, the sales of the last 24 hours and their median; None when nothing is listed.

    Raises:
        ProviderError: `unknown_item` when Steam knows none of that name, or as `MarketHttp.get`.
    """
    query = encode({"appid": APP, "currency": USD_ID, "country": "US", "market_hash_name": name})
    reply = await http.get("/market/priceoverview/", query)
    if reply.body.strip() != b"null" and reply.value(dict).get("success") is False:
        raise ProviderError("unknown_item", f"{reply.what}: Steam knows no item {rows.shown(name)}")
    body = unwrap(http, reply)
    try:
        price = _amount(body.get("lowest_price"))
        median = _amount(body.get("median_price"))
        volume = _volume(body.get("volume"))
    except ValueError as error:
        raise ProviderError("schema", f"{reply.what}: {error}") from error
    if not price:
        return None
    return Quote(
        market_hash_name=name,
        source="steam",
        price=price,
        quoted_at=reply.received_at,
        volume=volume,
        volume_kind=None if volume is None else VolumeKind.ROLLING_24H,
        median=median,
    )


async def order_book(http: MarketHttp, name: str) -> OrderBook:
    """The best buy and sell order.

    Raises:
        ProviderError: `schema` also when the amounts are in another currency than asked for: the address answers in
            that of the caller's region.
    """
    query = encode({"q": "Load", "qp": json.dumps([APP, name], ensure_ascii=False)})
    headers = {"x-valve-request-type": "queryAction", "Referer": "https://steamcommunity.com/market/"}
    reply = await http.get("/market/orderbook", query, headers=headers)
    body = unwrap(http, reply)
    if body.get("eCurrency") != USD_ID:
        raise ProviderError("schema", f"{reply.what}: in currency {rows.shown(body.get('eCurrency'))}, not USD")
    try:
        return OrderBook(
            bid=_order(body.get("amtMaxBuyOrder")),
            ask=_order(body.get("amtMinSellOrder")),
            buy_orders=rows.count(body.get("cBuyOrders")),
            sell_orders=rows.count(body.get("cSellOrders")),
            quoted_at=reply.received_at,
        )
    except ValueError as error:
        raise ProviderError("schema", f"{reply.what}: {error}") from error


def _amount(text: Any) -> int | None:
    return None if text is None else from_text(text, USD_ID)


def _order(value: Any) -> int | None:
    """No order is null; an order of nothing is none either."""
    return None if value is None else from_minor(value) or None


def _volume(text: Any) -> int | None:
    if text is None:
        return None
    if not isinstance(text, str) or not _VOLUME.fullmatch(text):
        raise ValueError(f"{rows.shown(text)} is not a volume")
    return int(text.replace(",", ""))
