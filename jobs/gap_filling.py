"""Gap filling: asks a provider that tells the past for what its outages left out, of the items that matter most first."""

import asyncio
import time
from datetime import timedelta
from typing import Final

import numpy as np
import structlog

from app.providers.base import HistoryProvider, ProviderError, Quote
from app.telemetry.jobs import job_ended
from db.candles import repairs
from db.candles.repairs import BACKFILL
from db.core.arrays import Bools, Ints
from db.core.pool import Database, Row
from db.operations import outages
from db.quotes import candles, gaps, writer
from jobs.ingest import columns, microseconds
from jobs.pauses import doubled_pause
from jobs.stepping import keep_on

log = structlog.get_logger(__name__)

PAUSE: Final = 60.0
"""Seconds between two requests: a past can wait, and the limit is for what is new."""
IDLE: Final = 600.0
LONGEST_PAUSE: Final = 6 * 3_600.0
INTERVAL: Final = "1h"
CAUSE: Final = "outage"
"""The cause of a repair that brought something."""


class Filler:
    """Fills the gaps of one provider's source, of the same name."""

    def __init__(self, provider: HistoryProvider, database: Database) -> None:
        self.provider, self.database = provider, database
        self._failures = 0

    async def run(self) -> None:
        """Fill until cancelled."""
        await keep_on("gaps wait for the database", self.provider.name, self.step, pause=PAUSE)

    async def step(self) -> float:
        """Ask for the past of one item and keep what lies in its gaps; returns the seconds until the next one.

        Raises:
            DatabaseDownError: nothing can be looked up or kept.
        """
        row = await asyncio.to_thread(outages.unfilled, self.database, self.provider.name)
        if row is None:
            return IDLE
        begun = time.monotonic()
        try:
            found = await self.provider.price_history(row["name"])
        except ProviderError as error:
            self._failures += 1
            job_ended(f"fill:{self.provider.name}", time.monotonic() - begun, failed=True)
            pause = doubled_pause(IDLE, LONGEST_PAUSE, self._failures, asked=error.retry_after)
            log.warning("a past was not told", provider=self.provider.name, error=str(error), retry_in=pause)
            return pause
        self._failures = 0
        kept = await asyncio.to_thread(self._keep, row, found)
        job_ended(f"fill:{self.provider.name}", time.monotonic() - begun, failed=False)
        log.info("gaps filled", provider=self.provider.name, item=row["id"], quotes=kept)
        return PAUSE

    def _keep(self, row: Row, found: list[Quote]) -> int:
        """Store those quotes that lie in an outage and in a gap of the item, and note that it was asked for; returns how many."""
        source, item_id = self.provider.name, int(row["id"])
        series = candles.candles(
            self.database, item_id, source, INTERVAL, since=min(row["since"]), lead=2 * gaps.AROUND
        )
        holes = [gap for gap in gaps.find(series.time, candles.SECONDS[INTERVAL], time.time()) if gap.until is not None]
        times = np.array([microseconds(quote.quoted_at) // 1_000_000 for quote in found], dtype=np.int64)
        known = np.array([quote.price > 0 for quote in found], dtype=np.bool_)
        missing = known & _inside(times, [(gap.since, gap.until or 0) for gap in holes])
        spans = [
            (int(since.timestamp()), int(until.timestamp()))
            for since, until in zip(row["since"], row["until"], strict=True)
        ]
        chosen = np.flatnonzero(missing & _inside(times, spans))
        quotes = columns([found[at] for at in chosen.tolist()], [item_id] * len(chosen))
        with self.database.connection() as connection:
            writer.make_partitions(connection, quotes)
            with connection.transaction():
                writer.lock_source(connection, source)
                writer.store(connection, source, quotes, heartbeat=timedelta(0))
                for since, until in spans:
                    count = int(_inside(times[chosen], [(since, until)]).sum())
                    repairs.save(
                        connection,
                        source,
                        repairs.Gap(item_id, since, until),
                        CAUSE if count else BACKFILL,
                        count,
                        interval=INTERVAL,
                    )
        return len(chosen)


def _inside(times: Ints, spans: list[tuple[int, int]]) -> Bools:
    """Which of n times lie in one of the spans [since, until), all in seconds; shape (n,)."""
    found = np.zeros(len(times), dtype=np.bool_)
    for since, until in spans:
        found |= (times >= since) & (times < until)
    return found
