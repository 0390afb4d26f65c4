"""Price levels: the all-time range with the Enigma level, the ranges of UTC calendar periods, and approaches to levels.

Pure functions. Prices are integers in minor units, times are epoch seconds. Mids and Fibonacci levels are computed exactly and
then rounded half away from zero to minor units; only the Enigma level and positions are floats, the nearest to the exact
quotient.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from types import MappingProxyType
from typing import Literal, Protocol

Period = Literal["day", "week", "month", "year"]
"""A calendar period in UTC; weeks are those of ISO 8601 and begin on Monday."""

FIBONACCI: Mapping[str, Fraction] = MappingProxyType(
    {percent: Fraction(percent) / 100 for percent in ("0", "23.6", "38.2", "50", "61.8", "78.6", "100")}
)
"""The usual retracement levels by their percentage, as parts of a range from its low to its high."""

TOLERANCE = Fraction(2, 1000)
"""How near to a level a price approaches it, as a part of the level."""


class Candle(Protocol):
    """What levels need of a candle: prices in minor units and the epoch second in which it opened.

    A candle counts for the period in which it opens, so it must be no longer than a day.
    """

    @property
    def open_time(self) -> int:
        """Epoch second of the beginning."""

    @property
    def open(self) -> int:
        """First price."""

    @property
    def high(self) -> int:
        """Highest price."""

    @property
    def low(self) -> int:
        """Lowest price."""


@dataclass(frozen=True, slots=True)
class AllTime:
    """All-time high and low, with the opening times of the first candles that reached them."""

    high: int
    high_time: int
    low: int
    low_time: int


@dataclass(frozen=True, slots=True)
class Enigma:
    """Where a price lies between all-time low (0) and all-time high (100); `level` is None where the two are one.

    `fib_levels` are prices by percentage of the same range: "0" is the all-time low, "100" the all-time high.
    """

    level: float | None
    ath: int
    ath_time: int
    atl: int
    atl_time: int
    current_price: int
    fib_levels: dict[str, int]


@dataclass(frozen=True, slots=True)
class PeriodRange:
    """The range of one period that began at `start`; prices are None where it has no candle.

    `position` is where the current price lies: 0 at the low, 1 at the high, below or above them if it has left the range;
    None where there is no price or the range has no height.
    """

    start: int
    high: int | None
    low: int | None
    open: int | None
    mid: int | None
    position: float | None


@dataclass(frozen=True, slots=True)
class PeriodLevels(PeriodRange):
    """The range of the current period, and that of the one before it on the calendar."""

    period: Period
    previous: PeriodRange


@dataclass(frozen=True, slots=True)
class Approach:
    """Names of the levels that a price is near to, and of those among them that it was not near to before."""

    near: frozenset[str]
    entered: frozenset[str]


def all_time(candles: Iterable[Candle]) -> AllTime | None:
    """The all-time range of candles in order of time; None without any."""
    found: AllTime | None = None
    for candle in candles:
        at = candle.open_time
        if found is None:
            found = AllTime(candle.high, at, candle.low, at)
        high, high_time = (candle.high, at) if candle.high > found.high else (found.high, found.high_time)
        low, low_time = (candle.low, at) if candle.low < found.low else (found.low, found.low_time)
        found = AllTime(high, high_time, low, low_time)
    return found


def enigma(extremes: AllTime, price: int) -> Enigma:
    """The Enigma level: (price - ATL) / (ATH - ATL) x 100, held to 0 ... 100 where the price is newer than the range."""
    height = extremes.high - extremes.low
    return Enigma(
        level=100 * min(max(price - extremes.low, 0), height) / height if height else None,
        ath=extremes.high,
        ath_time=extremes.high_time,
        atl=extremes.low,
        atl_time=extremes.low_time,
        current_price=price,
        fib_levels={percent: _rounded(extremes.low + part * height) for percent, part in FIBONACCI.items()},
    )


def period_start(time: int, period: Period) -> int:
    """The epoch second in which the period began that contains `time`."""
    midnight = datetime.fromtimestamp(time, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    begin = {
        "day": midnight,
        "week": midnight - timedelta(days=midnight.weekday()),
        "month": midnight.replace(day=1),
        "year": midnight.replace(month=1, day=1),
    }[period]
    return int(begin.timestamp())


def period_levels(candles: Iterable[Candle], period: Period, *, now: int, price: int | None) -> PeriodLevels:
    """The range of the period that contains `now`, up to then, and that of the period before.

    `candles` are in order of time, each no longer than a day; those that open elsewhere are ignored. `price` is the
    current one, None where it is unknown.
    """
    start = period_start(now, period)
    previous_start = period_start(start - 1, period)
    current: list[Candle] = []
    previous: list[Candle] = []
    for candle in candles:
        if start <= candle.open_time <= now:
            current.append(candle)
        elif previous_start <= candle.open_time < start:
            previous.append(candle)
    here = _range(current, start, price)
    return PeriodLevels(
        start=start,
        high=here.high,
        low=here.low,
        open=here.open,
        mid=here.mid,
        position=here.position,
        period=period,
        previous=_range(previous, previous_start, price),
    )


def approach(
    levels: Mapping[str, int | None], price: int, near_before: frozenset[str] | None, tolerance: Fraction = TOLERANCE
) -> Approach:
    """Which levels a price is near to, within `tolerance` of the level, and which of them it has just come near to.

    `near_before` is `near` of the price before, or None if there is none: then nothing counts as entered, since it is not
    known where the price came from. A price that jumps over a level has not been near it. Raises ValueError for a
    negative tolerance.
    """
    if tolerance < 0:
        raise ValueError(f"a tolerance is at least 0, not {tolerance}")
    near = frozenset(
        name for name, level in levels.items() if level is not None and abs(price - level) <= tolerance * abs(level)
    )
    return Approach(near, frozenset() if near_before is None else near - near_before)


def _range(candles: list[Candle], start: int, price: int | None) -> PeriodRange:
    if not candles:
        return PeriodRange(start, None, None, None, None, None)
    high, low = max(candle.high for candle in candles), min(candle.low for candle in candles)
    mid = _rounded(Fraction(high + low, 2))
    return PeriodRange(start, high, low, candles[0].open, mid, _position(price, low, high))


def _position(price: int | None, low: int, high: int) -> float | None:
    """0 at the low, 1 at the high."""
    return None if price is None or high == low else (price - low) / (high - low)


def _rounded(exact: Fraction) -> int:
    """The nearest whole number; a half goes away from zero."""
    nearest = (2 * abs(exact.numerator) + exact.denominator) // (2 * exact.denominator)
    return nearest if exact >= 0 else -nearest
