"""Backfill tasks: load a past that somebody put in; run again, they go on where they stopped."""

import asyncio
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from app.candles.backfills import CandleOrder, PriceOrder
from app.providers.base import ProviderError
from app.runtime import Services
from app.server.providers import build_exchange, build_feeds
from app.tasks.task import RefusedError, Task
from db.tasks import files
from jobs import cache_rebuild, measures
from jobs.backfill import run
from jobs.backfill.candles import exchange as past_of
from jobs.backfill.candles.exchange import Order, Patience
from jobs.backfill.candles.pairs import Pairs, UnknownPairError
from jobs.exchange.past import FIRST_DAY, Past

EVERY: Final = 0.5
"""Seconds between two notes of progress."""


def load_prices(held: Services, task: Task) -> None:
    """Load the file of prices that a task was given; lines that were stored by a run before are known.

    Raises:
        RefusedError: the file cannot be used; another run would not help.
    """
    order = PriceOrder(**task.payload)
    steps = _Steps(task)
    with tempfile.TemporaryDirectory(prefix="tracera-backfill-") as folder:
        path = Path(folder) / order.name
        with path.open("wb") as copy:
            copy.writelines(files.parts(task.database, task.id))
        if not path.stat().st_size:
            raise RefusedError("gone", "The file is empty, or is not kept any more. Send it again.")
        report = run.backfill(
            task.database,
            [path],
            order.source,
            progress=lambda at: steps.note(at.bytes_read, at.bytes_total, f"{at.points:,} points read"),
            item=order.item,
            replace=order.replace,
            heartbeat=timedelta(seconds=held.settings.heartbeat_seconds),
        )
    # A run before this one may have stored what this one knows.
    settle(held, stored=report.points > 0, replaced=order.replace and report.points > 0)
    if report.failed:
        raise RefusedError("invalid", "; ".join(report.failed))
    counts = {
        name: getattr(report, name)
        for name in ("points", "new", "known", "replaced", "conflict_count", "rejected_count", "items")
    }
    with task.database.connection() as connection:
        task.complete(connection, counts, f"{report.new:,} new points of {report.items:,} items")


def settle(held: Services, *, stored: bool, replaced: bool) -> None:
    """Let caches and measures follow what a backfill of prices stored and replaced."""
    if stored:
        cache_rebuild.rebuild_latest(held.database, held.redis)
    if replaced:
        measures.run(held.database, held.redis, datetime.now(UTC))


def load_candles(held: Services, task: Task) -> None:
    """Ask an exchange for the candles that a task names; what is there is not asked for again.

    Raises:
        RefusedError: it lists no such pair, or cannot be built; another run would not help.
        ProviderError: the exchange refused; what came is stored.
    """
    order = CandleOrder(**task.payload)
    try:
        exchange = build_exchange(held.settings, order.source)
        running = {feed.name for feed, _ in build_feeds(held.settings)}
    except ValueError as error:
        raise RefusedError("settings", f"{order.source} cannot be asked: {error}") from error
    try:
        changed = asyncio.run(_load(Pairs(exchange, held.database, running), order, _Steps(task)))
    except UnknownPairError as error:
        raise RefusedError("unknown_pair", str(error)) from error
    except ProviderError as error:
        raise ConnectionError(f"{error}; what came is stored") from error
    with task.database.connection() as connection:
        task.complete(connection, {"changed": changed}, f"{changed:,} candles are new or corrected")


async def _load(pairs: Pairs, order: CandleOrder, steps: "_Steps") -> int:
    exchange = pairs.exchange
    names = {name.upper() for name in order.symbols}
    since = FIRST_DAY if order.since is None else int(order.since.timestamp())
    until = int((order.until or datetime.now(UTC)).timestamp())
    past = Past(exchange, pairs.database)
    patience = Patience(exchange, lambda seconds, reason: steps.say(f"{reason}; waiting {seconds:.0f} s"))
    changed = 0
    try:
        listing = await pairs.listed(names, required=names)
        for symbol in listing.symbols:
            item = listing.items[symbol.symbol]
            plan = await past_of.plan(past, Order(symbol, item, order.interval, since, until), patience)
            steps.note(0, plan.todo, past_of.sentence(plan))
            async for step in past_of.fill(past, plan, patience):
                changed += step.changed
                steps.note(step.done, plan.todo, f"{symbol.symbol}: {step.done:,} of {plan.todo:,} candles")
    finally:
        await exchange.aclose()
    return changed


class _Steps:
    """Notes of progress, not too many of them; each also looks whether the task is to stop."""

    def __init__(self, task: Task) -> None:
        self._task, self._said = task, 0.0

    def note(self, done: int, total: int, message: str) -> None:
        """So much is done, of so much."""
        self._task.check()
        if time.monotonic() - self._said >= EVERY:
            self._said = time.monotonic()
            self._task.progress(done, total, message)

    def say(self, message: str) -> None:
        """What it waits for."""
        self._task.progress(0, None, message)
