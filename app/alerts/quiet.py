"""Quiet hours: when they end, by the user's own clock, also on the days on which it is put forward or back."""

import functools
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

LONGEST: Final = 20 * 60
"""Minutes: a day that is quiet as a whole would hold alerts back for good."""
_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Quiet:
    """Each day from one time to another, of the same day or the next."""

    zone: str
    start: time
    end: time


@functools.cache
def zones() -> tuple[str, ...]:
    """Names of all time zones; listing them reads hundreds of files."""
    return tuple(sorted(available_timezones()))


def problem(quiet: Quiet) -> str | None:
    """What is wrong with quiet hours, or None."""
    if quiet.zone not in zones():
        return f"{quiet.zone!r} is no time zone; one is called Europe/Berlin"
    minutes = (quiet.end.hour * 60 + quiet.end.minute - quiet.start.hour * 60 - quiet.start.minute) % (24 * 60)
    if not 0 < minutes <= LONGEST:
        return f"quiet hours last at most {LONGEST // 60} hours, and some time"
    return None


def ends(quiet: Quiet, now: datetime) -> datetime | None:
    """When (UTC) the quiet hours end that a moment (aware) is in; None where it is in none.

    A time that the clock shows twice is the first of both for the beginning and the second for the end; one that it leaves out
    is the moment at which it is put forward.
    """
    zone = ZoneInfo(quiet.zone)
    today = now.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):
        start = _moment(day, quiet.start, zone, last=False)
        end = _moment(day + timedelta(days=quiet.end <= quiet.start), quiet.end, zone, last=True)
        if start <= now < end:
            return end
    return None


def _moment(day: date, clock: time, zone: ZoneInfo, *, last: bool) -> datetime:
    shown = datetime.combine(day, clock, zone).replace(fold=int(last))
    found = shown.astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == shown.replace(tzinfo=None):
        return found
    # Left out: with the offset of after it is a moment before the change, with that of before one after it.
    low, high = (shown.replace(fold=fold).astimezone(UTC) for fold in (1, 0))
    before = low.astimezone(zone).utcoffset()
    while high - low > _SECOND:
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)
