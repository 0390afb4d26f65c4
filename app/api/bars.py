"""Bars of items by column, for research on another machine."""

from typing import Any, Literal

from flask import Response, abort
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from app.api.items import ItemPath
from app.api.replies import answer
from app.research.sources.base import PRICES, DataError
from app.research.sources.database import DatabaseSource, check_source
from app.runtime import services
from app.schemas import NO_NUL, PROBLEMS, Query
from app.schemas import Row as Object
from app.times import Time
from db.items import items

blueprint = APIBlueprint("bars", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="items")], abp_responses=PROBLEMS)

MAX_BARS = 20_000


class BarsQuery(Query):
    """Which of them."""

    interval: Literal["1h", "1d", "1w"] = Field(
        "1d", description="Width of a bar; days are UTC's, weeks begin on Monday."
    )
    source: str | None = Field(
        None, max_length=64, pattern=NO_NUL, description="Whose quotes; the reference source's where none is named."
    )
    since: Time | None = Field(None, alias="from", description="Earliest beginning of a bar.")
    until: Time | None = Field(None, alias="to", description="Beginnings before this one.")
    limit: int = Field(MAX_BARS, ge=1, le=MAX_BARS, description="At most so many, the newest ones.")


@blueprint.get("/items/<int:item_id>/bars", responses={200: Object})
def get_bars(path: ItemPath, query: BarsQuery) -> Response:
    """Bars of one source by column, oldest first; those that are over."""
    return answer(lambda: _columns(path.item_id, query))


def _columns(item_id: int, query: BarsQuery) -> dict[str, Any]:
    database = services().database
    rows = items.units(database, ids=[item_id])
    if not rows:
        abort(404, f"there is no item {item_id}")
    if query.source is not None:
        try:
            check_source(database, item_id, query.source)
        except DataError as error:
            abort(400, str(error))
    source = DatabaseSource(database)
    found = next(source.of_items(rows, query.source, query.interval, query.since, query.until, query.limit), None)
    row = rows[0]
    about = {
        "item": row["market_hash_name"],
        "currency": row["currency"],
        "price_scale": row["price_scale"],
        "interval": query.interval,
    }
    names = ("time", *PRICES, "volume", "n")
    if found is None:
        return about | {"source": None, **{name: [] for name in names}}
    columns = {name: getattr(found, name).tolist() for name in names}
    columns["volume"] = [None if volume < 0 else volume for volume in columns["volume"]]
    return about | {"source": found.source, **columns}
