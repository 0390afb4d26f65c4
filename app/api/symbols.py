"""Symbols: pairs of exchange markets, their candles and newest prices."""

from threading import Lock
from typing import Any, Final, Literal

import numpy as np
from cachetools import TTLCache
from flask import Response, abort, current_app, jsonify
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from app.analytics.arrays import Ints
from app.api.replies import answer
from app.candles import series
from app.candles.datafeed import DAILY, PAIR_RESOLUTIONS
from app.candles.series import NoSourceError
from app.runtime import services
from app.schemas import NO_NUL, PROBLEMS, Query, Row, Rows
from db.candles import listed, read, symbols
from db.candles.columns import CandleColumns
from db.candles.listed import Listed
from db.candles.read import Span
from db.candles.symbols import Pair
from db.core.pool import Database
from db.items.markets import BINANCE_SPOT

blueprint = APIBlueprint(
    "symbols", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="candles")], abp_responses=PROBLEMS
)

KNOWN: Final = "tracera.pairs"
Interval = Literal["1m", "5m", "15m", "1h", "4h", "1d", "1w"]
SYMBOL = Field(
    min_length=1, max_length=64, pattern=NO_NUL, description="Symbol of a pair, such as BTCUSDT; case does not matter."
)


class SymbolPath(BaseModel):
    """Which pair."""

    symbol: str = SYMBOL


class SymbolsQuery(Query):
    """Of which market."""

    market: str = Field(BINANCE_SPOT, max_length=64, pattern=NO_NUL, description="An exchange market.")
    search: str = Field("", max_length=40, pattern=NO_NUL, description="Only symbols with this text in them.")
    listed: bool = Field(
        default=False,
        description="All that the exchange lists, exact matches first; `item_id` is null where nobody has opened a pair yet.",
    )
    limit: int = Field(500, ge=1, le=5_000, description="At most so many of those that are listed.")


class IntervalsQuery(Query):
    """Of which pair."""

    symbol: str = SYMBOL


class CandlesQuery(Query):
    """Which candles: the newest of those that open in [from, to)."""

    symbol: str = SYMBOL
    interval: Interval = Field("1h", description="Length of a candle.")
    limit: int = Field(500, ge=1, le=read.MAX_CANDLES, description="At most so many, the newest ones.")
    since: int | None = Field(
        None, alias="from", ge=0, le=10**13, description="Earliest open time, in milliseconds since 1970."
    )
    until: int | None = Field(None, alias="to", ge=0, le=10**13, description="Open times before this one, likewise.")


class BarsQuery(Query):
    """Which bars, in TradingView's terms."""

    resolution: Literal["1", "5", "15", "60", "240", "D", "1D", "W", "1W"] = Field(
        "60", description="Minutes, or D and W."
    )
    since: int | None = Field(
        None, alias="from", ge=0, le=10**10, description="Earliest open time, in seconds since 1970."
    )
    until: int | None = Field(None, alias="to", ge=0, le=10**10, description="Open times before this one, likewise.")


@blueprint.get("/symbols", responses={200: Rows})
def get_symbols(query: SymbolsQuery) -> Response:
    """Pairs of a market, by symbol."""

    def make() -> list[dict[str, Any]]:
        database, text = services().database, query.search.upper()
        if query.listed:
            return [_describe(pair) for pair in listed.search(database, query.market, text, query.limit)]
        return [_describe(pair) for pair in symbols.every(database, query.market) if text in pair.symbol]

    return answer(make)


@blueprint.post("/symbols/<string:symbol>", responses={200: Row})
def open_symbol(path: SymbolPath) -> Response:
    """Open a pair that an exchange lists: it becomes an item, and is streamed while somebody is subscribed to it; once is enough."""
    database = services().database
    pair = symbols.find(database, path.symbol)
    if pair is None and listed.adopt(database, path.symbol) is not None:
        pair = symbols.find(database, path.symbol)
    if pair is None:
        abort(404, f"no exchange lists {path.symbol!r}; /api/v1/symbols?listed=true says what there is")
    return jsonify(_describe(pair))


@blueprint.get("/intervals", responses={200: Row})
def get_intervals(query: IntervalsQuery) -> Response:
    """Intervals that hold candles, shortest first."""

    def make() -> dict[str, Any]:
        pair = find(query.symbol)
        found = read.intervals(services().database, pair.item_id, pair.source) if pair.source else []
        return {"symbol": pair.symbol, "intervals": found}

    return answer(make)


