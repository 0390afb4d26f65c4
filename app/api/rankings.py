"""Rankings, read from Redis' sorted sets; where Redis is down, from the stored measures."""

from dataclasses import asdict
from typing import Any, Literal, get_args

import redis
import structlog
from flask import Response, abort
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from app.analytics import WINDOWS, gate_of
from app.api.replies import answer
from app.providers.markets import MARKETS, main
from app.runtime import services
from app.schemas import PROBLEMS, Query, Rows
from db.items import rankings_cache
from db.items.rankings import MarketWindow

log = structlog.get_logger(__name__)

blueprint = APIBlueprint(
    "rankings", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="measures")], abp_responses=PROBLEMS
)

Metric = Literal[
    "return_volatility", "rolling_stddev", "percent_change", "trend_score", "trend_slope", "trend_r2", "coefficient_of_variation", "sharpe",
    "max_drawdown", "ewma_volatility", "parkinson", "atr", "bandwidth", "percent_b", "volume",
]  # fmt: skip


class RankingQuery(Query):
    """Which part of it."""

    window: Literal["1h", "24h", "7d", "30d"] = Field("24h", description="Measures are computed per window.")
    order: Literal["desc", "asc"] = Field("desc", description="Greatest or least first.")
    limit: int = Field(50, ge=1, le=500, description="At most so many items.")
    market: Literal["steam:730", "binance:spot"] | None = Field(
        None,
        description="Each market is ranked alone. Where none is named: CS2 items, or the pairs where an instance collects them alone.",
    )


class VolatileQuery(RankingQuery):
    """The same, by a measure of choice."""

    metric: Metric = Field("return_volatility", description="What is ranked.")


class RankingPath(BaseModel):
    """Which ranking."""

    metric: str = Field(max_length=64, description="A measure's name.")


@blueprint.get("/rankings/volatile", responses={200: Rows})
def get_volatile(query: VolatileQuery) -> Response:
    """The most volatile items that pass the gate."""
    return answer(lambda: ranking(query.metric, query))


@blueprint.get("/rankings/<string:metric>", responses={200: Rows})
def get_ranking(path: RankingPath, query: RankingQuery) -> Response:
    """Items by a measure, without what its gate keeps out."""
    if path.metric not in get_args(Metric):
        abort(404, f"there is no ranking {path.metric!r}; allowed: volatile, {', '.join(get_args(Metric))}")
    return answer(lambda: ranking(path.metric, query))


def ranking(metric: str, query: RankingQuery) -> list[dict[str, Any]] | bytes:
    """The contract's rows, or their JSON."""
    held = services()
    market = MARKETS[query.market] if query.market else main(held.settings)
    days = WINDOWS[query.window].seconds / 86_400
    scope = MarketWindow(market.id, query.window, days, pairs=market.quotes == "exchange")
    asked = rankings_cache.RankingQuery(metric, scope, query.order == "desc", query.limit)
    try:
        return rankings_cache.from_redis(held.redis, held.database, asked)
    except redis.RedisError as error:
        log.warning("ranking read from PostgreSQL: Redis does not answer", error=str(error))
        return rankings_cache.from_database(held.database, asked, asdict(gate_of(metric, market.quotes)))
