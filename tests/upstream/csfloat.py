"""CSFloat's price list and listings."""

from typing import Any

from tests.upstream.data import World
from tests.upstream.wire import Answer, Request, Route, json_answer, number


def _limited(value: Any) -> Answer:
    return json_answer(value, x_ratelimit_limit="200", x_ratelimit_remaining="199", x_ratelimit_reset="60")


def routes(world: World) -> list[Route]:
    def refused(request: Request) -> Answer | None:
        # A key that comes with "Bearer" is no key.
        if request.headers.get("authorization", "").startswith("Bearer"):
            return json_answer({"code": 1, "message": "You need to be logged in to search listings"}, 401)
        return None

    def price_list(request: Request) -> Answer:
        rows = [
            {"market_hash_name": item.name, "quantity": item.listings if item.price else 0, "min_price": item.price}
            for item in world.items
        ]
        return refused(request) or _limited(rows)

    def listings(request: Request) -> Answer:
        wanted = request.query.get("market_hash_name")
        found = [item for item in world.items if wanted in (None, item.name)]
        start, limit = number(request, "cursor", 0), min(number(request, "limit", 50), 50)
        page = [
            {
                "id": str(item.seed),
                "created_at": "2026-06-13T20:45:21.311794Z",
                "type": "buy_now",
                "price": item.price,
                "item": {"market_hash_name": item.name, "float_value": 0.25, "scm": {"price": item.price}},
            }
            for item in found[start : start + limit]
        ]
        following = str(start + limit) if start + limit < len(found) else ""
        return refused(request) or _limited({"data": page, "cursor": following})

    return [
        Route("csfloat", "/api/v1/listings/price-list", price_list, []),
        Route("csfloat", "/api/v1/listings", listings, {"data": []}),
    ]