@blueprint.get("/candles", responses={200: Row})
def get_candles(query: CandlesQuery) -> Response:
    """Candles in minor units, oldest first; the last one is unfinished while it runs (`finished` says so)."""

    def make() -> dict[str, Any]:
        pair, held = find_traded(query.symbol), services()
        span = Span(seconds(query.since), seconds(query.until), query.limit)
        found = series.load(held.database, held.redis, pair, query.interval, span)
        return {
            "symbol": pair.symbol,
            "interval": query.interval,
            "price_scale": pair.price_scale,
            "volume_scale": pair.volume_scale,
            "source": pair.source,
            "finished": found.is_finished(query.interval),
            "data": _rows(found.columns),
        }

    return answer(make)


@blueprint.get("/symbols/<string:symbol>/price", responses={200: Row})
def get_price(path: SymbolPath) -> Response:
    """The newest price with bid and ask, in minor units; volume of the last 24 hours."""

    def make() -> dict[str, Any]:
        pair = find(path.symbol)
        row = symbols.ticker(services().database, pair.item_id)
        if row is None:
            abort(404, f"{pair.symbol} has no price yet")
        return {
            "symbol": pair.symbol,
            "price": row["price"],
            "bid": row["bid"],
            "ask": row["ask"],
            "volume": row["volume"],
            "timestamp": row["time"],
            "price_scale": pair.price_scale,
            "volume_scale": pair.volume_scale,
            "source": row["source"],
        }

    return answer(make)


@blueprint.get("/symbols/<string:symbol>/bars", responses={200: Row})
def get_bars(path: SymbolPath, query: BarsQuery) -> Response:
    """Bars as TradingView's charts take them: times in milliseconds, prices and volume as decimal numbers."""

    def make() -> dict[str, Any]:
        pair, held = find_traded(path.symbol), services()
        span = Span(query.since, query.until, read.MAX_CANDLES)
        interval = PAIR_RESOLUTIONS[DAILY.get(query.resolution, query.resolution)]
        found = series.candles(held.database, held.redis, pair, interval, span)
        return {"bars": [bar(pair, row) for row in found.rows()]}

    return answer(make)


class KnownPairs:
    """Pairs that have a source, kept for a second: nearly every request for candles begins with one."""

    def __init__(self) -> None:
        self._kept: TTLCache[str, Pair] = TTLCache(5_000, 1.0)
        self._lock = Lock()

    def find(self, database: Database, symbol: str) -> Pair | None:
        """The pair of a symbol; None where there is none."""
        with self._lock:
            known = self._kept.get(symbol)
        if known is None and (known := symbols.find(database, symbol)) and known.source:
            with self._lock:
                self._kept[symbol] = known
        return known


def find(symbol: str) -> Pair:
    """The pair of a symbol, or 404."""
    known: KnownPairs = current_app.extensions.setdefault(KNOWN, KnownPairs())
    pair = known.find(services().database, symbol)
    if pair is None:
        abort(404, f"there is no symbol {symbol!r}; /api/v1/symbols lists what there is")
    return pair


def find_traded(symbol: str) -> Pair:
    """The pair of a symbol that somebody gives candles of, or 404."""
    pair = find(symbol)
    try:
        series.source_of(pair)
    except NoSourceError as error:
        abort(404, str(error))
    return pair


def bar(pair: Pair, row: tuple[int, ...]) -> dict[str, Any]:
    """One candle in decimal numbers."""
    time, *prices, volume, _ = row
    names = ("open", "high", "low", "close")
    decimal = {name: price / pair.price_scale for name, price in zip(names, prices, strict=True)}
    return {"time": time * 1000, **decimal, "volume": volume / pair.volume_scale}


def seconds(milliseconds: int | None) -> int | None:
    """The first whole second at that moment or after."""
    return None if milliseconds is None else -(-milliseconds // 1000)


def _rows(found: CandleColumns) -> Ints:
    """Candles (n, 6) with their open times in milliseconds."""
    columns = (1000 * found.open_time, found.open, found.high, found.low, found.close, found.volume)
    return np.column_stack(columns)


def _describe(pair: Pair | Listed) -> dict[str, Any]:
    return {
        "symbol": pair.symbol,
        "name": f"{pair.base_currency} / {pair.quote_currency}",
        "market": pair.market,
        "base_currency": pair.base_currency,
        "quote_currency": pair.quote_currency,
        "price_scale": pair.price_scale,
        "volume_scale": pair.volume_scale,
        "min_notional": pair.min_notional,
        "is_active": pair.status == "trading",
        "status": pair.status,
        "source": pair.source,
        "item_id": pair.item_id,
    }
