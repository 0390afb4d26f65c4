"""Cells of a CSV file, both ways: numbers and dates, exactly."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from app.analytics.portfolio.money import digits

_DAY: Final = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})(.*)", re.DOTALL)
_NUMBER: Final = re.compile(r"-?[0-9]+(?:[.,][0-9]+)*")
_MOST: Final = 2**53


class CellError(ValueError):
    """A cell cannot be understood; the message says how to write it."""


def read_amount(text: str, currency: str) -> int:
    """An amount in major units (`1234.56`, `1.234,56`, `1 234,56`) in minor units, exactly.

    Raises:
        CellError: no number, ambiguous, too precise, negative or too large.
    """
    number = _decimal(text, digits(currency))
    minor = number.scaleb(digits(currency))
    if minor != minor.to_integral_value():
        raise CellError(f"{text!r} has more decimals than {currency} has")
    if not 0 <= minor < _MOST:
        raise CellError(f"{text!r} is not an amount from 0 up")
    return int(minor)


def write_amount(amount: int, currency: str) -> str:
    """An amount in major units with a point."""
    return str(Decimal(amount).scaleb(-digits(currency)).quantize(Decimal(1).scaleb(-digits(currency))))


def read_quantity(text: str) -> int:
    """A whole number, negative for what was given away in a trade."""
    cleaned = _clean(text)
    if not re.fullmatch(r"[-+]?[0-9]{1,15}", cleaned):
        raise CellError(f"{text!r} is not a whole number")
    return int(cleaned)


def read_time(text: str) -> datetime:
    """A moment: ISO 8601 (`2024-05-31`, `2024-05-31T12:00:00Z`) or `31.05.2024 12:00`; UTC where it names no zone.

    `05/06/2024` is refused, since half the world reads another day.
    """
    cleaned = text.strip()
    if match := _DAY.fullmatch(cleaned):
        cleaned = f"{match[3]}-{int(match[2]):02}-{int(match[1]):02}{match[4]}"
    try:
        moment = datetime.fromisoformat(cleaned)
    except ValueError:
        raise CellError(f"{text[:40]!r} is not a date; write 2024-05-31 or 2024-05-31T12:00:00Z") from None
    try:
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        raise CellError(f"{text[:40]!r} is out of range") from None
    if not datetime(2000, 1, 1, tzinfo=UTC) <= moment < datetime(2200, 1, 1, tzinfo=UTC):
        raise CellError(f"{text[:40]!r} is not between 2000 and 2199")
    return moment


def _decimal(text: str, decimals: int) -> Decimal:
    cleaned = _clean(text)
    if not _NUMBER.fullmatch(cleaned):
        raise CellError(f"{text[:40]!r} is not a number; write 1234.56")
    marks = [mark for mark in cleaned if mark in ".,"]
    if not marks:
        return Decimal(cleaned)
    last = marks[-1]
    whole, _, part = cleaned.rpartition(last)
    if len(set(marks)) == 1 and (len(marks) > 1 or (len(part) == 3 and decimals != 3)):  # noqa: PLR2004  # groups of three
        if len(marks) > 1 and _grouped(cleaned, last):
            return Decimal(cleaned.replace(last, ""))
        raise CellError(f"{text[:40]!r} may be read in two ways; write 1234.56")
    other = "," if last == "." else "."
    if other in whole and not _grouped(whole, other):
        raise CellError(f"{text[:40]!r} is not a number; write 1234.56")
    return Decimal(f"{whole.replace(other, '')}.{part}")


def _grouped(text: str, mark: str) -> bool:
    return re.fullmatch(rf"-?[0-9]{{1,3}}(?:{re.escape(mark)}[0-9]{{3}})+", text) is not None


def _clean(text: str) -> str:
    return re.sub(r"[\s\u00a0\u202f']", "", text)
