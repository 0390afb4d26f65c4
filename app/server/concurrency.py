"""Concurrency limit: at most three requests run Python at once; more only contend for the GIL.

With twelve threads awake for eight clients, an answer that costs 1.4 ms of processor time takes 26 ms at the 99th
percentile; three at a time take 20 ms (`tests/bench/bench_http.py`).
"""

import asyncio
from types import TracebackType
from typing import Final, Self

MAX_CONCURRENT: Final = 3
HOLD_SECONDS: Final = 0.05
"""Seconds after which a request is assumed to wait for I/O and gives its slot to the next one."""


class ConcurrencyLimit:
    """At most `at_once` are at work in one event loop, each for `hold_seconds` seconds; first come, first served."""

    def __init__(self, at_once: int, hold_seconds: float) -> None:
        self.free = asyncio.Semaphore(at_once)
        self.hold_seconds = hold_seconds


class Slot:
    """`async with Slot(limit)` waits for one; it ends with the block, or `hold_seconds` seconds after it began."""

    __slots__ = ("_limit", "_timer")

    def __init__(self, limit: ConcurrencyLimit) -> None:
        self._limit = limit
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        await self._limit.free.acquire()
        self._timer = asyncio.get_running_loop().call_later(self._limit.hold_seconds, self._release)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer:
            self._timer.cancel()
            self._release()

    def _release(self) -> None:
        self._timer = None
        self._limit.free.release()
