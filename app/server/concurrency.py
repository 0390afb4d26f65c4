"""Concurrency limit: at most three requests run Python at once; more only contend for the GIL.

With twelve threads awake for eight clients, an answer that costs 1.4 ms of processor time takes 26 ms at the 99th
percentile; three at a time take 20 ms (`tests/bench/bench_http.py`).
"""

import asyncio
from types import TracebackType
from typing import Final, Self

AT_ONCE: Final = 3
LONG: Final = 0.05
"""Seconds after which a request is taken to wait for something else, and the next one may begin."""


class ConcurrencyLimit:
    """At most `at_once` are at work in one event loop, each for `long` seconds; first come, first served."""

    def __init__(self, at_once: int, long: float) -> None:
        self.free = asyncio.Semaphore(at_once)
        self.long = long


class Slot:
    """`async with Slot(limit)` waits for one; it ends with the block, or `long` seconds after it began."""

    __slots__ = ("_late", "_limit")

    def __init__(self, limit: ConcurrencyLimit) -> None:
        self._limit = limit
        self._late: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        await self._limit.free.acquire()
        self._late = asyncio.get_running_loop().call_later(self._limit.long, self._end)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._late:
            self._late.cancel()
            self._end()

    def _end(self) -> None:
        self._late = None
        self._limit.free.release()
