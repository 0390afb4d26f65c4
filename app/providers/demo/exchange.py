"""Demo exchange: twenty simulated pairs with a trade every few seconds, a past of any length, and no network."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from app.analytics.arrays import Ints
from app.providers.demo.pairs import PAIRS, TICK, PairModel
from app.providers.demo.provider import DEFAULT_SEED
from app.providers.exchange import Book, Connected, ConnectionState, Event, Kline, Symbol, Ticker
from db.candles.intervals import INTERVALS, floor
from db.items.markets import BINANCE_SPOT

if TYPE_CHECKING:
    from app.providers.settings import ProviderSettings

MINUTE: Final = 60
DAY: Final = 86_400
SAMPLES_A_CANDLE: Final = 12
"""Trades that a candle longer than a minute is made from; a minute has as many."""
CANDLES_AT_ONCE: Final = 1_440
MINUTES_A_DAY: Final = 1_440
SPREAD: Final = 0.0001


@dataclass(frozen=True, slots=True)
class _Day:
    """Minutes of the 24 hours before a minute (of 60 s since 1970): rows of open, high, low and volume, oldest first."""

    minute: int
    bars: Ints


class DemoExchange:
    """Exchange `demo`: the same seed gives the same market, whenever and however it is read."""

    name = "demo"
    market = BINANCE_SPOT
    simulated = True

    def __init__(self, settings: "ProviderSettings | None" = None, *, clock: Callable[[], float] = time.time) -> None:
        seed = DEFAULT_SEED if settings is None else settings.integer("seed", DEFAULT_SEED)
        pairs = PAIRS[: len(PAIRS) if settings is None else settings.integer("pairs", len(PAIRS))]
        self._model = PairModel(pairs, seed)
        self._symbols = [
            Symbol(
                f"{pair.base}{pair.quote}",
                pair.base,
                pair.quote,
                10**pair.price_decimals,
                10**pair.volume_decimals,
                "trading",
                5 * 10**pair.price_decimals,
            )
            for pair in pairs
        ]
        self._rows = {symbol.symbol: row for row, symbol in enumerate(self._symbols)}
        self._clock = clock
        self._watched: tuple[str, ...] = ()
        self._days: dict[int, _Day] = {}
        self._began = time.monotonic()
        self._changed = True
        self._messages = 0
        self._last_message: float | None = None
        self._closed = False

    async def symbols(self) -> list[Symbol]:
        """All twenty pairs."""
        return list(self._symbols)

    async def klines(self, symbol: Symbol, interval: str, start: int, end: int) -> list[Kline]:
        """Candles as they were, or would have been, traded; the last one is not final while it runs."""
        return await asyncio.to_thread(self._klines, self._rows[symbol.symbol], interval, start, end)

    async def watch(self, symbols: Collection[Symbol]) -> None:
        """Stream these symbols from the next second on."""
        self._watched = tuple(symbol.symbol for symbol in symbols)
        self._changed = True

    async def events(self) -> AsyncIterator[Event]:
        """Trades as tickers and books every second, each minute's candle when it is over."""
        second = int(self._clock())
        while not self._closed:
            if self._changed:
                self._changed = False
                yield Connected(self._watched, "start")
            await asyncio.sleep(max(0.0, second + 1 - self._clock()))
            now = int(self._clock())
            for at in range(max(second + 1, now - MINUTE), now + 1):
                for event in self._at(at):
                    self._messages += 1
                    self._last_message = time.monotonic()
                    yield event
            second = now

    def connections(self) -> Sequence[ConnectionState]:
        """One that never breaks."""
        age = None if self._last_message is None else time.monotonic() - self._last_message
        uptime = time.monotonic() - self._began
        watched = len(self._watched)
        return [ConnectionState(1, "open", watched, watched, age, uptime, 0, self._messages)]

    def now(self) -> float:
        """Its clock is the local one."""
        return self._clock()

    def lateness(self) -> Mapping[str, float]:
        """Nothing is ever late."""
        return {}

    def counts(self) -> Mapping[str, int]:
        """Nothing is ever set aside."""
        return {}

    async def aclose(self) -> None:
        """Nothing is open; the stream ends within a second."""
        self._closed = True

    def _at(self, second: int) -> list[Event]:
        """What happens in this second."""
        found: list[Event] = []
        for symbol in self._watched:
            row = self._rows[symbol]
            if (second - row) % TICK == 0:
                running = self._klines(row, "1m", floor(second, "1m"), second + 1, now=second)
                ticker = self._ticker(row, second, running)
                half = max(1, round(ticker.price * SPREAD))
                found += [ticker, Book(symbol, max(1, ticker.price - half), ticker.price + half), *running]
            if second % MINUTE == 0:
                found += self._klines(row, "1m", second - MINUTE, second, now=second)
        return found

    def _ticker(self, row: int, second: int, running: Sequence[Kline]) -> Ticker:
        """The newest trade, and what the minutes of the last 24 hours come to with the one that runs."""
        price = int(self._model.prices(row, np.array([second]))[0])
        opened, high, low, volume = self._day(row, second // MINUTE).T
        highest = max(int(high.max()), price, *(one.high for one in running))
        lowest = min(int(low.min()), price, *(one.low for one in running))
        traded = int(volume.sum()) + sum(one.volume for one in running)
        return Ticker(self._symbols[row].symbol, second * 1000, price, int(opened[0]), highest, lowest, traded)

    def _day(self, row: int, minute: int) -> Ints:
        day = self._days.get(row)
        if day is None or day.minute < minute:
            begin = minute - MINUTES_A_DAY
            known = np.empty((0, 4), np.int64) if day is None or day.minute <= begin else day.bars[begin - day.minute :]
            since = MINUTE * (minute - MINUTES_A_DAY + len(known))
            new = self._klines(row, "1m", since, MINUTE * minute, now=MINUTE * minute)
            bars = np.array([(one.open, one.high, one.low, one.volume) for one in new], dtype=np.int64)
            self._days[row] = day = _Day(minute, np.concatenate([known, bars]))
        return day.bars

    def _klines(self, row: int, interval: str, start: int, end: int, *, now: int | None = None) -> list[Kline]:
        width = INTERVALS[interval]
        now = int(self._clock()) if now is None else now
        opens = np.arange(floor(start + width - 1, interval), min(end, now + 1), width, dtype=np.int64)
        found: list[Kline] = []
        for at in range(0, len(opens), CANDLES_AT_ONCE):
            found += self._candles(row, opens[at : at + CANDLES_AT_ONCE], width, now)
        return found

    def _candles(self, row: int, opens: Ints, width: int, now: int) -> list[Kline]:
        """Candles from the trades of their time, or an even choice of them; the one that runs has those until now."""
        step = width // SAMPLES_A_CANDLE
        first = opens + (row - opens) % TICK
        times = first[:, None] + step * np.arange(SAMPLES_A_CANDLE, dtype=np.int64)
        traded = times <= now
        prices = self._model.prices(row, times)
        # Trades stand for the others of their time; the running candle counts those that have been.
        volumes = np.where(traded, self._model.volumes(row, times) * (step // TICK), 0)
        high = np.where(traded, prices, 0).max(axis=1)
        low = np.where(traded, prices, np.iinfo(np.int64).max).min(axis=1)
        count = traded.sum(axis=1)
        last = prices[np.arange(len(opens)), np.maximum(count - 1, 0)]
        columns = (
            opens,
            prices[:, 0],
            high,
            low,
            last,
            volumes.sum(axis=1),
            count * (step // TICK),
            opens + width <= now,
        )
        symbol = self._symbols[row].symbol
        rows = zip(*(column.tolist() for column in columns), strict=True)
        return [Kline(symbol, *row) for row, traded_once in zip(rows, (count > 0).tolist(), strict=True) if traded_once]
