"""Server clock: the exchange's time, as far as its answers prove it. The local clock has no say in what is final."""

import time
from collections.abc import Callable


class ServerClock:
    """The least that the exchange's clock can show now: the time it said last, plus what has passed here since.

    `elapsed` counts seconds and never goes back.
    """

    def __init__(self, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._elapsed = elapsed
        self._base: float | None = None
        self._heard = float("-inf")

    def hear(self, moment: int) -> None:
        """The exchange said just now that it is `moment`, in milliseconds."""
        self._heard = self._elapsed()
        self._base = moment - self._heard * 1000

    def now(self) -> int | None:
        """Milliseconds since 1970, None before the exchange said anything."""
        return None if self._base is None else int(self._base + self._elapsed() * 1000)

    def age(self) -> float:
        """Seconds since the exchange last said what time it is; infinite before."""
        return self._elapsed() - self._heard
