"""Exchange history: fills in a pair's past when it is first seen, the newest day first."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import structlog

from app.providers.exchange import Exchange, Symbol
from db.candles import store
from db.candles.columns import CandleColumns
from db.candles.intervals import INTERVALS, floor
from db.core.pool import Database
from jobs.exchange.buffer import columns_of
from jobs.exchange.past import Past
from jobs.exchange.patience import patiently

log = structlog.get_logger(__name__)

DAY = 86_400


@dataclass(frozen=True, slots=True)
class Part:
    """Candles of one interval that open in [since, until), in seconds."""

    interval: str
    since: int
    until: int


@dataclass(slots=True)
class History:
    """Fetches the past of pairs: minutes of `minute_days`, hours of `hour_days` before them, days from `first_day` on.

    `first_day` is in seconds, a midnight in UTC; without it no days are fetched. `on_progress` is told how many of a pair's parts
    are done, of how many.
    """

    exchange: Exchange
    database: Database
    items: Mapping[str, int]
    minute_days: int
    hour_days: int
    first_day: int | None = None
    on_progress: Callable[[Symbol, int, int], object] = lambda _symbol, _done, _total: None
    _begun: dict[str, int] = field(default_factory=dict)
    """Where the past of pairs begins that the exchange has nothing older of, in seconds."""

    async def fill(self, symbols: Sequence[Symbol]) -> int:
        """Store what is missing of these pairs' past; returns how many candles are new.

        All pairs get their newest day first, then the days of their whole past, by which levels are known, then older days' minutes,
        then hours; what is there already is not asked for again, nor what is older than a whole day without a candle, which is
        before the pair was listed.
        """
        stored = 0
        parts = list(self._parts(int(self.exchange.now())))
        for done, part in enumerate(parts):
            for symbol in symbols:
                await asyncio.to_thread(self.on_progress, symbol, done, len(parts))
                stored += await (self._fetch(symbol, part) if part.interval != "1d" else self._days(symbol, part))
        for symbol in symbols:
            await asyncio.to_thread(self.on_progress, symbol, len(parts), len(parts))
        if stored:
            log.info("history of pairs stored", exchange=self.exchange.name, pairs=len(symbols), candles=stored)
        return stored

    def _parts(self, now: int) -> Iterator[Part]:
        today = floor(now, "1d")
        for back in range(self.minute_days):
            begin = today - back * DAY
            yield Part("1m", begin, min(begin + DAY, floor(now, "1m")))
            if back == 0 and self.first_day is not None:
                yield Part("1d", self.first_day, today)
        edge = today - (self.minute_days - 1) * DAY
        # From a Monday on, so that the first week is whole.
        yield Part("1h", floor(edge - self.hour_days * DAY, "1w"), edge)

    async def _days(self, symbol: Symbol, part: Part) -> int:
        """What is missing of all days; each chunk that came stays, and what the exchange did not have is not asked for again."""
        past = Past(self.exchange, self.database)

        async def fill() -> int:
            chunks = await past.missing(self.items[symbol.symbol], part.interval, part.since, part.until)
            return sum([step.changed async for step in past.fill(symbol, part.interval, chunks)])

        return await patiently(fill, f"days of {symbol.symbol}") or 0

    async def _fetch(self, symbol: Symbol, part: Part) -> int:
        item_id = self.items[symbol.symbol]
        if part.until <= max(part.since, self._begun.get(symbol.symbol, 0)):
            return 0
        if await asyncio.to_thread(self._is_there, item_id, part):
            return 0
        question = partial(self.exchange.klines, symbol, part.interval, part.since, part.until)
        klines = await patiently(question, f"history of {symbol.symbol}")
        if not klines:
            # Today may be young; an exchange that is out of order for a whole day is not known.
            if klines is not None and part.until - part.since >= DAY:
                self._begun[symbol.symbol] = part.until
            return 0
        candles = columns_of([one for one in klines if one.final])
        return await asyncio.to_thread(self._store, item_id, candles, part.interval)

    def _is_there(self, item_id: int, part: Part) -> bool:
        """Whether as many candles are stored as fit; an exchange's own holes are asked for again at each start."""
        expected = (part.until - part.since) // INTERVALS[part.interval]
        found = store.count(self.database, self.exchange.name, item_id, part.interval, part.since, part.until)
        return found >= expected

    def _store(self, item_id: int, candles: CandleColumns, interval: str) -> int:
        with self.database.connection() as connection:
            if interval == "1m":
                store.make_partitions(connection, candles)
            with connection.transaction():
                return store.store_item(connection, self.exchange.name, item_id, candles, interval=interval)
