"""Candle backfill over an exchange's interface: polite, and going on where an earlier one ended."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import stamina

from app.providers.base import ProviderError
from app.providers.exchange import Exchange, Kline, Symbol
from db.candles import store
from db.candles.intervals import INTERVALS, ceil, floor, moment
from db.candles.repairs import Gap
from jobs.exchange.past import FIRST_DAY, Past

DAY = INTERVALS["1d"]
ATTEMPTS = 8
"""How often a chunk is asked for: about three minutes of an unreachable exchange, or as many times as it asks for patience."""
FIRST_WAIT = 2.0
LONGEST_WAIT = 60.0
TRANSIENT = frozenset({"network", "throttled"})
SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted of one pair: candles of `interval` that open in [since, until), in seconds."""

    symbol: Symbol
    item_id: int
    interval: str
    since: int
    until: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What an order comes to: `stored` candles are there already, chunks of `todo` candles are asked for.

    `begin` is where that begins, in seconds; None where nothing is missing.
    """

    order: Order
    chunks: tuple[Gap, ...]
    stored: int
    todo: int

    @property
    def begin(self) -> int | None:
        """Where it goes on."""
        return self.chunks[0].since if self.chunks else None


@dataclass(frozen=True, slots=True)
class Advance:
    """After a chunk: candles of the plan that are dealt with so far; how many came in it, how many of them are new or differ."""

    done: int
    came: int
    changed: int


class Patience:
    """Asks an exchange again after what passes; `waiting` is told the seconds and the reason before each wait.

    Where the exchange says how long to wait (429, 418), it is left alone for just that long.
    """

    def __init__(self, exchange: Exchange, waiting: Callable[[float, str], None]) -> None:
        self._exchange, self._waiting = exchange, waiting

    async def klines(self, symbol: Symbol, interval: str, start: int, end: int) -> list[Kline]:
        """As `Exchange.klines`. Raises ProviderError for what does not pass."""
        found: list[Kline] = []
        async for attempt in stamina.retry_context(
            on=self._wait, attempts=ATTEMPTS, timeout=None, wait_initial=FIRST_WAIT, wait_max=LONGEST_WAIT
        ):
            with attempt:
                found = await self._exchange.klines(symbol, interval, start, end)
        return found

    def _wait(self, error: Exception) -> bool | float:
        if not isinstance(error, ProviderError):
            return False
        if error.kind not in TRANSIENT and (error.status or 0) < SERVER_ERROR:
            return False
        if error.retry_after is None:
            return True
        self._waiting(error.retry_after, str(error))
        return error.retry_after


async def plan(past: Past, order: Order, patience: Patience) -> Plan:
    """Look what of an order is missing.

    Of candles shorter than a day, the days of the pair's whole past come first: they say since when it trades, and levels need
    them. Such candles are asked for from midnight to midnight, or to now, so that no day is made of a part of it.

    Raises:
        ProviderError: the exchange refused; so with `fill`.
        DatabaseDownError: PostgreSQL went away; likewise.
    """
    now, name, item = int(datetime.now(UTC).timestamp()), past.exchange.name, order.item_id
    since, until = floor(order.since, order.interval), order.until
    if INTERVALS[order.interval] < DAY:
        today = floor(now, "1d")
        chunks = await past.missing(item, "1d", FIRST_DAY, today)
        async for _ in past.fill(order.symbol, "1d", chunks, patience.klines):
            pass
        since, until = floor(since, "1d"), ceil(until, "1d")
        first = await asyncio.to_thread(store.first_open, past.database, name, item, "1d", since)
        since = max(since, today if first is None else first)
    until = max(since, min(floor(until, order.interval), floor(now, order.interval)))
    missing = await past.missing(item, order.interval, since, until) if since < until else []
    todo = sum(chunk.until - chunk.since for chunk in missing) // INTERVALS[order.interval]
    stored = await asyncio.to_thread(store.count, past.database, name, item, order.interval, since, until)
    return Plan(order, tuple(missing), stored, todo)


async def fill(past: Past, made: Plan, patience: Patience) -> AsyncIterator[Advance]:
    """Fetch and store what a plan asks for, the oldest first."""
    order = made.order
    done = 0
    async for step in past.fill(order.symbol, order.interval, made.chunks, patience.klines):
        done += (step.gap.until - step.gap.since) // INTERVALS[order.interval]
        yield Advance(done, step.came, step.changed)


def sentence(made: Plan) -> str:
    """What a plan comes to, for people."""
    name = f"{made.order.symbol.symbol}, {made.order.interval}"
    begin = made.begin
    if begin is None:
        return f"{name}: nothing is missing, {made.stored:,} candles are there"
    goes_on = f"going on at {moment(begin):%Y-%m-%d %H:%M}" if made.stored else f"from {moment(begin):%Y-%m-%d %H:%M}"
    there = f"{made.stored:,} candles are there already, " if made.stored else ""
    return f"{name}: {there}{goes_on}, {made.todo:,} to ask for"
