"""Binance REST: the list of symbols, the exchange's time, and candles page by page."""

from collections import Counter
from typing import Any

import structlog

from app.providers.base import ProviderError
from app.providers.binance import wire
from app.providers.binance.clock import ServerClock
from app.providers.binance.http import BinanceHttp, RefusedError
from app.providers.binance.units import INTERVALS, MINUTE, OffGridError, milliseconds
from app.providers.exchange import Kline, Symbol
from app.providers.http import rows
from app.providers.market import encode

_PAGE = 1000
_INVALID_SYMBOL = -1121
_FRESH = 60.0

log = structlog.get_logger(__name__)


class BinanceRest:
    """Requests for symbols and candles.

    `counts` says how many rows were set aside: `off_grid` and `rejected`. A symbol that the exchange refused as unknown is in
    `unknown` and not asked for again until a list of symbols has it.
    """

    def __init__(self, http: BinanceHttp, clock: ServerClock, counts: Counter[str]) -> None:
        self.unknown: set[str] = set()
        self._http = http
        self._clock = clock
        self._counts = counts

    async def symbols(self) -> list[Symbol]:
        """Every pair listed, whatever its status.

        Raises:
            ProviderError: as `BinanceHttp.get`; `schema` when not one entry was understood.
        """
        reply = await self._http.get("/api/v3/exchangeInfo", "showPermissionSets=false")
        value = reply.value(dict)
        self._hear(reply.what, value)
        entries = value.get("symbols")
        if not isinstance(entries, list):
            raise ProviderError("schema", f"{reply.what}: no list of symbols")
        rejected: list[str] = []
        listed = rows.read_each(reply.what, entries, wire.symbol, rejected)
        self._set_aside(reply.what, rejected)
        self.unknown -= {symbol.symbol for symbol in listed}
        return listed

    async def klines(self, symbol: Symbol, interval: str, start: int, end: int) -> list[Kline]:
        """Candles of `start` ≤ open time < `end`, in seconds, ascending, each open time once; empty where there are none.

        Final are those that had closed by the exchange's clock before they were asked for.

        Raises:
            ProviderError: as `BinanceHttp.get`; `http` for a symbol that the exchange does not know.
            ValueError: the exchange has no such interval.
        """
        if interval != "1M" and interval not in INTERVALS:
            raise ValueError(f"{interval!r} is no interval of the exchange")
        found: dict[int, Kline] = {}
        cursor = start * 1000
        while cursor < end * 1000:
            page = await self._page(symbol, interval, cursor, end * 1000 - 1, found)
            if page is None:
                break
            cursor = page
        return [found[opened] for opened in sorted(found) if start <= opened < end]

    async def time(self) -> int:
        """The exchange's time in milliseconds; the clock hears it."""
        reply = await self._http.get("/api/v3/time")
        return self._hear(reply.what, reply.value(dict))

    async def _page(self, symbol: Symbol, interval: str, start: int, last: int, found: dict[int, Kline]) -> int | None:
        """Add one page to `found`. Where the next one begins, in milliseconds, or None when this was the last."""
        now = await self._now()
        query = {"symbol": symbol.symbol, "interval": interval, "startTime": start, "endTime": last, "limit": _PAGE}
        what, page = await self._rows(symbol, encode(query))
        rejected: list[str] = []
        latest = start
        for row in page:
            try:
                kline = wire.kline_row(row, symbol, interval, now)
            except OffGridError as error:
                self._counts["off_grid"] += 1
                log.warning("candle off the grid set aside", symbol=symbol.symbol, reason=str(error))
                latest = max(latest, _moment(row, now))
                continue
            except ValueError as error:
                rejected.append(str(error))
                latest = max(latest, _moment(row, now))
                continue
            found[kline.open_time] = kline
            latest = max(latest, kline.open_time * 1000)
        self._set_aside(what, rejected)
        if rejected and len(rejected) == len(page):
            raise ProviderError("schema", f"{what}: none of {len(page)} rows was understood; the first: {rejected[0]}")
        if len(page) < _PAGE:
            return None
        if latest < start + MINUTE * 1000:
            raise ProviderError("schema", f"{what}: a full page that leads nowhere")
        return latest + 1

    async def _rows(self, symbol: Symbol, query: str) -> tuple[str, list[Any]]:
        if symbol.symbol in self.unknown:
            raise _unknown(symbol, _INVALID_SYMBOL)
        try:
            reply = await self._http.get("/api/v3/klines", query)
        except RefusedError as error:
            if error.code != _INVALID_SYMBOL:
                raise
            self.unknown.add(symbol.symbol)
            log.warning("symbol disabled: the exchange does not know it", symbol=symbol.symbol)
            raise _unknown(symbol, error.code) from error
        return reply.what, reply.value(list)

    async def _now(self) -> int:
        """A time that the exchange's clock has passed already."""
        known = self._clock.now()
        if known is None or self._clock.age() > _FRESH:
            await self.time()
            known = self._clock.now()
        if known is None:
            raise ProviderError("schema", "the exchange does not say what time it is")
        return known

    def _hear(self, what: str, value: dict[str, Any]) -> int:
        try:
            moment = milliseconds(value.get("serverTime"))
        except ValueError as error:
            raise ProviderError("schema", f"{what}: serverTime: {error}") from error
        self._clock.hear(moment)
        return moment

    def _set_aside(self, what: str, rejected: list[str]) -> None:
        if rejected:
            self._counts["rejected"] += len(rejected)
            log.warning("rows of the exchange set aside", what=what, rows=len(rejected), first=rejected[0])


def _unknown(symbol: Symbol, code: int) -> RefusedError:
    message = (
        f"{symbol.symbol}: the exchange does not know this symbol ({code}); not asked for until it is listed again"
    )
    return RefusedError(message, code=code, status=400)


def _moment(row: Any, now: int) -> int:
    """The open time of a row that is set aside, for paging past it; 0 when it has none."""
    try:
        return milliseconds(row[0], now)
    except (ValueError, TypeError, IndexError, KeyError):
        return 0
