"""Watchlist: the items that a user watches."""

from typing import Any, Final

from flask import Response, abort
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from app.api.owner import owner, private
from app.api.watched import Watched, watched
from app.runtime import services
from app.schemas import PROBLEMS, Problem
from db.accounts import watchlist
from db.candles import listed
from db.core.pool import Row

PRIVATE: Final = {**PROBLEMS, 401: Problem, 403: Problem}
blueprint = APIBlueprint(
    "marketwatch", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="watchlist")], abp_responses=PRIVATE
)
MOST: Final = 500
"""Items a user may watch; all of them are subscribed to when a socket opens."""


class SymbolPath(BaseModel):
    """Which item."""

    symbol: str = Field(
        min_length=1, max_length=300, pattern=r"^[^\x00]+$", description="Its market_hash_name, or its id."
    )


class Watchlist(BaseModel):
    """What the user watches, the first added first."""

    symbols: list[str]
    items: list[Watched]


class Changed(Watchlist):
    """The same after a change, and what happened in words."""

    message: str


@blueprint.get("/marketwatch", responses={200: Watchlist})
def get_watchlist() -> Response:
    """What the user watches."""
    return private(_listed(owner()))


@blueprint.post("/marketwatch/<path:symbol>", responses={200: Changed, 409: Problem})
def watch(path: SymbolPath) -> Response:
    """Watch an item; once is enough."""
    user_id, item = owner(write=True), _item(path.symbol)
    if not watchlist.add(services().database, user_id, item["id"], MOST):
        abort(409, f"you watch {MOST} items already; take one off first")
    return private({**_listed(user_id), "message": f"{item['market_hash_name']} is on your watchlist."})


@blueprint.delete("/marketwatch/<path:symbol>", responses={200: Changed})
def unwatch(path: SymbolPath) -> Response:
    """Watch an item no more."""
    user_id, item = owner(write=True), _item(path.symbol)
    watchlist.remove(services().database, user_id, item["id"])
    return private({**_listed(user_id), "message": f"{item['market_hash_name']} is off your watchlist."})


def _listed(user_id: int) -> dict[str, Any]:
    items = watchlist.of_user(services().database, user_id)
    return {"symbols": [item["symbol"] for item in items], "items": watched(items)}


def _item(symbol: str) -> Row:
    database = services().database
    found = watchlist.find(database, symbol)
    if found is None and listed.adopt(database, symbol) is not None:
        found = watchlist.find(database, symbol.upper())
    if found is None:
        abort(404, f"there is no item {symbol!r}")
    return found
