"""Polling: asks a market for chosen items one by one beside the pass over all of it, each as often as its plan says."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import numpy as np
import structlog

from app.analytics.arrays import Floats
from app.providers import polling
from app.providers.base import Batch, ItemProvider, ProviderError, Quote
from app.providers.markets import CS2
from app.providers.polling import Agenda
from app.telemetry.jobs import job_ended
from db.core.pool import Database, Row
from db.operations import polling as plans
from db.operations import providers as states
from jobs.ingest import Ingest, Report
from jobs.pauses import doubled_pause
from jobs.stepping import keep_on

log = structlog.get_logger(__name__)

PLAN_SECONDS: Final = 300.0
"""Seconds between two plans: who holds and watches what changes."""
SHORTEST: Final = 60.0
"""Seconds between two requests for one item, at least."""
UNKNOWN_PASS: Final = 86_400.0
"""Seconds that a pass is taken for while nobody knows how large the market is."""
LONGEST_PAUSE: Final = 3_600.0
FIRST_PAUSE: Final = 60.0
DATABASE_PAUSE: Final = 5.0


class Poller:
    """Asks one provider; `plan_seconds` is between two plans."""

    def __init__(
        self, provider: ItemProvider, database: Database, ingest: Ingest, *, plan_seconds: float = PLAN_SECONDS
    ) -> None:
        self.provider, self.database, self.ingest = provider, database, ingest
        self._plan_seconds = plan_seconds
        self._rows: Sequence[Row] = ()
        self._agenda = Agenda(np.empty(0), np.empty(0))
        self._planned_at = float("-inf")
        self._next_slot = 0.0
        self._failures = 0

    async def run(self) -> None:
        """Ask until cancelled."""
        await keep_on("polling waits for the database", self.provider.name, self.step, pause=DATABASE_PAUSE)

    async def step(self) -> float:
        """Plan anew if it is time, and ask for an item if one is due; returns the seconds until there is something to do again.

        Raises:
            DatabaseDownError: nothing can be planned or kept.
        """
        now = time.time()
        if now - self._planned_at >= self._plan_seconds:
            await asyncio.to_thread(self._plan, now)
        left = self._planned_at + self._plan_seconds - now
        if now < self._next_slot:
            return min(self._next_slot - now, max(left, 0.0))
        at = self._agenda.next(now)
        if at is None:
            return min(self._agenda.wait(now), max(left, 0.0))
        self._next_slot = now + 1 / self.provider.poll_rate
        await self._ask(at)
        return 0.0

    def _plan(self, now: float) -> None:
        cursor = states.cursor_of(self.database, self.provider.name)
        seconds = self.provider.pass_seconds(cursor)
        rows = plans.candidates(self.database, CS2.id, self.provider.name)

        def column(name: str) -> Floats:
            return np.array([row[name] for row in rows], dtype=np.float64)

        weight = polling.weights(column("holders"), column("watchers"), column("liquidity"), column("volatility"))
        interval = polling.intervals(
            weight, rate=self.provider.poll_rate, pass_seconds=seconds or UNKNOWN_PASS, shortest=SHORTEST
        )
        chosen = np.flatnonzero(np.isfinite(interval))
        self._rows = [rows[at] for at in chosen.tolist()]
        read = [row["read"].timestamp() if row["read"] else 0.0 for row in self._rows]
        self._agenda = Agenda(interval[chosen], np.array(read, dtype=np.float64))
        planned = plans.Planned(
            item_id=np.array([row["id"] for row in self._rows], dtype=np.int64),
            interval=interval[chosen],
            in_demand=((column("holders") > 0) | (column("watchers") > 0))[chosen],
            liquidity=column("liquidity")[chosen],
            volatility=column("volatility")[chosen],
        )
        plans.save(
            self.database,
            self.provider.name,
            planned,
            at=datetime.fromtimestamp(now, UTC),
            per_minute=60 * self.provider.poll_rate,
            pass_seconds=seconds,
        )
        self._planned_at = now

    async def _ask(self, at: int) -> None:
        """Ask for the item at a place of the plan and keep what comes; a market that refuses is left alone for longer each time."""
        row, begun = self._rows[at], time.monotonic()
        quote: Quote | None = None
        error: ProviderError | None = None
        try:
            quote = await self.provider.poll(row["name"])
            self._failures = 0
        except ProviderError as failure:
            error = failure
        now = time.time()
        if error is not None and error.kind != "unknown_item":
            self._failures += 1
            pause = doubled_pause(FIRST_PAUSE, LONGEST_PAUSE, self._failures, asked=error.retry_after)
            self._next_slot = now + pause
            log.warning("an item was not answered", provider=self.provider.name, error=str(error), retry_in=pause)
        else:
            self._agenda.was_read(at, now)
            await asyncio.to_thread(self._keep, row["id"], quote, datetime.fromtimestamp(now, UTC))
        job_ended(f"poll:{self.provider.name}", time.monotonic() - begun, failed=error is not None)

    def _keep(self, item_id: int, quote: Quote | None, at: datetime) -> None:
        if quote is not None:
            self.ingest.store(None, Batch([quote]), Report(self.provider.name, at))
        plans.polled(self.database, self.provider.name, item_id, at)
