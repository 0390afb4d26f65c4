"""Edges: items bought at one source and sold at another, net of fees, with the risk of the days in between."""

from datetime import UTC, datetime
from typing import Any, Literal

from flask import Response, abort
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from app.api.items import ItemPath
from app.api.replies import answer
from app.items.edges import find
from app.items.edges.query import Query as EdgeQuery
from app.portfolio.importer import fees_of
from app.providers.markets import MARKETS, main
from app.runtime import services
from app.schemas import GREATEST, NO_NUL, PROBLEMS, Query, Row

blueprint = APIBlueprint("edges", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="items")], abp_responses=PROBLEMS)

DAY = 86_400
Sort = Literal[
    "net_spread", "-net_spread", "profit", "-profit", "chance_of_loss", "-chance_of_loss", "worst_case", "-worst_case",
    "sales_per_day", "-sales_per_day",
]  # fmt: skip


class EdgeAge(Query):
    """How old a price may be."""

    max_age: int = Field(DAY, ge=1, le=366 * DAY, description="Seconds; an older price on either side is a stale one.")


class EdgesQuery(EdgeAge):
    """Which pairs of sources, in which order."""

    market: Literal["steam:730", "binance:spot"] | None = Field(
        None, description="CS2 items, or the pairs where an instance collects them alone, where none is named."
    )
    buy: str = Field("", max_length=64, pattern=NO_NUL, description="The source where one buys.")
    sell: str = Field("", max_length=64, pattern=NO_NUL, description="The source where one sells.")
    min_spread: float = Field(0, ge=0, le=GREATEST, allow_inf_nan=False, description="Net spread in percent, at least.")
    max_loss: float | None = Field(None, ge=0, le=100, allow_inf_nan=False, description="Chance of a loss in percent.")
    min_price: float | None = Field(
        None, ge=0, le=GREATEST, allow_inf_nan=False, description="Cost in whole units of the market's currency."
    )
    gated: bool = Field(default=False, description="Also what a stale price or a single listing keeps out.")
    sort: Sort = Field("-net_spread", description="A figure; a minus puts the greatest first.")
    start: int = Field(0, ge=0, le=10**7, description="The first row.")
    limit: int = Field(100, ge=1, le=500, description="At most so many rows.")


@blueprint.get("/edges", responses={200: Row})
def get_edges(query: EdgesQuery) -> Response:
    """Rows `start` to `start + limit` of the pairs that are asked for, and how many there are in all."""

    def make() -> dict[str, Any]:
        held = services()
        market = MARKETS[query.market] if query.market else main(held.settings)
        asked = EdgeQuery(
            **query.model_dump(exclude={"market", "sort", "start", "limit"}),
            sort=query.sort.removeprefix("-"),
            descending=query.sort.startswith("-"),
        )
        page = (query.start, query.start + query.limit)
        return find.find(held.database, market, fees_of(held.settings), asked, datetime.now(UTC), page=page)

    return answer(make)


@blueprint.get("/edges/<int:item_id>", responses={200: Row})
def get_item_edges(path: ItemPath, query: EdgeAge) -> Response:
    """Every pair of sources of one item, those too that lose or that a gate names, and the quotes that are never used."""

    def make() -> dict[str, Any]:
        held = services()
        found = find.of_item(
            held.database, path.item_id, fees_of(held.settings), datetime.now(UTC), max_age=query.max_age
        )
        if found is None:
            abort(404, f"there is no item {path.item_id}")
        return found

    return answer(make)
