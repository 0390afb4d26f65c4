"""Analysis of an item: distribution, volatility cone, drawdown, seasonality and autocorrelation of its returns."""

from datetime import UTC, datetime
from typing import Any, Literal

from flask import Response, abort
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from app.api.items import ItemPath, require_source
from app.api.replies import answer
from app.research.item_analysis import analyse, as_json, nothing
from app.runtime import services
from app.schemas import NO_NUL, PROBLEMS, Query, Row
from db.items import items

blueprint = APIBlueprint(
    "item_analysis", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="measures")], abp_responses=PROBLEMS
)


class AnalysisQuery(Query):
    """Whose closes, and how far back."""

    span: Literal["90d", "1y", "all"] = Field("1y", description="Days that are over, in UTC.")
    source: str | None = Field(
        None, max_length=64, pattern=NO_NUL, description="Whose quotes; the reference source's where none is named."
    )


@blueprint.get("/items/<int:item_id>/analysis", responses={200: Row})
def get_analysis(path: ItemPath, query: AnalysisQuery) -> Response:
    """What the closes of one source show of an item's returns; null where there are too few."""
    return answer(lambda: _analysis(path.item_id, query))


def _analysis(item_id: int, query: AnalysisQuery) -> dict[str, Any]:
    database = services().database
    item = next(iter(items.units(database, ids=[item_id])), None)
    if item is None:
        abort(404, f"there is no item {item_id}")
    source = query.source or item["reference_source"]
    if query.source is not None:
        require_source(item_id, query.source)
    found = analyse(database, item, source, query.span, datetime.now(UTC)) if source else None
    return {"item_id": item_id} | (nothing(source, query.span) if found is None else as_json(found))
