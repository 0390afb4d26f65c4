"""Moving windows: at most so many events in any span of seconds, counted in Redis or in this process."""

import math
import time
from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

import redis
from cachetools import TTLCache

from app.settings.rate_limits import Limit

SCRIPT = """
-- KEYS[1] lists the times of its events in microseconds, newest first. ARGV: limit, window in microseconds.
-- The clock is Redis' own, so processes need not agree on one. Returns {passed 0|1, remaining, microseconds until
-- another place is free}. A refused event is not counted.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local key, limit, window = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local oldest = redis.call('LINDEX', key, -1)
while oldest and tonumber(oldest) <= now - window do
    redis.call('RPOP', key)
    oldest = redis.call('LINDEX', key, -1)
end
local last = redis.call('LINDEX', key, limit - 1)
if last then return {0, 0, tonumber(last) + window - now} end
local held = redis.call('LPUSH', key, string.format('%.0f', now))
redis.call('PEXPIRE', key, math.ceil(window / 1000))
return {1, limit - held, (oldest and tonumber(oldest) or now) + window - now}
"""


class Verdict(NamedTuple):
    """Whether an event may pass, how many more may, and the whole seconds until another place is free."""

    passed: bool
    remaining: int
    wait: int


class SharedWindows:
    """Windows in Redis, shared by every process that uses it. A key holds `amount` times at most, and ends with its window."""

    def __init__(self, client: redis.Redis) -> None:
        self._script = client.register_script(SCRIPT)

    def hit(self, key: str, limit: Limit) -> Verdict:
        """Count one event, unless the window is full.

        Raises:
            redis.RedisError: Redis cannot be asked.
        """
        passed, remaining, wait = self._script(keys=[key], args=[limit.amount, limit.seconds * 1_000_000])
        return Verdict(bool(passed), int(remaining), math.ceil(wait / 1_000_000))


class LocalWindows:
    """The same in this process, for at most `most` keys a span; the key that was quiet longest is forgotten first."""

    def __init__(self, most: int = 20_000, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._most = most
        self._spans: dict[int, TTLCache[str, deque[float]]] = {}

    def hit(self, key: str, limit: Limit) -> Verdict:
        """Count one event, unless the window is full."""
        with self._lock:
            now = self._clock()
            span = self._spans.get(limit.seconds)
            if span is None:
                span = self._spans[limit.seconds] = TTLCache(self._most, limit.seconds, timer=self._clock)
            window = span.get(key) or deque(maxlen=limit.amount)
            while window and window[0] <= now - limit.seconds:
                window.popleft()
            if len(window) >= limit.amount:
                return Verdict(passed=False, remaining=0, wait=math.ceil(window[0] + limit.seconds - now))
            window.append(now)
            span[key] = window
            left = limit.amount - len(window)
            return Verdict(passed=True, remaining=left, wait=math.ceil(window[0] + limit.seconds - now))
