"""Rate limiter: bounds how often a market is asked, and pauses on request."""

import asyncio
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable


class RateLimiter:
    """At most `requests` in any `period` seconds, at least `spacing` (plus up to `jitter`) seconds apart.

    Every caller gets a slot of its own when it asks, so that callers go in the order they came and none waits for a
    lock. A pause (a market's Retry-After) moves every waiting request behind its end. `clock` and `sleep` are
    given by tests. Zero `requests` means no limit on their number.
    """

    def __init__(
        self,
        requests: int,
        period: float,
        *,
        spacing: float = 0.0,
        jitter: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._requests = requests
        self._period = period
        self._spacing = spacing
        self._jitter = jitter
        self._clock = clock
        self._sleep = sleep
        self._slots: deque[float] = deque(maxlen=max(requests, 1))
        self._paused_until = float("-inf")

    async def acquire(self) -> None:
        """Wait until a request may be sent."""
        slot = self._reserve()
        while True:
            wait = slot - self._clock()
            if wait > 0:
                await self._sleep(wait)
            if slot >= self._paused_until:
                return
            slot = self._reserve()

    def pause(self, seconds: float) -> None:
        """Hold all requests for so many seconds from now; a shorter pause does not cut a longer one."""
        self._paused_until = max(self._paused_until, self._clock() + seconds)

    def paused_for(self) -> float:
        """Seconds until the pause ends, 0 without one."""
        return max(0.0, self._paused_until - self._clock())

    def _reserve(self) -> float:
        slot = max(self._clock(), self._paused_until)
        if self._slots:
            # Jitter keeps several instances behind one address from falling into step; it is no secret.
            slot = max(slot, self._slots[-1] + self._spacing + random.uniform(0, self._jitter))  # noqa: S311
        if self._requests and len(self._slots) == self._requests:
            slot = max(slot, self._slots[0] + self._period)
        self._slots.append(slot)
        return slot
