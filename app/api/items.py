"""Items: everything with a price."""

from typing import Any, Literal
from urllib.parse import urlencode

from flask import Response, abort, request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from app.api.replies import answer
from app.runtime import services
from app.schemas import PROBLEMS, Query, Row, Rows
from db.items import items, listing
from db.quotes import history

blueprint = APIBlueprint("items", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="items")], abp_responses=PROBLEMS)


class ItemsQuery(Query):
    """Which items, in which order."""

    search: str | None = Field(None, max_length=200, description="Words of the name, in any order.")
    market: str | None = Field(None, description="`steam:730` or `binance:spot`.")
    weapon_type: str | None = Field(None, description="Rifle, Pistol, Knife, Sticker, …")
    rarity: str | None = Field(None, description="As the market names it.")
    sort: Literal["name", "-name", "price", "-price", "created", "-created"] = Field(
        "name", description="A minus turns the order."
    )
    limit: int = Field(50, ge=1, le=500, description="Items a page.")
    cursor: str | None = Field(None, max_length=600, description="From the Link header of the page before.")


class ItemPath(BaseModel):
    """Which item."""

    item_id: int = Field(ge=1, le=2**31 - 1, description="The item's id.")


@blueprint.get("/items", responses={200: Rows})
def list_items(query: ItemsQuery) -> Response:
    """Items, a page at a time; the Link header leads to the next."""

    def make() -> list[dict[str, Any]]:
        try:
            return listing.page(services().database, **query.model_dump())
        except listing.CursorError as error:
            abort(400, f"cursor: {error}")

    def link(rows: list[dict[str, Any]]) -> str | None:
        if len(rows) < query.limit:
            return None
        following = query.model_dump(exclude_none=True) | {"cursor": listing.cursor_after(rows[-1], query.sort)}
        return f'<{request.path}?{urlencode(following)}>; rel="next"'

    return answer(make, links=link)


@blueprint.get("/items/<int:item_id>", responses={200: Row})
def get_item(path: ItemPath) -> Response:
    """One item, with the newest quote of each of its sources."""

    def make() -> dict[str, Any]:
        database = services().database
        item = items.one(database, path.item_id)
        if item is None:
            abort(404, f"there is no item {path.item_id}")
        return {**item, "prices": items.latest(database, path.item_id)}

    return answer(make)


def require_source(item_id: int, source: str) -> None:
    """Answer 404 where there is no such item, 400 where a source that a client names has no quotes of it."""
    try:
        history.check_source(services().database, item_id, source)
    except history.UnknownSourceError as error:
        abort(error.status, str(error))
