"""Polling: how often each provider reads an item, and how it spends its requests."""

from datetime import UTC, datetime
from typing import Any

from flask import Response, abort
from flask_openapi3 import APIBlueprint, Tag

from app.api.items import ItemPath
from app.api.replies import answer
from app.items import polling as item_polls
from app.runtime import services
from app.schemas import PROBLEMS, Row, Rows
from db.items import items
from db.operations import polling

blueprint = APIBlueprint(
    "polling", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="items")], abp_responses=PROBLEMS
)


@blueprint.get("/items/<int:item_id>/polling", responses={200: Row})
def get_item_polling(path: ItemPath) -> Response:
    """How often each provider reads an item, when next, and why."""

    def make() -> dict[str, Any]:
        database = services().database
        if items.one(database, path.item_id) is None:
            abort(404, f"there is no item {path.item_id}")
        sources = [quote["source"] for quote in items.latest(database, path.item_id)]
        found = item_polls.of_item(database, path.item_id, sources, datetime.now(UTC))
        polls = [{"provider": one.provider, "every": one.every, "next": one.next, "why": one.why} for one in found]
        return {"item_id": path.item_id, "polls": polls}

    return answer(make)


@blueprint.get("/polling", responses={200: Rows})
def get_polling() -> Response:
    """Plans of providers that are asked for single items, by name."""
    return answer(lambda: polling.plans(services().database))
