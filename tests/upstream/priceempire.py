"""Pricempire's v4 prices: only with a UUID v4 as Bearer key."""

import re
from typing import Any

from tests.upstream.data import Item, World
from tests.upstream.wire import Answer, Request, Route, json_answer

_KEY = re.compile(r"Bearer [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def routes(world: World) -> list[Route]:
    def prices(request: Request) -> Answer:
        if not _KEY.fullmatch(request.headers.get("authorization", "")):
            return json_answer({"message": "Invalid API key"}, 401)
        markets = request.query.get("sources", "").split(",")
        return json_answer([row for item in world.items for row in _rows(item, markets)])

    return [Route("priceempire", "/v4/paid/items/prices", prices, [])]


def _rows(item: Item, markets: list[str]) -> list[dict[str, Any]]:
    if " Doppler (" in item.name:
        endings = (" - Ruby", " - Phase 2")
        return [_row(item, item.name + ending, 500 * rank, markets) for rank, ending in enumerate(endings)]
    return [_row(item, item.name, 0, markets)]


def _row(item: Item, name: str, more: int, markets: list[str]) -> dict[str, Any]:
    return {
        "market_hash_name": name,
        "image": None,
        "liquidity": 53.5,
        "count": item.listings,
        "rank": 1,
        "prices": [
            {
                "provider_key": market,
                "price": item.price + more + rank if item.price else None,
                "count": item.listings,
                "updated_at": "2026-11-20T12:13:07.393Z",
            }
            for rank, market in enumerate(markets)
        ],
    }
