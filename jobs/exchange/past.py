"""Exchange past: fetches what is missing of a pair's candles of one interval, the oldest first, and goes on where it ended."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

from app.providers.exchange import Exchange, Kline, Symbol
from db.candles import repairs, store
from db.candles.columns import CandleColumns
from db.candles.intervals import INTERVALS, NAMES, floor
from db.candles.repairs import BACKFILL, Gap
from db.core.pool import Database
from jobs.exchange.buffer import columns_of

FIRST_DAY = 1_483_228_800
"""2017-01-01, in seconds: before any exchange had a pair that is here."""
CHUNK_OF_MINUTES = "1w"
"""Minutes are fetched and stored a calendar week at a time: ten requests."""
CHUNK = 10_000
"""As many longer candles."""

Fetch = Callable[[Symbol, str, int, int], Awaitable[list[Kline]]]
"""As `Exchange.klines`."""


@dataclass(frozen=True, slots=True)
class Step:
    """A chunk that is stored: its time, how many candles came, and how many of them are new or differ."""

    gap: Gap
    came: int
    changed: int


@dataclass(frozen=True, slots=True)
class Past:
    """Fetches the past of one exchange's pairs. What is stored is not asked for again, nor what the exchange did not have."""

    exchange: Exchange
    database: Database

    async def missing(self, item_id: int, interval: str, since: int, until: int) -> list[Gap]:
        """Chunks that are to be asked for in [since, until), both on the interval's grid, the oldest first."""
        found = await asyncio.to_thread(
            repairs.missing, self.database, self.exchange.name, item_id, interval, since, until
        )
        return [chunk for gap in found for chunk in _chunks(gap, interval)]

    async def fill(
        self, symbol: Symbol, interval: str, chunks: Sequence[Gap], fetch: Fetch | None = None
    ) -> AsyncIterator[Step]:
        """Fetch and store chunks one by one, each with its roll-ups in a transaction of its own; `fetch` in place of the exchange's.

        Raises:
            ProviderError: the exchange refused; what came before stays, and `missing` is less by it.
            DatabaseDownError: PostgreSQL went away; likewise.
        """
        for chunk in chunks:
            klines = await (fetch or self.exchange.klines)(symbol, interval, chunk.since, chunk.until)
            candles = columns_of([one for one in klines if one.final])
            yield Step(chunk, len(candles), await asyncio.to_thread(self._store, chunk, candles, interval))

    def _store(self, chunk: Gap, candles: CandleColumns, interval: str) -> int:
        source = self.exchange.name
        with self.database.connection() as connection:
            if interval == NAMES[0]:
                store.make_partitions(connection, candles)
            with connection.transaction():
                changed = store.store_item(connection, source, chunk.item_id, candles, interval=interval)
                if len(candles) < (chunk.until - chunk.since) // INTERVALS[interval]:
                    repairs.save(connection, source, chunk, BACKFILL, len(candles), interval=interval)
        return changed


def _chunks(gap: Gap, interval: str) -> list[Gap]:
    """Parts of a gap that are fetched at a time; of minutes each within a calendar week, so that weeks are rolled up whole."""
    bounds = [gap.since]
    while bounds[-1] < gap.until:
        if interval == NAMES[0]:
            end = floor(bounds[-1], CHUNK_OF_MINUTES) + INTERVALS[CHUNK_OF_MINUTES]
        else:
            end = bounds[-1] + CHUNK * INTERVALS[interval]
        bounds.append(min(end, gap.until))
    return [Gap(gap.item_id, begin, end) for begin, end in itertools.pairwise(bounds)]
