"""History: quotes of an item over time."""

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import orjson
from flask import Response, abort
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from app.api.items import ItemPath
from app.api.replies import answer
from app.runtime import services
from app.schemas import PROBLEMS, Query, Rows
from db.quotes import history

blueprint = APIBlueprint(
    "history", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="items")], abp_responses=PROBLEMS
)

NUMPY = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z


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

    def make() -> bytes:
        try:
            found = history.points(services().database, path.item_id, query.window, query.source, query.limit)
        except history.UnknownSourceError as error:
            abort(error.status, str(error))
        return encode_points(found)

    return answer(make)


def encode_points(points: history.Points) -> bytes:
    """The contract's JSON, put together by column: a long history has 20,000 points."""
    if not len(points):
        return b"[]"
    volume = [b"null" if text == b"-1" else text for text in _texts(points.volume)]
    columns = [
        (b'{"time":', _texts(points.time.astype("datetime64[us]"))),
        (b',"price":', _texts(points.price)),
        (b',"volume":', volume),
    ]
    end = b',"source":' + orjson.dumps(points.source) + b"},"
    width = 2 * len(columns) + 1
    parts = [end] * (width * len(points))
    for at, (name, texts) in enumerate(columns):
        parts[2 * at :: width] = [name] * len(points)
        parts[2 * at + 1 :: width] = texts
    return b"[" + b"".join(parts)[:-1] + b"]"


def _texts(values: npt.NDArray[Any]) -> list[bytes]:
    """Each value as JSON."""
    return orjson.dumps(np.ascontiguousarray(values), option=NUMPY)[1:-1].split(b",")
