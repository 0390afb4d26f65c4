"""Circuit breaker: after a part did not answer, callers are refused at once for a while; then one of them tries.

M. Nygard, *Release It!*, 5.2. One breaker per part and process, shared by everything that asks the part on behalf of a request.
"""

import time
from threading import Lock
from typing import Final

PAUSE: Final = 2.0
"""Seconds after a failure in which every caller is refused."""
PROBE_WITHIN: Final = 5.0
"""Seconds after which a probe of which nothing was heard is taken to be lost."""


class Breaker:
    """Closed: every caller may ask. Open: none. Half-open: one caller, the probe, and its result decides."""

    def __init__(self, pause: float = PAUSE) -> None:
        self._pause = pause
        self._refusing_until: float | None = None
        """Until when callers are refused; None while closed."""
        self._lock = Lock()

    def allows(self) -> bool:
        """Whether the caller may ask; if so, it must report `succeeded` or `failed`."""
        if self._refusing_until is None:
            return True
        with self._lock:
            now = time.monotonic()
            if self._refusing_until is not None and now < self._refusing_until:
                return False
            if self._refusing_until is not None:
                self._refusing_until = now + PROBE_WITHIN
            return True

    def succeeded(self) -> None:
        """The part answered."""
        if self._refusing_until is not None:
            with self._lock:
                self._refusing_until = None

    def failed(self) -> None:
        """The part did not answer in time."""
        with self._lock:
            self._refusing_until = time.monotonic() + self._pause
