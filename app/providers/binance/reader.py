"""Stream reader: turns what the sockets bring into events, each once, and keeps count of what it sets aside."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import structlog

from app.providers.binance import wire
from app.providers.binance.clock import ServerClock
from app.providers.binance.inbox import Inbox
from app.providers.binance.novelty import NoveltyFilter
from app.providers.binance.units import MINUTE, OffGridError
from app.providers.exchange import Connected, Kline, Symbol

_LOGGED = 10

log = structlog.get_logger(__name__)


class StreamReader:
    """Reads events of all connections into the inbox.

    `symbols` are those streamed. `lateness` holds, for each symbol, by how many seconds its last final candle came after its end
    by the exchange's clock. `counts` counts what was set aside: `off_grid`, `rejected`, `repeated`.
    """

    def __init__(self, inbox: Inbox, clock: ServerClock, counts: Counter[str]) -> None:
        self.symbols: Mapping[str, Symbol] = {}
        self.lateness: dict[str, float] = {}
        self._inbox = inbox
        self._clock = clock
        self._counts = counts
        self._novelty = NoveltyFilter()

    def read(self, stream: str, data: Mapping[str, Any]) -> wire.Message | None:
        """Take one event; returns what it said, None where that is not understood or was not asked for."""
        try:
            message = wire.stream_event(stream, data, self.symbols)
        except OffGridError as error:
            self._set_aside("off_grid", stream, error)
            return None
        except ValueError as error:
            self._set_aside("rejected", stream, error)
            return None
        if message is None:
            return None
        if not self._novelty.passes(message):
            self._counts["repeated"] += 1
            return message
        if isinstance(message.event, Kline) and message.event.final:
            self._time(message.event, message.mark)
        self._inbox.put(message.event)
        return message

    def connected(self, symbols: tuple[str, ...], cause: str) -> None:
        """Streams of these began, or began again."""
        for symbol in symbols:
            self._novelty.forget(symbol)
        self._inbox.put(Connected(symbols, cause))

    def _time(self, bar: Kline, sent: int) -> None:
        """By the exchange's own time of sending until its clock is known."""
        came = max(sent, self._clock.now() or 0)
        self.lateness[bar.symbol] = max(0.0, came / 1000 - (bar.open_time + MINUTE))

    def _set_aside(self, kind: str, stream: str, error: ValueError) -> None:
        self._counts[kind] += 1
        # Each of the first ones, then one in a thousand: a stream of nonsense must not fill the log.
        if self._counts[kind] <= _LOGGED or self._counts[kind] % 1000 == 0:
            log.warning("event set aside", kind=kind, stream=stream, reason=str(error), count=self._counts[kind])
