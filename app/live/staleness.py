"""Staleness: tells clients when no prices come in."""

import time
from collections.abc import Callable
from typing import Any, Final

from app.live.feed import Feed

CHECK_EVERY: Final = 1.0
UNHEARD: Final = 5.0
"""Seconds without a connection to Redis after which nothing can be called live."""


class Staleness:
    """Judges a feed by its silence.

    Args:
        feed: what is listened to.
        quiet_after: seconds of silence that are unusual; None where nobody knows what is usual.
        clock: seconds since 1970.
    """

    def __init__(self, feed: Feed, quiet_after: float | None, clock: Callable[[], float] = time.time) -> None:
        self._feed, self._quiet_after, self._clock = feed, quiet_after, clock
        self._begun = self._connected = clock()
        self.stale = False

    def changed(self) -> bool:
        """Look again; whether the verdict is another one than before."""
        before, self.stale = self.stale, self._is_stale()
        return before != self.stale

    def message(self) -> dict[str, Any]:
        """What the clients are told."""
        return {"type": "feed", "state": "stale" if self.stale else "live"}

    def _is_stale(self) -> bool:
        if self._quiet_after is None:
            return False
        now = self._clock()
        if self._feed.state == "connected":
            self._connected = now
        return now - self._connected > UNHEARD or now - (self._feed.last_message or self._begun) > self._quiet_after
