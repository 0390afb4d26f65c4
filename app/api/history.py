"""An item's past."""

from typing import Any, Literal

from flask import Response, abort
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from app.api.items import ItemPath
from app.api.replies import PROBLEMS, Query, Rows, answer
from app.runtime import services
from db import history

blueprint = APIBlueprint(
    "history", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="items")], abp_responses=PROBLEMS
)


class HistoryQuery(Query):
    """How much of it."""

    window: Literal["1h", "24h", "7d", "30d", "all"] = Field(
        "24h", description="Up to a day every quote, beyond it hourly closes."
    )
    source: str | None = Field(
        None, max_length=64, description="Whose quotes; the reference source's where none is named."
    )
    limit: int = Field(5000, ge=1, le=20000, description="At most so many points, the newest ones.")


@blueprint.get("/items/<int:item_id>/history", responses={200: Rows})
def get_history(path: ItemPath, query: HistoryQuery) -> Response:
    """Quotes of one source, oldest first."""

    def make() -> list[dict[str, Any]]:
        try:
            return history.points(services().database, path.item_id, query.window, query.source, query.limit)
        except history.UnknownSourceError as error:
            abort(error.status, str(error))

    return answer(make)
