"""Screener: items searched, filtered and sorted, a block of rows at a time."""

from typing import Annotated, Literal, Self

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field, model_validator

from app.api.replies import answer, encode
from app.items import rows as item_rows
from app.items.screener import table
from app.runtime import services
from app.schemas import GREATEST, NO_NUL, PROBLEMS, Query, Row

blueprint = APIBlueprint(
    "screener", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="items")], abp_responses=PROBLEMS
)

MOST_ROWS = 500
KINDS = ("regular", "stattrak", "souvenir")
Limit = Annotated[float | None, Field(ge=-GREATEST, le=GREATEST, allow_inf_nan=False)]


class Screen(Query):
    """Which items, in which order."""

    q: str = Field("", max_length=200, pattern=NO_NUL, description="Words of the name, in any order.")
    type: str = Field("", max_length=1000, pattern=NO_NUL, description="Types of item, separated by commas.")
    wear: str = Field("", max_length=200, pattern=NO_NUL, description="Wears, separated by commas.")
    rarity: str = Field("", max_length=500, pattern=NO_NUL, description="Rarities, separated by commas.")
    source: str = Field("", max_length=1000, pattern=NO_NUL, description="Sources of the price, separated by commas.")
    kind: str = Field("", max_length=100, description="`regular`, `stattrak`, `souvenir`, separated by commas.")
    price_min: Limit = Field(None, description="In whole units of the item's currency.")
    price_max: Limit = Field(None, description="In whole units of the item's currency.")
    change_min: Limit = Field(None, description="In percent of the window.")
    change_max: Limit = Field(None, description="In percent of the window.")
    volume_min: Limit = Field(None, description="Sales in the last 24 hours.")
    window: Literal["24h", "7d", "30d"] = Field("24h", description="Measures are computed per window.")
    sort: str = Field("-turnover", max_length=64, description="A column; a minus turns the order.")

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.sort.removeprefix("-") not in table.SORTS:
            raise ValueError(f"sort: {self.sort!r} is none of {', '.join(table.SORTS)}")
        if unknown := set(_parts(self.kind)) - set(KINDS):
            raise ValueError(f"kind: {min(unknown)!r} is none of {', '.join(KINDS)}")
        return self


class ScreenerQuery(Screen):
    """The same, and which of the rows."""

    start: int = Field(0, ge=0, le=10**7, description="The first row.")
    limit: int = Field(100, ge=1, le=MOST_ROWS, description="At most so many rows.")


class RowsQuery(Query):
    """Which items."""

    ids: str = Field(
        min_length=1,
        max_length=6_000,
        pattern=r"^[1-9]\d{0,9}(,[1-9]\d{0,9})*$",
        description="Numbers of items, separated by commas.",
    )
    window: Literal["24h", "7d", "30d"] = Field("24h", description="Measures are computed per window.")

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if len(self.numbers) > MOST_ROWS:
            raise ValueError(f"ids: more than {MOST_ROWS}")
        if max(self.numbers) >= 2**31:
            raise ValueError("ids: no item has such a number")
        return self

    @property
    def numbers(self) -> list[int]:
        """Numbers of the items."""
        return [int(number) for number in self.ids.split(",")]


@blueprint.get("/screener", responses={200: Row})
def get_screener(query: ScreenerQuery) -> Response:
    """Rows `start` to `start + limit` of what is asked for, and how many there are in all."""

    def make() -> bytes:
        found = table.of(services().database).block(as_query(query), query.start, query.start + query.limit)
        return b'{"total":%d,"rows":%s}' % (found.total, found.rows)

    return answer(make)


@blueprint.get("/screener/items", responses={200: Row})
def get_screener_items(query: RowsQuery) -> Response:
    """The same rows of chosen items, pairs of exchanges too, in their order; those that there are not are left out."""

    def make() -> bytes:
        return encode({"rows": item_rows.of_items(services().database, query.numbers, query.window)})

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
