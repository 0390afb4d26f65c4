"""Exchange protocol: what every exchange yields, as symbols, candles and a stream of both. All numbers are integers."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Literal, Protocol, TypeAlias

Status: TypeAlias = Literal["trading", "halted", "delisted"]
"""`halted` symbols come back, `delisted` ones do not; both keep their history and are not subscribed to."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """One pair as the exchange lists it.

    `price_scale` is how many minor units make one unit of `quote`, from the tick size; `volume_scale` the same of `base`,
    from the lot step. `min_notional` is in minor units of `quote`.
    """

    symbol: str
    base: str
    quote: str
    price_scale: int
    volume_scale: int
    status: Status
    min_notional: int | None = None


@dataclass(frozen=True, slots=True)
class Kline:
    """One candle of one minute, or of the interval asked for: prices and volume in the symbol's minor units.

    `open_time` is in seconds since 1970 UTC, a multiple of the interval. `final` once nothing can change it any more: the
    exchange said so, or its own clock is past the end.
    """

    symbol: str
    open_time: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    trades: int | None
    final: bool


@dataclass(frozen=True, slots=True)
class Ticker:
    """Newest price of a symbol and its last 24 hours, in minor units; `time` in milliseconds since 1970."""

    symbol: str
    time: int
    price: int
    open: int
    high: int
    low: int
    volume: int


@dataclass(frozen=True, slots=True)
class Book:
    """Best bid and ask of a symbol, in minor units; the exchange gives it no time of its own."""

    symbol: str
    bid: int
    ask: int


@dataclass(frozen=True, slots=True)
class Connected:
    """These symbols' streams have just begun, or begun again: candles before now may be missing. `cause` says why."""

    symbols: tuple[str, ...]
    cause: str


Event: TypeAlias = Kline | Ticker | Book | Connected


@dataclass(frozen=True, slots=True)
class ConnectionState:
    """One connection of the stream, for status pages.

    `streams` are those that the exchange confirmed, of `symbols` pairs. `age` is of its last message in seconds, None before the
    first; `uptime` says for how many seconds its present socket is open, None while there is none.
    """

    id: int
    state: Literal["connecting", "open", "closing", "waiting"]
    streams: int
    symbols: int
    age: float | None
    uptime: float | None
    reconnects: int
    messages: int


class Exchange(Protocol):
    """One exchange. A new one is a file that satisfies this and its entry in `app.settings.providers`."""

    name: str
    """The provider's name in TRACERA_PROVIDERS; also its candles' source."""
    market: str
    """The market's id in `items.market`, such as `binance:spot`."""
    simulated: bool
    """Whether its prices are invented; shown wherever they are."""

    async def symbols(self) -> list[Symbol]:
        """Every pair that the exchange lists.

        Raises:
            ProviderError: it refused, or its reply was not understood; so with `klines`.
        """
        ...

    async def klines(self, symbol: Symbol, interval: str, start: int, end: int) -> list[Kline]:
        """Candles from `start` (inclusive) to `end` (exclusive), both in seconds, ascending; as many requests as it takes.

        The last one is not final unless the exchange's own clock is past its end. An empty list says that there are none.
        """
        ...

    async def watch(self, symbols: Collection[Symbol]) -> None:
        """Stream these symbols from now on, and no others."""
        ...

    def events(self) -> AsyncIterator[Event]:
        """The stream, from all connections, in the order received; reconnects by itself, and ends only with `aclose`."""
        ...

    def connections(self) -> Sequence[ConnectionState]:
        """What each connection does now."""
        ...

    def now(self) -> float:
        """The exchange's time in seconds since 1970, as far as it proved it; the local clock's before it said any."""
        ...

    def lateness(self) -> Mapping[str, float]:
        """By how many seconds each symbol's last final candle came after its end, by the exchange's clock."""
        ...

    def counts(self) -> Mapping[str, int]:
        """What was set aside so far, by kind, such as `off_grid`, `rejected`, `repeated` and `conflated`."""
        ...

    async def aclose(self) -> None:
        """Close connections; the stream ends."""
        ...


def scaled(text: str, scale: int) -> int:
    """A decimal string in minor units of 1/`scale`, exactly.

    Raises:
        ValueError: it is no finite decimal number, has more digits than the scale holds, or is beyond 64 bits.
    """
    try:
        number = Decimal(text) * scale
    except InvalidOperation as error:
        raise ValueError(f"{text!r} is no decimal number") from error
    if not number.is_finite() or number != number.to_integral_value():
        raise ValueError(f"{text!r} has more digits than a scale of {scale} holds")
    if abs(number) >= 2**63:
        raise ValueError(f"{text!r} is too large at a scale of {scale}")
    return int(number)
