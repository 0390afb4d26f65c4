"""Points: price-history rows as arrays, and how their texts are read; a text that cannot be read raises with its reason."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from functools import lru_cache

from app.analytics.arrays import Ints
from db.core.binary import UNKNOWN

EARLIEST = datetime(2000, 1, 3, tzinfo=UTC)
"""Roll-ups count from here; a price before it is a mistake."""
CLOCK_SKEW = timedelta(minutes=5)
MAX_DIGITS = 15
"""Of a price in minor units, or of a volume."""
THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class HistoryFileError(ValueError):
    """A whole file cannot be used; the message names it and says why."""


class RejectedError(ValueError):
    """One line cannot be used; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that was left out. In a JSON file `line` counts the points, from 1."""

    file: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Points:
    """n points in the file's order; arrays of shape (n,), `UNKNOWN` where a volume is not known.

    `name` indexes `names`, `time` is in microseconds since 1970, `price` in cents.
    """

    names: Sequence[str]
    name: Ints
    time: Ints
    price: Ints
    volume: Ints
    line: Ints

    def __len__(self) -> int:
        """The number of points."""
        return len(self.line)

    def take(self, rows: Ints) -> "Points":
        """Those rows, in that order."""
        return Points(
            self.names, self.name[rows], self.time[rows], self.price[rows], self.volume[rows], self.line[rows]
        )


def cents(text: str | Decimal) -> int:
    """USD as written, in cents; half a cent goes to the even one.

    Raises:
        RejectedError: no number, or not above zero.
    """
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise RejectedError(f"price {text!r} is no number") from None
    if not value.is_finite():
        raise RejectedError(f"price '{text}' is no number")
    if value <= 0:
        raise RejectedError(f"price {text} is not above zero")
    if value.adjusted() > MAX_DIGITS - 3:
        raise RejectedError(f"price {text} is too large")
    whole = int((value * 100).quantize(Decimal(1), ROUND_HALF_EVEN))
    if whole == 0:
        raise RejectedError(f"price {text} is less than a cent")
    return whole


def count(text: str) -> int:
    """A volume: digits, perhaps with commas between thousands or a needless `.0`; empty is unknown.

    Raises:
        RejectedError: none of these.
    """
    text = text.strip()
    if not text:
        return UNKNOWN
    plain = text.replace(",", "") if THOUSANDS.fullmatch(text) else text
    whole, _, rest = plain.partition(".")
    if not whole.isdecimal() or not whole.isascii() or len(whole) > MAX_DIGITS or rest.strip("0"):
        raise RejectedError(f"volume {text!r} is no whole number")
    return int(whole)


@lru_cache(maxsize=100_000)
def microseconds(text: str) -> int:
    """Microseconds since 1970 of an ISO date or time; UTC unless it names an offset.

    Raises:
        RejectedError: no such time, or before EARLIEST.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise RejectedError(f"date {text!r} is not like 2013-08-14 01:00:00") from None
    return checked(moment, text)


def checked(moment: datetime, text: str) -> int:
    """Microseconds since 1970 of an aware time.

    Raises:
        RejectedError: before EARLIEST.
    """
    if moment < EARLIEST:
        raise RejectedError(f"date {text!r} is before {EARLIEST:%Y-%m-%d}")
    return (moment - EPOCH) // MICROSECOND


def not_in_future(time: int, latest: int, text: str) -> int:
    """The time itself.

    Raises:
        RejectedError: it is later than `latest`.
    """
    if time > latest:
        raise RejectedError(f"date {text!r} is in the future")
    return time
