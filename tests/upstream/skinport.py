"""Skinport's item list, brotli only, one row per version."""

import time
from typing import Any

import brotli  # type: ignore[import-untyped]  # it ships no types
import orjson

from tests.upstream.data import Item, World
from tests.upstream.wire import Answer, Request, Route, json_answer

PHASES = ("Phase 1", "Phase 2", "Ruby")


def routes(world: World) -> list[Route]:
    packed: dict[int, bytes] = {}

    def items(request: Request) -> Answer:
        if "br" not in request.headers.get("accept-encoding", ""):
            return json_answer({"errors": [{"id": "not_acceptable", "message": "Accept-Encoding: br"}]}, 406)
        if request.query.get("currency") != "USD" or request.query.get("app_id") != "730":
            return json_answer({"errors": [{"id": "bad_request", "message": "Unknown currency or app."}]}, 400)
        if world.version not in packed:
            rows = [row for item in world.items for row in _rows(item)]
            packed.clear()
            packed[world.version] = brotli.compress(orjson.dumps(rows), quality=1)
        headers = {"content-type": "application/json", "content-encoding": "br", "cache-control": "max-age=300"}
        return Answer(packed[world.version], headers=headers)

    return [Route("skinport", "/v1/items", items, [])]


def _rows(item: Item) -> list[dict[str, Any]]:
    if " Doppler (" in item.name:
        return [_row(item, phase, item.price + 100 * rank) for rank, phase in enumerate(PHASES)]
    return [_row(item, None, item.price)]


def _row(item: Item, version: str | None, price: int) -> dict[str, Any]:
    # Every fifth item is out of stock: prices are null then.
    offered = bool(price) and (item.seed % 5 > 0 or version is not None)
    dollars = price / 100
    return {
        "market_hash_name": item.name,
        "version": version,
        "currency": "USD",
        "suggested_price": dollars,
        "item_page": "https://skinport.com/item/x",
        "market_page": "https://skinport.com/market?item=x",
        "min_price": dollars if offered else None,
        "max_price": dollars * 2 if offered else None,
        "mean_price": dollars * 1.2 if offered else None,
        "median_price": dollars * 1.1 if offered else None,
        "quantity": item.listings if offered else 0,
        "created_at": 1607718784,
        "updated_at": int(time.time()) - item.seed % 300,
    }
