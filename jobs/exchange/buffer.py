"""Stream buffer: what an exchange said since the last flush; the newest ticker a symbol, every final candle."""

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np

from app.live.lag import now_ms
from app.providers.exchange import Book, Kline, Ticker
from db.candles.columns import CandleColumns
from db.core.arrays import Ints

MINUTE = 60


@dataclass(slots=True)
class StreamBuffer:
    """Between the stream and the database. `items` are item ids by symbol; what is said of other symbols is dropped."""

    items: dict[str, int]
    finals: list[Kline] = field(default_factory=list)
    running: dict[str, Kline] = field(default_factory=dict)
    tickers: dict[str, Ticker] = field(default_factory=dict)
    received: dict[str, int] = field(default_factory=dict)
    """When the newest ticker came in, in milliseconds since 1970."""
    books: dict[str, Book] = field(default_factory=dict)
    last_final: dict[str, int] = field(default_factory=dict)
    """Open time of each symbol's newest final candle that was stored, in seconds."""
    unpublished: set[str] = field(default_factory=set)
    """Symbols with a newer ticker since the last publication."""
    moved: set[str] = field(default_factory=set)
    """Symbols whose running candle changed since the last publication."""
    unsaved: set[str] = field(default_factory=set)
    saved: set[str] = field(default_factory=set)
    """Symbols that have had a ticker saved: the first one of a pair that was just opened does not wait."""
    off_grid: int = 0

    def take(self, event: Kline | Ticker | Book) -> None:
        """Take in one event."""
        if event.symbol not in self.items:
            return
        if isinstance(event, Ticker):
            newest = self.tickers.get(event.symbol)
            if newest is None or event.time >= newest.time:
                self.tickers[event.symbol] = event
                self.received[event.symbol] = now_ms()
                self.unpublished.add(event.symbol)
                self.unsaved.add(event.symbol)
        elif isinstance(event, Book):
            self.books[event.symbol] = event
        elif event.open_time % MINUTE:
            self.off_grid += 1
        elif event.final:
            self.finals.append(event)
        else:
            newest_running = self.running.get(event.symbol)
            if newest_running is None or event.open_time >= newest_running.open_time:
                self.running[event.symbol] = event
                self.moved.add(event.symbol)

    def take_finals(self, held_back: Collection[str]) -> list[Kline]:
        """Final candles since the last call; those of symbols under repair stay until what is before them is in."""
        found = [kline for kline in self.finals if kline.symbol not in held_back]
        self.finals = [kline for kline in self.finals if kline.symbol in held_back]
        return found

    def take_running(self) -> list[Kline]:
        """Running candles that changed since the last call; not of symbols whose finals still wait: no reader sees a hole between."""
        found = self.moved.difference(kline.symbol for kline in self.finals)
        self.moved -= found
        return [bar for symbol in found if (bar := self.running.get(symbol))]

    def forget(self, symbol: str) -> None:
        """It is not watched any more; final candles that wait are stored all the same."""
        for kept in (self.tickers, self.books, self.running, self.last_final):
            kept.pop(symbol, None)
        self.unpublished.discard(symbol)
        self.moved.discard(symbol)
        self.unsaved.discard(symbol)
        self.saved.discard(symbol)

    def give_back(self, klines: list[Kline]) -> None:
        """Finals that could not be stored now."""
        self.finals = klines + self.finals

    def columns(self, klines: Collection[Kline]) -> tuple[Ints, CandleColumns]:
        """Item ids (n,) and candles for the store."""
        item_id = np.array([self.items[kline.symbol] for kline in klines], dtype=np.int64)
        return item_id, columns_of(klines)


def columns_of(klines: Collection[Kline]) -> CandleColumns:
    """Candles of one or many symbols as columns."""
    return CandleColumns.of(
        (k.open_time, k.open, k.high, k.low, k.close, k.volume, -1 if k.trades is None else k.trades) for k in klines
    )
