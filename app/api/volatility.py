"""Volatility: an item's measures."""

from typing import Any, Literal

from flask import Response, abort
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from app.analytics import WINDOWS, base_reach
from app.api.items import ItemPath, require_source
from app.api.replies import answer
from app.runtime import services
from app.schemas import PROBLEMS, Query, Row
from db.items import items, measures

blueprint = APIBlueprint(
    "volatility", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="measures")], abp_responses=PROBLEMS
)

OTHERS = ("percent_b", "bandwidth", "return_volatility", "trend_slope", "trend_score", "trend_r2", "sharpe", "max_drawdown",
          "ewma_volatility", "parkinson", "atr")  # fmt: skip


class VolatilityQuery(Query):
    """Over which window."""

    window: Literal["1h", "24h", "7d", "30d"] = Field("24h", description="Measures are computed per window.")
    source: str | None = Field(
        None, max_length=64, description="Whose quotes; the reference source's where none is named."
    )


@blueprint.get("/items/<int:item_id>/volatility", responses={200: Row})
def get_volatility(path: ItemPath, query: VolatilityQuery) -> Response:
    """The measures of one source in one window; null where there were too few closes."""

    def make() -> dict[str, Any]:
        database = services().database
        row = measures.of_item(database, path.item_id, query.window, query.source)
        if row is None:
            _explain(path.item_id, query.source)
        return shape(path.item_id, query.window, row or {})

    return answer(make)


def _explain(item_id: int, source: str | None) -> None:
    """Tell what was never measured, which is no error, from what does not exist."""
    database = services().database
    if items.one(database, item_id) is None:
        abort(404, f"there is no item {item_id}")
    if source is not None:
        require_source(item_id, source)


def shape(item_id: int, window: str, row: dict[str, Any]) -> dict[str, Any]:
    """The contract's form; an item that was never measured has 0 samples and nothing else."""
    return {
        "item_id": item_id,
        "window": window,
        "source": row.get("source"),
        **_figures(row),
        "outliers": row.get("outliers") or [],
        "unscreened": _figures(row["unscreened"]) if row.get("unscreened") else None,
        "percent_change_reason": no_change(window, row),
        "as_of": row.get("as_of"),
        "computed_at": row.get("computed_at"),
    }


def no_change(window: str, row: dict[str, Any]) -> str | None:
    """Why `percent_change` is null; None where it is known."""
    if row.get("percent_change") is not None:
        return None
    days = f"{base_reach(WINDOWS[window].seconds) / 86_400:.0f} days"
    samples = row.get("samples", 0)
    if samples == 0:
        return "no closes in the window"
    if samples == 1:
        return f"one close, and none in the {days} before the window"
    return f"the last close before the window is more than {days} older than its begin"


def _figures(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "rolling_stddev": row.get("rolling_stddev"),
        "percent_change": row.get("percent_change"),
        "bollinger": {edge: row.get(f"bollinger_{edge}") for edge in ("upper", "middle", "lower")},
        "coefficient_of_variation": row.get("coefficient_of_variation"),
        **{name: row.get(name) for name in OTHERS},
        "samples": row.get("samples", 0),
        "coverage": row.get("coverage", 0.0),
    }
