"""Steam's inventories and profiles: recorded ones, and whatever a test puts into `world.inventories`."""

import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from tests.upstream.data import SHARED, World
from tests.upstream.wire import Answer, Request, Route, json_answer

GERMAN, OLD, PAGED = "76561198000000395", "76561198000000069", "76561198000077073"
FOLDER = SHARED / "steam_inventory"
_MOST = 2000
_JSON = {"content-type": "application/json; charset=utf-8"}


@dataclass
class Owner:
    """An account. `pages` are whole replies; `serve` turns the page asked for (0, 1, …) into the page given.

    `answers` replaces the answer to the page of that number by (status, body); `vanity` is the name in its address.
    """

    pages: list[Mapping[str, Any]]
    place: str = "730/2"
    vanity: str | None = None
    serve: Callable[[int], int] = field(default=lambda page: page)
    answers: dict[int, tuple[int, bytes]] = field(default_factory=dict)

    def page_after(self, request: Request) -> int:
        """Which page a request asks for."""
        if "start" in request.query:
            return int(request.query["start"])
        last = request.query.get("start_assetid")
        if last is None:
            return 0
        return next(number + 1 for number, page in enumerate(self.pages) if page.get("last_assetid") == last)


def routes(world: World) -> list[Route]:
    def inventory(request: Request) -> Answer:
        _, _, steam_id, place = request.path.split("/", 3)
        owner = world.inventories.get(steam_id)
        if owner is None or owner.place != place:
            return json_answer(None, 403)
        if int(request.query.get("count", "0")) > _MOST:
            return json_answer(None, 400)
        number = owner.page_after(request)
        if number in owner.answers:
            status, body = owner.answers[number]
            return Answer(body, status, _JSON)
        return json_answer(owner.pages[owner.serve(number)])

    def profile(request: Request) -> Answer:
        name = request.path.split("/")[2]
        found = next((steam_id for steam_id, owner in world.inventories.items() if owner.vanity == name), None)
        if found is None:
            text = "<response><error><![CDATA[The specified profile could not be found.]]></error></response>"
        else:
            text = (
                f"<profile>\n\t<steamID64>{found}</steamID64>\n\t<steamID><![CDATA[<steamID64>76561190000000000</steamID64>]]>"
                "</steamID>\n<privacyState>public</privacyState></profile>"
            )
        return Answer(
            f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>{text}'.encode(), 200, {"content-type": "text/xml"}
        )

    return [
        Route("inventory", "/inventory/*", inventory, {"success": 1, "total_inventory_count": 0, "rwgrsn": -2}),
        Route("inventory", "/id/*", profile, None),
    ]


def german() -> Owner:
    """395 assets of 87 kinds, in German, on one page."""
    return Owner([json.loads((FOLDER / "cs2_730_2_german_395.json").read_bytes())["data"]], vanity="sammler")


def old() -> Owner:
    """69 assets in the format before 2016."""
    return Owner([json.loads((FOLDER / "csgo_legacy_rgInventory_69.json").read_bytes())])


def paged() -> Owner:
    """77,073 assets on 39 pages: the first two and the last as recorded, those between made of the second one's kinds."""
    first, second, last = (
        orjson.loads(gzip.decompress((FOLDER / "paged_753_6" / f"page-{number}.json.gz").read_bytes()))
        for number in ("01", "02", "39")
    )
    pages = [first, second]
    number = 9 * 10**9  # below all that were recorded
    for _ in range(36):
        assets = [{**asset, "assetid": str(number - at - 1)} for at, asset in enumerate(second["assets"])]
        number -= len(assets)
        pages.append({**second, "assets": assets, "last_assetid": str(number)})
    return Owner([*pages, last], place="753/6")


def invented(count: int, *, page_size: int = 1000, start: int = 10**10) -> Owner:
    """`count` assets of four kinds on pages of a size."""
    kinds = [
        {"classid": str(kind), "instanceid": "0", "market_hash_name": f"AK-47 | Test Finish {kind:05d} (Factory New)",
         "name": f"Test {kind}", "marketable": 1, "tradable": 1, "icon_url": f"icon{kind}"}
        for kind in range(4)
    ]  # fmt: skip
    pages: list[Mapping[str, Any]] = []
    for first in range(0, max(count, 1), page_size):
        numbers = range(first, min(first + page_size, count))
        assets = [
            {
                "appid": 730,
                "contextid": "2",
                "assetid": str(start - at),
                "classid": str(at % 4),
                "instanceid": "0",
                "amount": "1",
            }
            for at in numbers
        ]
        more = {"more_items": 1, "last_assetid": assets[-1]["assetid"]} if first + page_size < count else {}
        pages.append(
            {
                "assets": assets,
                "descriptions": kinds,
                "total_inventory_count": count,
                "success": 1,
                "rwgrsn": -2,
                **more,
            }
        )
    return Owner(pages)
