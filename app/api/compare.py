"""Comparison of several items and pairs."""

from datetime import UTC, datetime
from typing import Any, Literal, Self

from flask import Response, abort
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field, model_validator

from app.api.replies import answer
from app.compare.comparison import MOST, as_json, compare
from app.runtime import services
from app.schemas import PROBLEMS, Query, Row
from db.items import items

blueprint = APIBlueprint(
    "compare", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="measures")], abp_responses=PROBLEMS
)


class CompareQuery(Query):
    """Which, and how far back."""

    ids: str = Field(
        min_length=1,
        max_length=11 * MOST,
        pattern=r"^[1-9]\d{0,9}(,[1-9]\d{0,9})*$",
        description=f"Numbers of items and pairs, separated by commas, {MOST} at most.",
    )
    window: Literal["24h", "7d", "30d", "90d", "1y"] = Field(
        "30d", description="Closes of hours up to 30d, else of days."
    )

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if len(self.numbers) > MOST:
            raise ValueError(f"ids: more than {MOST}")
        if max(self.numbers) >= 2**31:
            raise ValueError("ids: no item has such a number")
        return self

    @property
    def numbers(self) -> list[int]:
        """Numbers of the items, each once."""
        return list(dict.fromkeys(int(number) for number in self.ids.split(",")))


@blueprint.get("/compare", responses={200: Row})
def get_comparison(query: CompareQuery) -> Response:
    """Items rebased to 100 at the first moment that all have, with their figures and correlations; null where there is too little."""
    return answer(lambda: _comparison(query))


def _comparison(query: CompareQuery) -> dict[str, Any]:
    database = services().database
    known = {row["id"] for row in items.units(database, ids=query.numbers)}
    if missing := [number for number in query.numbers if number not in known]:
        abort(404, f"there is no item {missing[0]}")
    return as_json(compare(database, query.numbers, query.window, datetime.now(UTC)))
