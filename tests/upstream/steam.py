"""Steam's market: search (both addresses), price overview, order book, price history."""

import json
from typing import Any

from tests.upstream.data import Item, World, price_history
from tests.upstream.wire import Answer, Request, Route, json_answer, number


def routes(world: World) -> list[Route]:
    steam = _Steam(world)
    nothing = {"success": True, "start": 0, "pagesize": 10, "total_count": 0, "results": []}
    return [
        Route("steam", "/market/search/render/", steam.search, nothing),
        Route("steam", "/market/search", steam.modern_search, {"total_count": 0, "results": []}),
        Route("steam", "/market/priceoverview/", steam.overview, {"success": True}),
        Route("steam", "/market/orderbook", steam.order_book, {"success": 1, "data": {"data": {"eCurrency": 1}}}),
        Route("steam", "/market/pricehistory/", steam.history, {"success": True, "prices": []}),
    ]


class _Steam:
    def __init__(self, world: World) -> None:
        self._world = world

    def search(self, request: Request) -> Answer:
        start = number(request, "start", 0)
        found = self._world.items[start : start + self._world.page_size]
        total = len(self._world.items)
        return json_answer(
            {
                "success": True,
                "start": start,
                "pagesize": self._world.page_size,
                "total_count": total,
                "searchdata": {"query": "", "total_count": total, "pagesize": self._world.page_size},
                "results": [_result(item) for item in found],
            }
        )

    def modern_search(self, request: Request) -> Answer:
        if request.headers.get("x-valve-request-type") != "queryAction" or request.query.get("q") != "Search":
            return Answer(b"", 302, {"location": "/market/"})
        start = json.loads(request.query["qp"])[0]["start"]
        found = self._world.items[start : start + max(30, self._world.page_size)]
        return json_answer(
            {
                "total_count": len(self._world.items),
                "results": [_modern_result(item, self._world.currency) for item in found],
            }
        )

    def overview(self, request: Request) -> Answer:
        item = self._world.by_name.get(request.query.get("market_hash_name", ""))
        if item is None:
            return json_answer({"success": False})
        reply: dict[str, Any] = {"success": True}
        if item.price:
            reply["lowest_price"] = dollars(item.price)
            reply["volume"] = f"{item.volume:,}"
            reply["median_price"] = dollars(item.price * 98 // 100).replace("$", "&#36;")
        return json_answer(reply)

    def order_book(self, request: Request) -> Answer:
        if request.headers.get("x-valve-request-type") != "queryAction":
            return Answer(b"", 302, {"location": "/market/"})
        item = self._world.by_name.get(json.loads(request.query["qp"])[1])
        if item is None:
            return json_answer({"success": 2})
        book = {
            "eCurrency": self._world.currency,
            "amtMaxBuyOrder": item.price * 9 // 10 or None,
            "amtMinSellOrder": item.price or None,
            "cBuyOrders": item.volume,
            "cSellOrders": item.listings,
            "rgCompactBuyOrders": [item.price * 9 // 10, 3],
            "rgCompactSellOrders": [item.price, 1],
        }
        # Both nestings are seen in the wild.
        return json_answer({"success": 1, "data": {"data": book} if item.seed % 2 else book})

    def history(self, request: Request) -> Answer:
        cookie = request.headers.get("cookie", "")
        if "steamLoginSecure=" not in cookie or "steamLoginSecure=expired" in cookie:
            return json_answer([], 400)
        name = request.query.get("market_hash_name", "")
        points = self._world.histories.get(name) or price_history(name)
        return json_answer({"success": True, "price_prefix": "$", "price_suffix": "", "prices": points})


def dollars(cents: int) -> str:
    return f"${cents // 100:,}.{cents % 100:02d}"


def receive(price: int) -> tuple[int, int, int]:
    """What the seller gets of a buyer's price and both fees: the inverse of Steam's fee rule, to the cent."""
    seller = max(1, price * 100 // 115)
    while seller + _fee(seller, 20) + _fee(seller, 10) < price:
        seller += 1
    steam = _fee(seller, 20)
    return seller, steam, price - seller - steam


def _fee(seller: int, share: int) -> int:
    return max(seller // share, 1)


def _description(item: Item) -> dict[str, Any]:
    return {
        "appid": 730,
        "classid": str(item.seed),
        "instanceid": "0",
        "background_color": "",
        "icon_url": item.icon,
        "tradable": 1,
        "name": item.name,
        "name_color": "D2D2D2",
        "type": item.type,
        "market_name": item.name,
        "market_hash_name": item.name,
        "commodity": 0,
    }


def _result(item: Item) -> dict[str, Any]:
    return {
        "name": item.name,
        "hash_name": item.name,
        "sell_listings": item.listings if item.price else 0,
        "sell_price": item.price,
        "sell_price_text": dollars(item.price),
        "app_icon": "https://cdn.example/app.jpg",
        "app_name": "Counter-Strike 2",
        "asset_description": _description(item),
        "sale_price_text": dollars(item.price * 22 // 23) if item.price else "",
    }


def _modern_result(item: Item, currency: int) -> dict[str, Any]:
    seller, steam, publisher = receive(item.price)
    return {
        "strHash": item.name,
        "cSellOrders": item.listings if item.price else 0,
        "cBuyOrders": item.volume,
        "unSteamFee": steam,
        "unPublisherFee": publisher,
        "eCurrency": currency,
        "strMinSellSubtotal": dollars(seller) if item.price else "",
        "asset_description": _description(item),
    }
