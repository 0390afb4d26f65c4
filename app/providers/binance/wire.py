"""Binance wire format: reads exchangeInfo, rows of candles and stream events. Keys are case-sensitive: `t` is not `T`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from app.providers.binance.units import amount, milliseconds, open_time, price, scale_of
from app.providers.exchange import Book, Kline, Status, Symbol, Ticker
from app.providers.http import rows

_ROW_LENGTH = 9
_MONTH = 32 * 86_400_000


@dataclass(frozen=True, slots=True)
class Message:
    """One stream event. `mark` rises within its stream: the exchange's time in milliseconds, of a book its update id."""

    event: Kline | Ticker | Book
    mark: int


Reading: TypeAlias = Message | None


def symbol(entry: Any) -> Symbol:
    """One entry of exchangeInfo's `symbols`.

    Raises:
        ValueError: name, assets or filters are missing or not understood.
    """
    fields = rows.record(entry)
    name = rows.name(fields.get("symbol"))
    filters = {str(kind.get("filterType")): kind for kind in _records(fields.get("filters"))}
    try:
        price_scale = scale_of(_of(filters, "PRICE_FILTER", "tickSize"), fields.get("quotePrecision"))
        volume_scale = scale_of(_of(filters, "LOT_SIZE", "stepSize"), fields.get("baseAssetPrecision"))
        least = _of(filters, "NOTIONAL", "minNotional") or _of(filters, "MIN_NOTIONAL", "minNotional")
        return Symbol(
            symbol=name,
            base=rows.name(fields.get("baseAsset")),
            quote=rows.name(fields.get("quoteAsset")),
            price_scale=price_scale,
            volume_scale=volume_scale,
            status=_status(fields.get("status")),
            min_notional=None if least is None else amount(least, price_scale),
        )
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def kline_row(row: Any, listed: Symbol, interval: str, now: int) -> Kline:
    """One row of `/api/v3/klines` or of a dump; final when it closed before `now`, the exchange's time in milliseconds.

    Raises:
        OffGridError: its open time is not on the interval's grid.
        ValueError: anything else about it is not understood.
    """
    if not isinstance(row, Sequence) or isinstance(row, str) or len(row) < _ROW_LENGTH:
        raise ValueError(f"{rows.shown(row)} is no candle")
    return _kline(
        listed,
        opened=open_time(row[0], interval, now),
        prices=(row[1], row[2], row[3], row[4]),
        volume=row[5],
        trades=row[8],
        # A month's bar of today closes up to 31 days ahead: only the open time has to be plausible.
        final=milliseconds(row[6], now + _MONTH) < now,
    )


def stream_event(name: str, data: Mapping[str, Any], symbols: Mapping[str, Symbol]) -> Reading:
    """One event of the stream `name`; None for events and symbols that nobody asked for.

    Raises:
        OffGridError: a candle off the grid.
        ValueError: anything else that is not understood; a price of 0 too.
    """
    _, _, kind = name.partition("@")
    read = _READERS.get(kind.partition("_")[0])
    listed = symbols.get(data["s"]) if isinstance(data.get("s"), str) else None
    if read is None or listed is None:
        return None
    try:
        return read(data, listed, kind)
    except KeyError as error:
        raise ValueError(f"{listed.symbol}: {kind} without {error}") from error


def _kline_event(data: Mapping[str, Any], listed: Symbol, kind: str) -> Reading:
    interval = kind.removeprefix("kline_")
    if data["e"] != "kline" or (bar := rows.record(data["k"]))["i"] != interval:
        return None
    event = _kline(
        listed,
        opened=open_time(bar["t"], interval),
        prices=(bar["o"], bar["h"], bar["l"], bar["c"]),
        volume=bar["v"],
        trades=bar["n"],
        final=bar["x"] is True,
    )
    return Message(event, milliseconds(data["E"]))


def _ticker_event(data: Mapping[str, Any], listed: Symbol, _kind: str) -> Reading:
    if data["e"] != "24hrMiniTicker":
        return None
    moment = milliseconds(data["E"])
    scale = listed.price_scale
    event = Ticker(
        symbol=listed.symbol,
        time=moment,
        price=price(data["c"], scale),
        open=price(data["o"], scale),
        high=price(data["h"], scale),
        low=price(data["l"], scale),
        volume=amount(data["v"], listed.volume_scale),
    )
    return Message(event, moment)


def _book_event(data: Mapping[str, Any], listed: Symbol, _kind: str) -> Reading:
    """It has neither `e` nor a time."""
    bid, ask = price(data["b"], listed.price_scale), price(data["a"], listed.price_scale)
    return Message(Book(listed.symbol, bid, ask), rows.count(data["u"]) or 0)


_READERS = {"kline": _kline_event, "miniTicker": _ticker_event, "bookTicker": _book_event}


def _kline(
    listed: Symbol, *, opened: int, prices: tuple[Any, Any, Any, Any], volume: Any, trades: Any, final: bool
) -> Kline:
    first, high, low, last = (price(text, listed.price_scale) for text in prices)
    if not low <= min(first, last) <= max(first, last) <= high:
        raise ValueError(f"{listed.symbol}: open and close are not between low and high at {opened}")
    return Kline(
        symbol=listed.symbol,
        open_time=opened,
        open=first,
        high=high,
        low=low,
        close=last,
        volume=amount(volume, listed.volume_scale),
        trades=rows.count(trades),
        final=final,
    )


def _status(value: Any) -> Status:
    """Anything but TRADING (HALT, BREAK, CANCEL_ONLY, END_OF_DAY, what is still to come) means that it stands still."""
    if not isinstance(value, str):
        raise ValueError(f"{rows.shown(value)} is no status")  # noqa: TRY004 - callers catch one kind
    return "trading" if value == "TRADING" else "halted"


def _records(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise ValueError(f"{rows.shown(value)} is no list")  # noqa: TRY004 - callers catch one kind
    return [rows.record(entry) for entry in value]


def _of(filters: Mapping[str, Mapping[str, Any]], kind: str, key: str) -> Any:
    return filters.get(kind, {}).get(key)
