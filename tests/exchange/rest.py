"""REST of the stand-in exchange: routes, weights, limits and numbered errors."""

import json
import math
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.exchange.candles import LENGTHS, MINUTE
from tests.exchange.faults import Answer, Faults
from tests.exchange.market import Market

WEIGHTS = {
    "/api/v3/ping": 1,
    "/api/v3/time": 1,
    "/api/v3/exchangeInfo": 20,
    "/api/v3/klines": 2,
    "/api/v3/uiKlines": 2,
    "/api/v3/aggTrades": 4,
    "/api/v3/ticker/24hr": 2,
    "/api/v3/ticker/price": 2,
    "/api/v3/ticker/bookTicker": 2,
}
_MOST_ROWS = 1000
_PATIENCE = 5  # requests beyond the limit, then a ban
_FIRST_BAN = 120.0


class RefusalError(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.body = {"code": code, "msg": message}


class Rest:
    """Answers requests. `requests` lists each one's arrival (a clock that never goes back), path and query."""

    def __init__(self, market: Market, faults: Faults) -> None:
        self.limit = 6000
        self.used = 0
        self.requests: list[tuple[float, str, dict[str, str]]] = []
        self.banned_until = 0.0
        self.broken_bans = 0
        self._market = market
        self._faults = faults
        self._minute = 0
        self._excess = 0

    def answer(self, target: str) -> Answer:
        """The answer to a request's path and query."""
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query))
        now = time.monotonic()
        self.requests.append((now, parts.path, query))
        if now < self.banned_until:
            self.broken_bans += 1
            left = str(math.ceil(self.banned_until - now))
            body = {"code": -1003, "msg": "Way too much request weight used; IP banned."}
            return Answer(418, body, {"Retry-After": left})
        headers = {"X-MBX-USED-WEIGHT-1M": str(self._weigh(parts.path))}
        if self.used > self.limit:
            self._excess += 1
            if self._excess >= _PATIENCE:
                self.banned_until = now + _FIRST_BAN
            left = str((MINUTE - self._market.now % MINUTE) // 1000 or 1)
            return Answer(429, {"code": -1003, "msg": "Too much request weight used."}, headers | {"Retry-After": left})
        given = self._faults.next_answer(parts.path)
        if given is not None:
            return Answer(given.status, given.body, headers | given.headers)
        try:
            return Answer(200, self._body(parts.path, query), headers)
        except RefusalError as error:
            return Answer(400, error.body, headers)

    def _weigh(self, path: str) -> int:
        minute = self._market.now // MINUTE
        if minute != self._minute:
            self._minute, self.used, self._excess = minute, 0, 0
        self.used += WEIGHTS.get(path, 1)
        return self.used

    def _body(self, path: str, query: Mapping[str, str]) -> Any:
        bodies: dict[str, Callable[[], Any]] = {
            "/api/v3/ping": dict,
            "/api/v3/time": lambda: {"serverTime": self._market.now},
            "/api/v3/exchangeInfo": self._exchange_info,
            "/api/v3/klines": lambda: self._klines(query),
            "/api/v3/uiKlines": lambda: self._klines(query),
            "/api/v3/ticker/24hr": lambda: self._tickers(query, self._market.ticker_24h),
            "/api/v3/ticker/price": lambda: self._tickers(query, self._price),
            "/api/v3/ticker/bookTicker": lambda: self._tickers(query, self._book),
            "/api/v3/aggTrades": lambda: self._trades(query),
        }
        if path not in bodies:
            raise RefusalError(-1102, f"Path {path} does not exist.")
        return bodies[path]()

    def _tickers(self, query: Mapping[str, str], one: Callable[[str], dict[str, Any]]) -> Any:
        """Of one `symbol`, of those in the array `symbols`, or of all."""
        if "symbol" in query:
            return one(self._symbol(query))
        wanted = json.loads(query["symbols"]) if "symbols" in query else self._market.listings
        return [one(self._symbol({"symbol": symbol})) for symbol in wanted]

    def _price(self, symbol: str) -> dict[str, Any]:
        return {"symbol": symbol, "price": self._market.ticker_24h(symbol)["lastPrice"]}

    def _book(self, symbol: str) -> dict[str, Any]:
        book = self._market.book(symbol)
        return {
            "symbol": symbol,
            "bidPrice": book["b"],
            "bidQty": book["B"],
            "askPrice": book["a"],
            "askQty": book["A"],
        }

    def _exchange_info(self) -> dict[str, Any]:
        limits = [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": self.limit},
            {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 300_000},
        ]
        return {
            "timezone": "UTC",
            "serverTime": self._market.now,
            "rateLimits": limits,
            "exchangeFilters": [],
            "symbols": [listing.entry() for listing in self._market.listings.values()],
        }

    def _klines(self, query: Mapping[str, str]) -> list[list[Any]]:
        symbol = self._symbol(query)
        interval = query.get("interval", "")
        if interval not in LENGTHS:
            raise RefusalError(-1120, "Invalid interval.")
        limit = int(query.get("limit", "500"))
        if not 1 <= limit <= _MOST_ROWS:
            raise RefusalError(-1130, "Data sent for parameter 'limit' is not valid.")
        start, end = _moment(query, "startTime"), _moment(query, "endTime")
        return self._market.rows(symbol, interval, start, end, limit)

    def _trades(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """One a minute: what the minute's last trade was."""
        bars = [bar for _, bar in sorted(self._market.bars[self._symbol(query)].items()) if bar.trades]
        return [
            {
                "a": bar.last,
                "p": f"{bar.close:.8f}",
                "q": f"{bar.volume:.8f}",
                "f": bar.first,
                "l": bar.last,
                "T": bar.opened,
            }
            | {"m": False, "M": True}
            for bar in bars[-int(query.get("limit", "500")) :]
        ]

    def _symbol(self, query: Mapping[str, str]) -> str:
        symbol = query.get("symbol", "")
        if not symbol:
            raise RefusalError(-1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.")
        if symbol not in self._market.listings:
            raise RefusalError(-1121, "Invalid symbol.")
        return symbol


def _moment(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    if not text.isdigit():
        raise RefusalError(-1100, f"Illegal characters found in parameter '{name}'.")
    value = int(text)
    return value // 1000 if value >= 10**14 else value
