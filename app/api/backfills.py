"""Backfills: the instance's owner puts the loading of a past into the queue."""

import io
from collections.abc import Callable
from datetime import UTC, datetime

from flask import Response, abort, request
from flask_openapi3 import APIBlueprint, Tag

from app.accounts.owner import is_instance_owner
from app.api.owner import owner
from app.api.tasks import PRIVATE, accept
from app.candles.backfills import CandleOrder, OrderError, PriceOrder, start_candles, start_prices
from app.runtime import services
from app.schemas import Row
from db.core.pool import Database

blueprint = APIBlueprint(
    "backfills", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="operations")], abp_responses=PRIVATE
)


@blueprint.post("/backfills/prices", responses={202: Row})
def load_prices(query: PriceOrder) -> Response:
    """A price-history file as the request's body: CSV, CSV.gz or Steam's JSON; for who owns the instance."""
    data = request.get_data(cache=False)
    if not data:
        abort(400, "the body must be the file")
    return _start(lambda database, user_id: start_prices(database, query, io.BytesIO(data), user_id))


@blueprint.post("/backfills/candles", responses={202: Row})
def load_candles(body: CandleOrder) -> Response:
    """Candles of pairs, from their exchange; for who owns the instance."""
    return _start(lambda database, user_id: start_candles(database, body, datetime.now(UTC), user_id))


def _start(start: Callable[[Database, int], int]) -> Response:
    user_id = owner(write=True)
    database = services().database
    if not is_instance_owner(database, user_id):
        abort(403, "only who owns this instance loads a past into it")
    try:
        task_id = start(database, user_id)
    except OrderError as error:
        abort(400, str(error))
    return accept(task_id)
