"""Binance stream: as many connections as the symbols need, read as one stream of events."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from functools import partial

from app.providers.binance.clock import ServerClock
from app.providers.binance.connection import Connection
from app.providers.binance.inbox import Inbox
from app.providers.binance.reader import StreamReader
from app.providers.binance.settings import BinanceSettings
from app.providers.exchange import ConnectionState, Event, Symbol
from app.providers.http.limiter import RateLimiter

_FIVE_MINUTES = 300.0


class BinanceStream:
    """All connections. A symbol stays on its connection while it is watched, so that its streams are not interrupted."""

    def __init__(self, settings: BinanceSettings, clock: ServerClock, counts: Counter[str]) -> None:
        self.inbox = Inbox(settings.queue)
        self.reader = StreamReader(self.inbox, clock, counts)
        self._settings = settings
        self._attempts = RateLimiter(settings.attempts_per_five_minutes, _FIVE_MINUTES)
        self._tasks: dict[Connection, asyncio.Task[None]] = {}
        self._numbers = 0

    async def watch(self, symbols: Collection[Symbol]) -> None:
        """Stream those of these that trade, and no others."""
        self.reader.symbols = {symbol.symbol: symbol for symbol in symbols if symbol.status == "trading"}
        room = self._settings.streams_per_connection // len(self._settings.streams)
        placed = {symbol for connection in self._tasks for symbol in connection.symbols}
        waiting = [symbol for symbol in self.reader.symbols if symbol not in placed]
        for connection in list(self._tasks):
            kept = sorted(connection.symbols.intersection(self.reader.symbols))
            free = room - len(kept)
            connection.want([*kept, *waiting[:free]])
            waiting = waiting[free:]
        await asyncio.gather(*(self._end(connection) for connection in list(self._tasks) if not connection.symbols))
        while waiting:
            self._begin(waiting[:room])
            waiting = waiting[room:]

    def connections(self) -> Sequence[ConnectionState]:
        """What each connection does now."""
        return [connection.state() for connection in self._tasks]

    def events(self) -> AsyncIterator[Event]:
        """Everything received, until `aclose`; for one reader."""
        return self.inbox.read()

    async def aclose(self) -> None:
        """Close all connections; `events` ends after what was received."""
        await asyncio.gather(*(self._end(connection) for connection in list(self._tasks)))
        self.inbox.close()

    def _begin(self, symbols: Sequence[str]) -> None:
        self._numbers += 1
        connection = Connection(self._numbers, self._settings, self.reader, self._attempts)
        connection.want(symbols)
        task = asyncio.create_task(connection.run(), name=f"binance stream {connection.number}")
        task.add_done_callback(partial(self._ended, connection))
        self._tasks[connection] = task

    def _ended(self, connection: Connection, task: asyncio.Task[None]) -> None:
        """A connection goes on until it is cancelled: an error that ended it is the reader's, and the next `watch` begins another."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self._tasks.pop(connection, None)
            self.inbox.fail(error)

    async def _end(self, connection: Connection) -> None:
        task = self._tasks.pop(connection, None)
        if task is None:
            return
        task.cancel()
        await asyncio.wait([task])
