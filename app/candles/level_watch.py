"""Level watch: one pair's levels, kept up with its prices, and what a price changes of them."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from app.candles import levels
from app.candles.levels import FIBONACCI, TOLERANCE, AllTime, Candle, Period, PeriodRange, period_start

PERIODS: Final[tuple[Period, ...]] = ("day", "week", "month", "year")
LEAVE: Final = 2 * TOLERANCE
"""A price that was near to a level stays near until it is so far from it: else one that swings would come near again and again."""
DAY: Final = 86_400

Kind = Literal["high", "low", "start", "approach"]


@dataclass(frozen=True, slots=True)
class LevelEvent:
    """A range's new `high` or `low`, the `start` of a period, or an `approach`; `price` is the level's, in minor units."""

    kind: Kind
    level: str
    price: int


@dataclass(slots=True)
class _Range:
    """High, low and first price since `start`."""

    start: int
    open: int
    high: int
    low: int


class LevelWatch:
    """Levels of one pair: all-time and Fibonacci ones, and those of the running and the previous UTC periods.

    Their names are `day_high`, `day_low`, `previous_day_high`, … of day, week, month and year, `all_time_high`,
    `all_time_low`, and `fib_23.6` to `fib_78.6`. Prices are in minor units, times in seconds since 1970.
    """

    def __init__(self, extremes: AllTime, days: Iterable[Candle], now: int) -> None:
        candles = list(days)
        self._extremes = extremes
        self._ranges: dict[Period, _Range] = {}
        self._previous: dict[Period, PeriodRange | _Range] = {}
        for period in PERIODS:
            found = levels.period_levels(candles, period, now=now, price=None)
            if found.high is not None and found.low is not None and found.open is not None:
                self._ranges[period] = _Range(found.start, found.open, found.high, found.low)
            self._previous[period] = found.previous
        self._day = period_start(now, "day")
        self.levels = self._named()
        """Every level that is known, by name."""
        self.near: frozenset[str] | None = None
        """Levels that the price is near to; None before the first one."""

    def enigma(self, price: int) -> float | None:
        """The Enigma level of a price."""
        return levels.enigma(self._extremes, price).level

    def advance(self, time: int, *, opened: int, high: int, low: int, price: int) -> list[LevelEvent]:
        """Take in what was traded since `time` and is at `price` now; what is older than today is ignored."""
        if time < self._day:
            return []
        events = [*self._roll(time, opened), *self._stretch(time, high, low)]
        known = self.levels
        if events:
            self.levels = self._named()
        return [*events, *self._approached(price, known)]

    def _roll(self, time: int, opened: int) -> list[LevelEvent]:
        """Begin the periods that begin by this time."""
        if time < self._day + DAY and self._ranges.keys() == set(PERIODS):
            return []
        self._day = period_start(time, "day")
        events = []
        for period in PERIODS:
            start, running = period_start(time, period), self._ranges.get(period)
            if running is not None and running.start == start:
                continue
            before = period_start(start - 1, period)
            if running is not None:
                is_before = running.start == before
                self._previous[period] = running if is_before else PeriodRange(before, None, None, None, None, None)
            self._ranges[period] = _Range(start, opened, opened, opened)
            events.append(LevelEvent("start", f"{period}_open", opened))
        return events

    def _stretch(self, time: int, high: int, low: int) -> list[LevelEvent]:
        """Widen the ranges that the price leaves."""
        events = []
        for period, running in self._ranges.items():
            if high > running.high:
                running.high = high
                events.append(LevelEvent("high", f"{period}_high", high))
            if low < running.low:
                running.low = low
                events.append(LevelEvent("low", f"{period}_low", low))
        known = self._extremes
        if high > known.high:
            self._extremes = known = AllTime(high, time, known.low, known.low_time)
            events.append(LevelEvent("high", "all_time_high", high))
        if low < known.low:
            self._extremes = AllTime(known.high, known.high_time, low, time)
            events.append(LevelEvent("low", "all_time_low", low))
        return events

    def _approached(self, price: int, known: Mapping[str, int]) -> list[LevelEvent]:
        """Levels that the price has just come near to; one that has moved itself has not been approached."""
        reach, whole = LEAVE.numerator, LEAVE.denominator
        within = {
            name: level for name, level in self.levels.items() if abs(price - level) * whole <= reach * abs(level)
        }
        found = levels.approach(within, price, self.near)
        entered = [name for name in within if name in found.entered and known.get(name) == within[name]]
        self.near = found.near | ((self.near or frozenset()) & within.keys())
        return [LevelEvent("approach", name, within[name]) for name in entered]

    def _named(self) -> dict[str, int]:
        """Every level that is known, by name."""
        ranges: list[tuple[str, PeriodRange | _Range]] = [*self._ranges.items()]
        ranges += [(f"previous_{period}", one) for period, one in self._previous.items()]
        found = {
            f"{name}_{side}": level
            for name, one in ranges
            for side, level in (("high", one.high), ("low", one.low))
            if level is not None
        }
        made = levels.enigma(self._extremes, self._extremes.low).fib_levels
        found |= {"all_time_high": self._extremes.high, "all_time_low": self._extremes.low}
        return found | {f"fib_{percent}": made[percent] for percent in FIBONACCI if percent not in {"0", "100"}}


def described(events: Iterable[LevelEvent]) -> list[dict[str, Any]]:
    """Events as messages have them."""
    return [asdict(event) for event in events]
