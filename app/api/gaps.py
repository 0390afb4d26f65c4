"""Gaps of an item's history and outages of providers, with their causes."""

from datetime import UTC, datetime
from typing import Any, Literal

from flask import Response, abort
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from app.api.items import ItemPath, require_source
from app.api.replies import answer
from app.items import gaps
from app.runtime import services
from app.schemas import NO_NUL, PROBLEMS, Query, Rows
from app.schemas import Row as Object
from db.items import items
from db.operations import outages
from db.quotes import candles
from db.quotes.gaps import Gap

blueprint = APIBlueprint("gaps", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="items")], abp_responses=PROBLEMS)


class GapsQuery(Query):
    """Of which bars."""

    window: Literal["24h", "7d", "30d", "1y", "all"] = Field("30d", description="As of an item's chart.")
    source: str | None = Field(
        None, max_length=64, pattern=NO_NUL, description="Whose quotes; the reference source's where none is named."
    )


class OutagesQuery(Query):
    """How many of them."""

    limit: int = Field(50, ge=1, le=500, description="At most so many, the newest ones.")


@blueprint.get("/items/<int:item_id>/gaps", responses={200: Object})
def get_gaps(path: ItemPath, query: GapsQuery) -> Response:
    """Times in which a source said nothing of the item although it used to, oldest first."""
    return answer(lambda: _gaps(path.item_id, query))


@blueprint.get("/outages", responses={200: Rows})
def get_outages(query: OutagesQuery) -> Response:
    """Times in which a provider gave nothing, newest first."""
    return answer(lambda: outages.newest(services().database, query.limit))


def _gaps(item_id: int, query: GapsQuery) -> dict[str, Any]:
    database, now = services().database, datetime.now(UTC)
    rows = items.units(database, ids=[item_id])
    if not rows:
        abort(404, f"there is no item {item_id}")
    source = query.source or rows[0]["reference_source"]
    about = {"item_id": item_id, "source": source, "window": query.window}
    if source is None:
        return about | {"interval": None, "gaps": []}
    if query.source is not None:
        require_source(item_id, source)
    found = candles.window_candles(database, item_id, source, query.window, now, lead=gaps.LEAD)
    rows = [_row(gap, now) for gap in gaps.of_chart(database, found, source, now)]
    return about | {"interval": found.interval, "gaps": rows}


def _row(gap: Gap, now: datetime) -> dict[str, Any]:
    end = now.timestamp() if gap.until is None else gap.until
    return {
        "from": datetime.fromtimestamp(gap.since, UTC),
        "to": None if gap.until is None else datetime.fromtimestamp(gap.until, UTC),
        "seconds": int(end) - gap.since,
        "cause": gap.cause,
        "detail": gap.detail,
    }
