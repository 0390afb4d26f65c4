"""UDF: TradingView's datafeed protocol over HTTP. Its client ignores the status: what went wrong stands in the answer."""

from typing import Any

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict, Field

from app.api.replies import answer, encode
from app.candles import datafeed
from app.candles.datafeed import DAILY, PAIR_RESOLUTIONS, Listed, UnknownSymbolError
from app.runtime import services
from app.schemas import NO_NUL, PROBLEMS, Row, Rows
from db.candles import read
from db.core import pool
from db.items.newest import newest

blueprint = APIBlueprint(
    "udf", __name__, url_prefix="/api/v1/udf", abp_tags=[Tag(name="candles")], abp_responses=PROBLEMS
)

LATEST = 10**11
FAILED = 400
MARKS = ("id", "time", "color", "text", "label", "labelFontColor", "minSize")


class UdfQuery(BaseModel):
    """Clients of many versions ask here: names that we do not know are ignored."""

    model_config = ConfigDict(extra="ignore")


class SymbolQuery(UdfQuery):
    """Which symbol."""

    symbol: str = Field(max_length=100, pattern=NO_NUL, description="Ticker, with or without `EXCHANGE:`.")


class SearchQuery(UdfQuery):
    """Which words."""

    query: str = Field("", max_length=200, pattern=NO_NUL, description="Words of the name, whatever their case.")
    type: str = Field("", max_length=20, pattern=NO_NUL, description="`crypto`, `skin`, or empty for both.")
    exchange: str = Field("", max_length=50, pattern=NO_NUL, description="`BINANCE`, `STEAM`, or empty for both.")
    limit: int = Field(30, ge=1, le=100, description="At most so many.")


class HistoryQuery(SymbolQuery):
    """Which bars."""

    resolution: str = Field("1D", max_length=5, pattern=NO_NUL, description="1, 5, 15, 60, 240, 1D, 1W or 1M.")
    since: int = Field(0, alias="from", ge=0, le=LATEST, description="Earliest open time in seconds.")
    until: int = Field(LATEST, alias="to", ge=0, le=LATEST, description="Open times before this one.")
    countback: int = Field(0, ge=0, le=LATEST, description="The newest so many bars before `to`; goes before `from`.")


class QuotesQuery(UdfQuery):
    """Which symbols."""

    symbols: str = Field(max_length=8000, pattern=NO_NUL, description="Tickers, separated by commas.")


@blueprint.after_request
def tell_errors(response: Response) -> Response:
    """Tell what went wrong as the protocol does: its client takes whatever has no `s` for an answer, whatever the status."""
    if response.status_code >= FAILED and response.is_json:
        problem = response.get_json()
        response.set_data(encode({**problem, "s": "error", "errmsg": problem["error"]}))
    return response


@blueprint.get("/config", responses={200: Row})
def get_config() -> Response:
    """What this datafeed can do."""
    return answer(
        lambda: {
            "supports_search": True,
            "supports_group_request": False,
            "supports_marks": True,
            "supports_timescale_marks": True,
            "supports_time": True,
            "supported_resolutions": list(PAIR_RESOLUTIONS),
            "exchanges": [_choice("", "All"), _choice("BINANCE", "Binance"), _choice("STEAM", "Steam")],
            "symbols_types": [_type("", "All"), _type("crypto", "Crypto"), _type("skin", "CS2 items")],
        }
    )


@blueprint.get("/time", responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}})
def get_time() -> Response:
    """The server's time in whole seconds, as plain text."""
    return Response(str(datafeed.now()), mimetype="text/plain", headers={"Cache-Control": "no-store"})


@blueprint.get("/symbols", responses={200: Row})
def get_symbol(query: SymbolQuery) -> Response:
    """What is known of one symbol."""

    def make() -> dict[str, Any]:
        try:
            return datafeed.find(services().database, query.symbol).describe()
        except UnknownSymbolError as error:
            return _error(str(error))

    return answer(make)


@blueprint.get("/search", responses={200: Rows})
def get_search(query: SearchQuery) -> Response:
    """Symbols by words."""

    def make() -> list[dict[str, Any]]:
        found = datafeed.search(services().database, query.query, query.type, query.limit)
        return [_found(one) for one in found if query.exchange.upper() in {"", one.exchange}]

    return answer(make)


