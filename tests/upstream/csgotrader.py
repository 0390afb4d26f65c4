"""csgotrader.app's files: a different shape for each market, with ETag and Last-Modified."""

from collections.abc import Callable
from email.utils import format_datetime
from typing import Any

from tests.upstream.data import Item, World
from tests.upstream.wire import Answer, Request, Route, json_answer


def _steam(item: Item) -> Any:
    dollars = item.price / 100
    return {"last_24h": dollars if item.price else None, "last_7d": dollars, "last_30d": dollars, "last_90d": dollars}


def _skinport(item: Item) -> Any:
    return {"suggested_price": item.price / 100, "starting_at": item.price / 100 if item.seed % 5 else None}


def _buff(item: Item) -> Any:
    phases = {"Ruby": item.price / 50, "Phase 1": item.price / 100}
    asked = {"price": None, "doppler": phases} if "Doppler" in item.name else {"price": item.price / 100}
    return {"starting_at": asked, "highest_order": {"price": item.price / 200}}


def _priced(item: Item) -> Any:
    return {"price": item.price / 100} if item.price else None


def _number(item: Item) -> Any:
    return item.price / 100 if item.price else None


def _text(item: Item) -> Any:
    return f"{item.price / 100:.3f}" if item.price else None


_SHAPES: dict[str, Callable[[Item], Any]] = {
    "steam": _steam,
    "skinport": _skinport,
    "buff163": _buff,
    "csgotrader": _priced,
    "csmoney": _priced,
    "csfloat": _priced,
    "youpin": _number,
    "bitskins": lambda item: {"price": _text(item), "instant_sale_price": None},
    "csgotm": _text,
    "lootfarm": _number,
    "swapgg": _number,
    "csgoempire": _number,
    "csgoexo": _number,
    "cstrade": _priced,
    "skinwallet": _number,
}


def routes(world: World) -> list[Route]:
    def file(request: Request) -> Answer:
        market = request.path.removeprefix("/latest/").removesuffix(".json")
        if market not in _SHAPES:
            return json_answer({"error": "not found"}, 404)
        etag = f'"{market}-{world.version}"'
        if request.headers.get("if-none-match") == etag:
            return Answer(b"", 304, {"etag": etag})
        content = {item.name: _SHAPES[market](item) for item in world.items}
        # Some files come in a shell.
        body = {"data": content} if market == "csmoney" else content
        return json_answer(body, etag=etag, last_modified=format_datetime(world.modified, usegmt=True))

    return [Route("csgotrader", "/latest/*", file, {})]
