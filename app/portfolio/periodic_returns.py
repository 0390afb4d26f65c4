"""Periodic returns: a portfolio's return, deposits and withdrawals by month and by year."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import TypeVar

from db.core.pool import Row

Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class Period:
    """A calendar month or year in UTC, from the valuation `first` to the valuation `last`.

    `earned` is the time-weighted return as a fraction, None where there was nothing to earn from; amounts are in minor
    units. The first period begins at the first valuation, which is no deposit; every other where the one before ended.
    """

    earned: float | None
    start: int
    end: int
    deposits: int
    withdrawals: int
    first: datetime
    last: datetime

    @property
    def gain(self) -> int:
        """What the change of value is without the money moved."""
        return self.end - self.start - self.deposits + self.withdrawals


def months(snapshots: Sequence[Row]) -> dict[tuple[int, int], Period]:
    """By (year, month), oldest first; `snapshots` are of one currency and ascend. Empty under two of them."""
    return _periods(snapshots, lambda time: (time.year, time.month))


def years(snapshots: Sequence[Row]) -> dict[int, Period]:
    """By year; the same otherwise."""
    return _periods(snapshots, lambda time: time.year)


def _periods(snapshots: Sequence[Row], part: Callable[[datetime], Part]) -> dict[Part, Period]:
    if len(snapshots) < 2:  # noqa: PLR2004  # a return needs a beginning and an end
        return {}
    found: dict[Part, Period] = {}
    before = snapshots[0]
    for key, rows in groupby(snapshots, key=lambda row: part(row["time"].astimezone(UTC))):
        course = [before, *(row for row in rows if row is not before)]
        if len(course) == 1:  # the first valuation alone in its period
            continue
        found[key] = _over(course)
        before = course[-1]
    return found


def _over(course: Sequence[Row]) -> Period:
    first, last = course[0], course[-1]
    # What came in on a period's only day may have earned something within it.
    earning = first["growth"] > 0 and (
        any(row["value"] > 0 for row in course[:-1]) or last["growth"] != first["growth"]
    )
    return Period(
        earned=last["growth"] / first["growth"] - 1 if earning else None,
        start=first["value"],
        end=last["value"],
        deposits=last["deposits"] - first["deposits"],
        withdrawals=last["withdrawals"] - first["withdrawals"],
        first=first["time"],
        last=last["time"],
    )
