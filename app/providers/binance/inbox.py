"""Stream inbox: a bounded queue in which tickers, books and unfinished candles are conflated under overload."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator

from app.providers.exchange import Book, Connected, Event, Kline, Ticker


class Inbox:
    """Events in the order received, for one reader.

    From `limit` waiting events on, a ticker, a book or an unfinished candle takes the place of the one of its symbol that still
    waits; final candles and `Connected` are never dropped. So no more than `limit`, three a symbol, and the final candles wait.
    `conflated` counts what was replaced.
    """

    def __init__(self, limit: int) -> None:
        self.conflated = 0
        self._limit = limit
        self._events: OrderedDict[int, Event] = OrderedDict()
        self._places: dict[tuple[type, str], int] = {}
        self._next = 0
        self._filled = asyncio.Event()
        self._closed = False
        self._error: BaseException | None = None

    def __len__(self) -> int:
        return len(self._events)

    def put(self, event: Event) -> None:
        """Take an event in; never waits."""
        if not isinstance(event, Connected) and not (isinstance(event, Kline) and event.final):
            key = (type(event), event.symbol)
            if len(self._events) >= self._limit and self._replace(key, event):
                return
            self._places[key] = self._next
        self._events[self._next] = event
        self._next += 1
        self._filled.set()

    def fail(self, error: BaseException) -> None:
        """The reader gets this error, once, after what still waits."""
        self._error = error
        self._filled.set()

    def close(self) -> None:
        """The reader ends, after what still waits."""
        self._closed = True
        self._filled.set()

    async def read(self) -> AsyncIterator[Event]:
        """Every event, until `close`."""
        while True:
            while self._events:
                place, event = self._events.popitem(last=False)
                if not isinstance(event, Connected) and self._places.get(key := (type(event), event.symbol)) == place:
                    del self._places[key]
                yield event
            if self._error is not None:
                error, self._error = self._error, None
                raise error
            if self._closed:
                return
            self._filled.clear()
            await self._filled.wait()

    def _replace(self, key: tuple[type, str], event: Kline | Ticker | Book) -> bool:
        place = self._places.get(key)
        if place is None:
            return False
        self.conflated += 1
        waiting = self._events[place]
        if isinstance(event, Kline) and isinstance(waiting, Kline) and waiting.open_time != event.open_time:
            # In the old one's place it would stand before that one's final candle.
            del self._events[place], self._places[key]
            return False
        # In the same place, or a busy symbol would move back for ever and never be read.
        self._events[place] = event
        return True
