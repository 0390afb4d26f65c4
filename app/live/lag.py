"""Lag: how long a price takes from its quote to the sockets of clients, step by step."""

import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Any, Final, NamedTuple

from prometheus_client.core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from app.telemetry import durations

STAGES: Final = ("received", "stored", "published", "sent")
"""Each begins where the one before it ended, the first with the quote's own time; steps that were not taken are left out."""
LATEST: Final = 2**53
_BOUNDS: Final = [1.6**power for power in range(28)]
"""Upper bounds of the buckets in milliseconds, to 325 s; one more bucket has none."""


class Moments(NamedTuple):
    """When a price's steps ended, in milliseconds since 1970; None where that is not known."""

    received: int | None = None
    stored: int | None = None
    published: int | None = None


NOT_KNOWN: Final = Moments()


class _Step:
    """One stage: how many prices fell into each bucket, and the sum of their milliseconds."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(_BOUNDS) + 1)
        self.total = 0.0


class _Lag(Collector):
    """A histogram with one writer, which counts a whole tick at a time; prometheus_client's costs five times as much a price."""

    def __init__(self) -> None:
        self.steps = [_Step() for _ in STAGES]
        self._created = time.time()

    def collect(self) -> Iterator[Metric]:
        """The histogram as Prometheus has it, in seconds."""
        family = HistogramMetricFamily(
            "tracera_live_lag_seconds",
            "What each step of a price's way took; the first begins with the quote",
            labels=["stage"],
        )
        names = [*(str(0.001 * bound) for bound in _BOUNDS), "+Inf"]
        for stage, step in zip(STAGES, self.steps, strict=True):
            buckets = list(zip(names, accumulate(step.counts), strict=True))
            family.add_metric([stage], buckets, step.total / 1000)
            family.add_sample(f"{family.name}_created", {"stage": stage}, self._created)
        yield family


LAG: Final = _Lag()


def take_moments(message: dict[str, Any]) -> Moments:
    """The moments a message in Redis carries, which are taken out of it: clients are not told."""
    return Moments(*(_moment(message.pop(name, None)) for name in Moments._fields))


def _moment(value: object) -> int | None:
    return value if type(value) is int and 0 < value <= LATEST else None


def now_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def observe(prices: Iterable[tuple[float, Moments]], sent: int) -> None:
    """Count the steps of prices sent together, by one thread alone. A clock that is ahead makes a step 0.

    Args:
        prices: when each was quoted, in milliseconds since 1970, and its further moments.
        sent: when they were sent, in milliseconds since 1970.
    """
    steps = LAG.steps
    for quoted, moments in prices:
        begun = quoted
        for step, ended in zip(steps, (*moments, sent), strict=True):
            if ended is not None:
                took = ended - begun if ended > begun else 0.0
                step.counts[bisect_left(_BOUNDS, took)] += 1
                step.total += took
                begun = ended


def summary() -> dict[str, durations.Figures]:
    """By stage: how many prices, and the percentiles in milliseconds."""
    found = durations.summary(LAG)
    return {stage: found[stage] for stage in STAGES if stage in found}
