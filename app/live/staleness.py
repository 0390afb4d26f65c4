"""Staleness: tells clients when no prices come in."""

import time
from collections.abc import Callable
from typing import Any, Final

from app.live.feed import Feed

CHECK_EVERY: Final = 1.0
DISCONNECTED_AFTER: Final = 5.0
"""Seconds without a connection to Redis after which prices are stale."""


class Staleness:
    """Decides from a feed's silence whether prices are stale.

    Args:
        feed: what is listened to.
        stale_after: seconds without a message after which prices are stale; None: never.
        clock: seconds since 1970.
    """

    def __init__(self, feed: Feed, stale_after: float | None, clock: Callable[[], float] = time.time) -> None:
        self._feed, self._stale_after, self._clock = feed, stale_after, clock
        self._started = self._connected = clock()
        self.stale = False

    def has_changed(self) -> bool:
        """Check again; whether the state is another one than before."""
        before, self.stale = self.stale, self._is_stale()
        return before != self.stale

    def message(self) -> dict[str, Any]:
        """The message that tells clients the state."""
        return {"type": "feed", "state": "stale" if self.stale else "live"}

    def _is_stale(self) -> bool:
        if self._stale_after is None:
            return False
        now = self._clock()
        if self._feed.state == "connected":
            self._connected = now
        return (
            now - self._connected > DISCONNECTED_AFTER
            or now - (self._feed.last_message or self._started) > self._stale_after
        )
