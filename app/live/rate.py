"""Rates: token buckets for what clients send, and a meter of what is delivered."""

import time
from collections.abc import Callable


class TokenBucket:
    """Lets `burst` events through at once and `rate` a second after that."""

    __slots__ = ("_burst", "_clock", "_last", "_rate", "_tokens")

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._tokens = burst
        self._last = clock()

    def take(self, events: float = 1) -> bool:
        """Whether so many more events are within the rate; none of them is counted if they are not."""
        if self.due(events):
            return False
        self._tokens -= events
        return True

    def due(self, events: float = 1) -> float:
        """Seconds until so many more events are within the rate; 0 where they are now."""
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._last) * self._rate)
        self._last = now
        return max(0.0, (events - self._tokens) / self._rate)

    def is_full(self) -> bool:
        """Whether nothing is left to be forgotten: a new bucket would be the same."""
        return not self.due(self._burst)


class Meter:
    """Events per second over the last whole `SPAN` seconds."""

    SPAN = 10

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # One slot more than the span, for the second that is not over yet.
        self._counts = [0] * (self.SPAN + 1)
        self._seconds = [-1] * (self.SPAN + 1)
        self.total = 0

    def add(self, events: int) -> None:
        """Count events that happened now."""
        second = int(self._clock())
        slot = second % len(self._counts)
        if self._seconds[slot] != second:
            self._seconds[slot] = second
            self._counts[slot] = 0
        self._counts[slot] += events
        self.total += events

    def per_second(self) -> float:
        """The mean rate; safe to call from another thread."""
        now = int(self._clock())
        pairs = zip(self._seconds, self._counts, strict=True)
        return sum(count for second, count in pairs if now - self.SPAN <= second < now) / self.SPAN
