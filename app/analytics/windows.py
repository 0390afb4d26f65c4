"""Windows: the time spans that measures cover, and the edges of their buckets."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from app.analytics.arrays import Ints

ORIGIN = 946_857_600
"""2000-01-03 00:00 UTC, a Monday, in epoch seconds: buckets begin here as `date_bin` and `time_bucket` begin them."""

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time cut into equal buckets; all lengths in seconds."""

    name: str
    seconds: int
    bucket_seconds: int

    @property
    def buckets(self) -> int:
        """How many buckets make the window."""
        return self.seconds // self.bucket_seconds


WINDOWS: Mapping[str, Window] = MappingProxyType(
    {
        window.name: window
        for window in (
            Window("1h", _HOUR, 5 * _MINUTE),
            Window("24h", _DAY, _HOUR),
            Window("7d", 7 * _DAY, _HOUR),
            Window("30d", 30 * _DAY, _HOUR),
        )
    }
)

MIN_BASE_REACH = 2 * _DAY


def base_reach(seconds: float) -> float:
    """How long before a window of so many seconds its base close may lie, in seconds: the window's length, or two days.

    An older one does not tell what the price was when the window began.
    """
    return max(seconds, MIN_BASE_REACH)


def bucket_edges(window: Window, as_of: float) -> Ints:
    """Epoch seconds of the `buckets + 1` edges: bucket i is [edges[i], edges[i + 1]), the last one contains `as_of`."""
    last = ORIGIN + int((as_of - ORIGIN) // window.bucket_seconds) * window.bucket_seconds
    steps = np.arange(1 - window.buckets, 2, dtype=np.int64)
    return np.asarray(last + steps * window.bucket_seconds, dtype=np.int64)
