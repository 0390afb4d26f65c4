"""Screener: items searched, filtered and sorted, a block of rows at a time."""

from math import isfinite
from typing import Annotated, Literal, Self

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import AfterValidator, Field, model_validator

from app.api.replies import answer
from app.items.screener import table
from app.runtime import services
from app.schemas import PROBLEMS, Query, Row

blueprint = APIBlueprint(
    "screener", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="items")], abp_responses=PROBLEMS
)

MOST_ROWS = 500
KINDS = ("regular", "stattrak", "souvenir")


def _finite(value: float | None) -> float | None:
    if value is not None and not isfinite(value):
        raise ValueError("not a finite number")
    return value


Limit = Annotated[float | None, AfterValidator(_finite)]


class ScreenerQuery(Query):
    """Which items, in which order, which of their rows."""

    q: str = Field("", max_length=200, description="Words of the name, in any order.")
    type: str = Field("", max_length=1000, description="Types of item, separated by commas.")
    wear: str = Field("", max_length=200, description="Wears, separated by commas.")
    rarity: str = Field("", max_length=500, description="Rarities, separated by commas.")
    source: str = Field("", max_length=1000, description="Sources of the price, separated by commas.")
    kind: str = Field("", max_length=100, description="`regular`, `stattrak`, `souvenir`, separated by commas.")
    price_min: Limit = Field(None, description="In whole units of the item's currency.")
    price_max: Limit = Field(None, description="In whole units of the item's currency.")
    change_min: Limit = Field(None, description="In percent of the window.")
    change_max: Limit = Field(None, description="In percent of the window.")
    volume_min: Limit = Field(None, description="Sales in the last 24 hours.")
    window: Literal["24h", "7d", "30d"] = Field("24h", description="Measures are computed per window.")
    sort: str = Field("-turnover", max_length=64, description="A column; a minus turns the order.")
    start: int = Field(0, ge=0, le=10**7, description="The first row.")
    limit: int = Field(100, ge=1, le=MOST_ROWS, description="At most so many rows.")

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.sort.removeprefix("-") not in table.SORTS:
            raise ValueError(f"sort: {self.sort!r} is none of {', '.join(table.SORTS)}")
        if unknown := set(_parts(self.kind)) - set(KINDS):
            raise ValueError(f"kind: {min(unknown)!r} is none of {', '.join(KINDS)}")
        return self


@blueprint.get("/screener", responses={200: Row})
def get_screener(query: ScreenerQuery) -> Response:
    """Rows `start` to `start + limit` of what is asked for, and how many there are in all."""

    def make() -> bytes:
        found = table.of(services().database).block(as_query(query), query.start, query.start + query.limit)
        return b'{"total":%d,"rows":%s}' % (found.total, found.rows)

    return answer(make)


def as_query(query: ScreenerQuery) -> table.Query:
    """The address's question as the screener's."""
    return table.Query(
        search=query.q,
        weapon_type=_parts(query.type),
        wear=_parts(query.wear),
        rarity=_parts(query.rarity),
        source=_parts(query.source),
        price_min=query.price_min,
        price_max=query.price_max,
        change_min=query.change_min,
        change_max=query.change_max,
        volume_min=query.volume_min,
        kinds=tuple(sorted(set(_parts(query.kind)))),
        window=query.window,
        sort=query.sort.removeprefix("-"),
        descending=query.sort.startswith("-"),
    )


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(",") if part)
