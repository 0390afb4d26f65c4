"""Gap repair: asks the exchange for minutes that no final candle covers, and stores them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from app.providers.exchange import Exchange, Symbol
from db.candles import repairs, store
from db.candles.columns import CandleColumns
from db.candles.repairs import Gap
from db.core.pool import Database
from jobs.exchange.buffer import MINUTE, columns_of

log = structlog.get_logger(__name__)

FIRST = "first"


@dataclass(frozen=True, slots=True)
class Repair:
    """A gap of a symbol, and why it is mended; the first candles of a pair mend nothing."""

    symbol: Symbol
    gap: Gap
    cause: str


@dataclass(slots=True)
class GapRepair:
    """Repairs the gaps of one exchange's candles."""

    exchange: Exchange
    database: Database
    items: Mapping[str, int]
    stored: int = 0
    """Candles that were stored or corrected so far."""

    async def since_last(self, symbols: Sequence[Symbol], now: int, longest: int, cause: str) -> list[Repair]:
        """From each symbol's last final candle to now, at most `longest` seconds back; nothing is asked for yet.

        The last final candle is asked for again: a restart may have met it before it was corrected.
        """
        last = await asyncio.to_thread(
            repairs.last_final, self.database, self.exchange.name, [self.items[symbol.symbol] for symbol in symbols]
        )
        found = []
        for symbol in symbols:
            item = self.items[symbol.symbol]
            begin = max(last.get(item, 0), now - longest) // MINUTE * MINUTE
            found.append(Repair(symbol, Gap(item, begin, now // MINUTE * MINUTE), cause if item in last else FIRST))
        return found

    async def gaps(self, symbols: Sequence[Symbol], since: int, until: int, cause: str) -> list[Repair]:
        """What is missing between candles in [since, until); nothing is asked for yet."""
        by_item = {self.items[symbol.symbol]: symbol for symbol in symbols}
        found = await asyncio.to_thread(repairs.gaps, self.database, self.exchange.name, list(by_item), since, until)
        return [Repair(by_item[gap.item_id], gap, cause) for gap in found]

    async def fill(self, repair: Repair) -> int:
        """Fetch and store final minutes of a gap; returns the open time of the last one, the minute before the gap if none came.

        Raises:
            ProviderError: the exchange did not give them.
        """
        gap = repair.gap
        if gap.since >= gap.until:
            return gap.since - MINUTE
        klines = await self.exchange.klines(repair.symbol, "1m", gap.since, gap.until)
        candles = columns_of([one for one in klines if one.final])
        changed = await asyncio.to_thread(self._store, gap, candles, repair.cause)
        self.stored += changed
        if changed > 1 and repair.cause != FIRST:
            log.info("candles repaired", symbol=repair.symbol.symbol, cause=repair.cause, candles=changed)
        return int(candles.open_time[-1]) if len(candles) else gap.since - MINUTE

    def _store(self, gap: Gap, candles: CandleColumns, cause: str) -> int:
        source = self.exchange.name
        with self.database.connection() as connection:
            store.make_partitions(connection, candles)
            with connection.transaction():
                changed = store.store_item(connection, source, gap.item_id, candles)
                if cause != FIRST and gap.until - gap.since > 2 * MINUTE:
                    repairs.save(connection, source, gap, cause, changed)
        return changed
