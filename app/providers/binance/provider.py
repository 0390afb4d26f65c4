"""Binance exchange: the adapter as `app.providers.exchange` wants it."""

import time
from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping, Sequence

from app.providers.binance.clock import ServerClock
from app.providers.binance.http import BinanceHttp
from app.providers.binance.rest import BinanceRest
from app.providers.binance.settings import BinanceSettings
from app.providers.binance.stream import BinanceStream
from app.providers.exchange import ConnectionState, Event, Kline, Symbol
from app.providers.settings import ProviderSettings


def configured(settings: ProviderSettings) -> "BinanceExchange":
    """The exchange at the addresses of TRACERA_BINANCE_URL and TRACERA_BINANCE_STREAM_URL.

    The extra `weight_budget` is what it may use of the weight a minute.
    """
    defaults = BinanceSettings()
    stream_url = str(settings.extras.get("stream_url") or defaults.stream_url)
    budget = settings.integer("weight_budget", defaults.weight_budget)
    return BinanceExchange(
        BinanceSettings(rest_url=settings.base_url or defaults.rest_url, stream_url=stream_url, weight_budget=budget)
    )


class BinanceExchange:
    """Exchange `binance`: spot pairs, public market data only.

    Requests and streams belong to the event loop of the first call.
    """

    name = "binance"
    market = "binance:spot"
    simulated = False

    def __init__(self, settings: BinanceSettings | None = None, *, clock: ServerClock | None = None) -> None:
        self.settings = settings or BinanceSettings()
        self._clock = clock or ServerClock()
        self._counts: Counter[str] = Counter()
        self._http = BinanceHttp(self.name, self.settings, self._clock)
        self._rest = BinanceRest(self._http, self._clock, self._counts)
        self._stream = BinanceStream(self.settings, self._clock, self._counts)

    async def symbols(self) -> list[Symbol]:
        """Every pair that the exchange lists; those that do not trade are `halted`.

        Raises:
            ProviderError: it refused, or its reply was not understood.
        """
        return await self._rest.symbols()

    async def klines(self, symbol: Symbol, interval: str, start: int, end: int) -> list[Kline]:
        """Candles from `start` (inclusive) to `end` (exclusive), in seconds, ascending; a thousand a request.

        Raises:
            ProviderError: it refused, or its reply was not understood.
            ValueError: it has no such interval.
        """
        return await self._rest.klines(symbol, interval, start, end)

    async def time(self) -> int:
        """The exchange's time in milliseconds since 1970. Raises ProviderError as `symbols`."""
        return await self._rest.time()

    async def watch(self, symbols: Collection[Symbol]) -> None:
        """Stream these from now on, and no others; those that do not trade or that the exchange does not know are left out."""
        await self._stream.watch([symbol for symbol in symbols if symbol.symbol not in self._rest.unknown])

    def events(self) -> AsyncIterator[Event]:
        """The stream, in the order received; for one reader."""
        return self._stream.events()

    def connections(self) -> Sequence[ConnectionState]:
        """What each connection does now."""
        return self._stream.connections()

    def now(self) -> float:
        """The exchange's time in seconds: what it said last, and what has passed since."""
        known = self._clock.now()
        return time.time() if known is None else known / 1000

    def lateness(self) -> Mapping[str, float]:
        """By how many seconds each symbol's last final candle came after its end, by the exchange's clock."""
        return dict(self._stream.reader.lateness)

    def counts(self) -> Mapping[str, int]:
        """What was set aside so far: `off_grid`, `rejected`, `repeated`, `conflated`; and `used_weight` of this minute."""
        weight = {} if self._http.used_weight is None else {"used_weight": self._http.used_weight}
        return {**self._counts, "conflated": self._stream.inbox.conflated, **weight}

    async def aclose(self) -> None:
        """Close connections; the stream ends."""
        await self._stream.aclose()
        await self._http.aclose()
