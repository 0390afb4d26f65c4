"""Overlays of a chart: indicators and price levels, of pairs and of items."""

import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Literal

from flask import Response, abort
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field

from app.analytics.arrays import Ints, nullable
from app.analytics.indicators import IndicatorRequest, ParameterError, UnknownIndicatorError
from app.api.items import ItemPath
from app.api.replies import answer
from app.api.symbols import Interval, SymbolPath, find_traded, seconds
from app.candles import overlays
from app.runtime import services
from app.schemas import NO_NUL, PROBLEMS, Query, Row
from db.candles import symbols
from db.candles.read import Span
from db.items import items

blueprint = APIBlueprint(
    "overlays", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="candles")], abp_responses=PROBLEMS
)

MAX_NAMES = 16
NAMES = Field(
    min_length=1,
    max_length=400,
    description="Names of docs/indicators.md, separated by commas, each with values of its parameters in their order behind "
    "colons, as in ema:50,macd:12:26:9; what is not given has its default.",
)
SOURCE = Field(
    None, max_length=64, pattern=NO_NUL, description="Whose quotes; the reference source's where none is named."
)


class IndicatorsQuery(Query):
    """Which indicators of which candles."""

    name: str = NAMES
    interval: Interval = Field("1h", description="Length of a candle.")
    limit: int = Field(500, ge=1, le=5000, description="At most so many candles, the newest ones.")
    since: int | None = Field(None, alias="from", ge=0, le=10**13, description="As for candles.")
    until: int | None = Field(None, alias="to", ge=0, le=10**13, description="As for candles.")


class ItemIndicatorsQuery(Query):
    """Which indicators along which bars."""

    name: str = NAMES
    window: Literal["24h", "7d", "30d", "1y", "all"] = Field("30d", description="As the item's chart draws it.")
    source: str | None = SOURCE


class ItemLevelsQuery(Query):
    """Of whose quotes."""

    source: str | None = SOURCE


class LevelsQuery(Query):
    """Of which period."""

    period: Literal["day", "week", "month", "year"] = Field("day", description="A calendar period in UTC.")


@blueprint.get("/symbols/<string:symbol>/indicators", responses={200: Row})
def get_indicators(path: SymbolPath, query: IndicatorsQuery) -> Response:
    """Series aligned with the candles of the same question, in units; null where unknown."""

    def make() -> dict[str, Any]:
        pair, held = find_traded(path.symbol), services()
        requests = _requests(query.name)
        span = Span(seconds(query.since), seconds(query.until), query.limit)
        times, found = overlays.indicators(held.database, held.redis, pair, query.interval, requests, span)
        return {"symbol": pair.symbol, "interval": query.interval, **_columns(times, found)}

    return answer(make)


@blueprint.get("/items/<int:item_id>/indicators", responses={200: Row})
def get_item_indicators(path: ItemPath, query: ItemIndicatorsQuery) -> Response:
    """Series aligned with the bars of an item's chart, in units; null where unknown, and behind hours without a quote."""

    def make() -> dict[str, Any]:
        item, source = _item(path.item_id, query.source)
        requests, now = _requests(query.name), datetime.now(UTC)
        place = (path.item_id, item["price_scale"])
        times, found = overlays.item_indicators(services().database, place, source, query.window, requests, now)
        return {"item_id": path.item_id, "window": query.window, "source": source, **_columns(times, found)}

    return answer(make)


@blueprint.get("/items/<int:item_id>/levels", responses={200: Row})
def get_item_levels(path: ItemPath, query: ItemLevelsQuery) -> Response:
    """All price levels of an item or a pair at once: its all-time range, and the ranges of the UTC periods, in minor units."""

    def make() -> dict[str, Any]:
        held = services()
        pair = symbols.of_item(held.database, path.item_id)
        item, source = _item(path.item_id, query.source if pair is None else pair.source)
        if pair is not None:
            days, price = overlays.pair_days(held.database, held.redis, pair)
        else:
            days, price = overlays.item_days(held.database, path.item_id, source)
        if price is None:
            abort(404, f"{item['market_hash_name']} has no prices yet")
        extremes, ranges = overlays.every_level(days, price, int(time.time()))
        return {
            "item_id": path.item_id,
            "source": source,
            "price_scale": item["price_scale"],
            "all_time": None if extremes is None else asdict(extremes),
            "periods": {period: asdict(found) for period, found in ranges.items()},
        }

    return answer(make)


@blueprint.get("/symbols/<string:symbol>/enigma", responses={200: Row})
def get_enigma(path: SymbolPath) -> Response:
    """Where the price lies between all-time low (0) and high (100), with the Fibonacci levels, in minor units."""

    def make() -> dict[str, Any]:
        pair, held = find_traded(path.symbol), services()
        found = overlays.enigma(held.database, held.redis, pair)
        if found is None:
            abort(404, f"{pair.symbol} has no candles yet")
        return {"symbol": pair.symbol, **asdict(found), "price_scale": pair.price_scale, "source": pair.source}

    return answer(make)


@blueprint.get("/symbols/<string:symbol>/levels", responses={200: Row})
def get_levels(path: SymbolPath, query: LevelsQuery) -> Response:
    """High, low, open, middle and the price's place in a UTC period and in the one before, in minor units."""

    def make() -> dict[str, Any]:
        pair, held = find_traded(path.symbol), services()
        found = overlays.period_levels(held.database, held.redis, pair, query.period, int(time.time()))
        return {"symbol": pair.symbol, **asdict(found), "price_scale": pair.price_scale, "source": pair.source}

    return answer(make)


def _requests(text: str) -> list[IndicatorRequest]:
    """What is asked for, each once, or 400."""
    names = list(dict.fromkeys(name.strip() for name in text.split(",")))
    if len(names) > MAX_NAMES:
        abort(400, f"name: at most {MAX_NAMES} indicators")
    try:
        return [IndicatorRequest.parse(name) for name in names]
    except (UnknownIndicatorError, ParameterError) as error:
        abort(400, f"name: {error}")


def _item(item_id: int, source: str | None) -> tuple[Mapping[str, Any], str]:
    """An item and the source to read, its reference where none is named, or 404."""
    item = items.one(services().database, item_id)
    if item is None:
        abort(404, f"there is no item {item_id}")
    chosen = source or item["source"]
    if chosen is None:
        abort(404, f"nobody quotes {item['market_hash_name']} yet")
    return item, chosen


def _columns(times: Ints, found: overlays.Series) -> dict[str, Any]:
    made = {name: {part: nullable(values) for part, values in parts.items()} for name, parts in found.items()}
    return {"time": (times * 1000).tolist(), "indicators": made}