@blueprint.get("/history", responses={200: Row})
def get_history(query: HistoryQuery) -> Response:
    """Bars by column, oldest first; `no_data` with the time of the nearest older bar where there are none."""
    return answer(lambda: _history(query))


@blueprint.get("/quotes", responses={200: Row})
def get_quotes(query: QuotesQuery) -> Response:
    """Newest prices and their change of 24 hours."""
    names = [name.strip() for name in query.symbols.split(",") if name.strip()]
    return answer(lambda: {"s": "ok", "d": _quotes(names)})


@blueprint.get("/marks", responses={200: Row})
def get_marks(query: SymbolQuery) -> Response:  # noqa: ARG001  # the protocol asks by symbol
    """Marks on bars: there are none yet."""
    return answer(lambda: {name: [] for name in MARKS})


@blueprint.get("/timescale_marks", responses={200: Rows})
def get_timescale_marks(query: SymbolQuery) -> Response:  # noqa: ARG001  # the protocol asks by symbol
    """Marks on the time scale: there are none yet."""
    return answer(list)


def _history(query: HistoryQuery) -> dict[str, Any]:
    held = services()
    try:
        listed = datafeed.find(held.database, query.symbol)
    except UnknownSymbolError as error:
        return _error(str(error))
    resolution = DAILY.get(query.resolution, query.resolution)
    if resolution not in listed.resolutions:
        return _error(f"resolution {query.resolution!r}: {listed.ticker} has {', '.join(listed.resolutions)}")
    # A client that names one bar's time twice means that bar.
    until = min(query.until + (query.since == query.until), datafeed.now() + 1)
    since, limit = (None, query.countback) if query.countback else (query.since, read.MAX_CANDLES)
    bars = datafeed.bars(
        held.database, held.redis, listed, resolution, since=since, until=until, limit=min(limit, read.MAX_CANDLES)
    )
    if bars:
        times, opens, highs, lows, closes, volumes = zip(*bars, strict=True)
        columns = {"t": times, "o": opens, "h": highs, "l": lows, "c": closes}
        if any(volume is not None for volume in volumes):
            columns["v"] = volumes
        return {"s": "ok", **{name: list(values) for name, values in columns.items()}}
    older = datafeed.bars(
        held.database, held.redis, listed, resolution, since=None, until=min(until, query.since or until), limit=1
    )
    return {"s": "no_data"} | ({"nextTime": older[-1][0]} if older else {})


def _quotes(names: list[str]) -> list[dict[str, Any]]:
    """One quote a name, in their order."""
    database = services().database
    listed = datafeed.find_many(database, names)
    prices = newest(database, [one.item_id for one in listed.values()])
    return [
        {"s": "ok", "n": name, "v": _quote(listed[name], prices[listed[name].item_id])}
        if name in listed
        else {"s": "error", "n": name, "errmsg": "unknown_symbol", "v": {}}
        for name in names
    ]


def _quote(listed: Listed, row: pool.Row) -> dict[str, Any]:
    """What is known of a symbol's newest price; of one that has none only what it is called."""
    shared = {"short_name": listed.ticker, "exchange": listed.exchange, "description": listed.description}
    if row["price"] is None:
        return shared
    scale, base, change = listed.price_scale, row["base_price"], None
    if base:
        change = row["price"] - base
    return shared | {
        "lp": row["price"] / scale,
        "ch": None if change is None else change / scale,
        "chp": None if change is None else 100 * change / base,
        "prev_close_price": _units(base, scale),
        "open_price": _units(base, scale),
        "high_price": _units(row["high"], scale),
        "low_price": _units(row["low"], scale),
        "ask": _units(row["ask"], scale),
        "bid": _units(row["bid"], scale),
        "volume": _units(row["volume"], row["volume_scale"] or 1),
    }


def _units(value: int | None, scale: int) -> float | None:
    return None if value is None else value / scale


def _found(listed: Listed) -> dict[str, Any]:
    return {
        "symbol": listed.ticker,
        "ticker": listed.ticker,
        "full_name": f"{listed.exchange}:{listed.ticker}",
        "description": listed.description,
        "exchange": listed.exchange,
        "type": listed.kind,
    }


def _choice(value: str, name: str) -> dict[str, str]:
    return {"value": value, "name": name, "desc": name}


def _type(value: str, name: str) -> dict[str, str]:
    return {"name": name, "value": value}


def _error(message: str) -> dict[str, Any]:
    return {"s": "error", "errmsg": message}
