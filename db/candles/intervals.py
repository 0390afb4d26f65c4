"""Intervals: lengths of candles, and which smaller one each is rolled up from."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, TypeVar

from db.core.arrays import Ints

INTERVALS: Final[Mapping[str, int]] = MappingProxyType(
    {"1m": 60, "5m": 300, "15m": 900, "1h": 3_600, "4h": 14_400, "1d": 86_400, "1w": 604_800}
)
"""Seconds of each interval, shortest first; each is a multiple of the one before."""
NAMES: Final = tuple(INTERVALS)
ORIGIN: Final = datetime(2000, 1, 3, tzinfo=UTC)
"""A Monday: intervals of every length begin there, so that weeks begin on Mondays and days at midnight UTC."""
_ORIGIN_SECONDS: Final = int(ORIGIN.timestamp())
_Seconds = TypeVar("_Seconds", int, Ints)


def floor(seconds: _Seconds, interval: str) -> _Seconds:
    """When the candle of that moment, or of each of many, begins, in seconds since 1970."""
    return seconds - (seconds - _ORIGIN_SECONDS) % INTERVALS[interval]


def ceil(seconds: int, interval: str) -> int:
    """The first beginning of a candle at that moment or after."""
    return -((-seconds + _ORIGIN_SECONDS) // INTERVALS[interval]) * INTERVALS[interval] + _ORIGIN_SECONDS


def moment(seconds: int) -> datetime:
    """Seconds since 1970 as an aware time."""
    return datetime.fromtimestamp(seconds, UTC)
