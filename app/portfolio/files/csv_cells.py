"""CSV cells: reads and writes numbers and dates exactly."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from app.analytics.portfolio.money import digits
from app.times import rfc3339

_DAY: Final = re.compile(r"(?P<d>[0-9]{1,2})\.(?P<m>[0-9]{1,2})\.(?P<y>[0-9]{4})(?P<rest>.*)", re.DOTALL)
_YEAR_FIRST: Final = re.compile(
    r"(?P<y>[0-9]{4})(?P<mark>[-/])(?P<m>[0-9]{1,2})(?P=mark)(?P<d>[0-9]{1,2})(?P<rest>(?![0-9]).*)", re.DOTALL
)
_ONE_DIGIT_HOUR: Final = re.compile(r"([Tt ]\s*)([0-9]:)")
_NUMBER: Final = re.compile(r"-?[0-9]+(?:[.,][0-9]+)*")
_MAX_EXACT: Final = 2**53
GROUP: Final = 3
"""Digits of a group of thousands."""


class CellError(ValueError):
    """A cell cannot be understood; the message says how to write it."""


def read_amount(text: str, currency: str) -> int:
    """An amount in major units (`1234.56`, `1.234,56`, `1 234,56`) in minor units, exactly.

    Raises:
        CellError: no number, ambiguous, too precise, negative or too large.
    """
    number = _decimal(text, currency)
    minor = number.scaleb(digits(currency))
    if minor != minor.to_integral_value():
        raise CellError(f"{text!r} has more decimals than {currency} has; write {_example(currency)}")
    if not 0 <= minor < _MAX_EXACT:
        raise CellError(f"{text!r} is not an amount from 0 up")
    return int(minor)


def write_amount(amount: int, currency: str) -> str:
    """An amount in major units with a point; three decimals get a zero behind, since `1.234` may be read in two ways."""
    places = digits(currency)
    text = str(Decimal(amount).scaleb(-places).quantize(Decimal(1).scaleb(-places)))
    return f"{text}0" if places == GROUP else text


def read_quantity(text: str) -> int:
    """A whole number, negative for what was given away in a trade."""
    cleaned = _clean(text)
    if not re.fullmatch(r"[-+]?[0-9]{1,15}", cleaned):
        raise CellError(f"{text!r} is not a whole number; fractions of a unit cannot be recorded")
    return int(cleaned)


def read_time(text: str) -> tuple[datetime, bool]:
    """A moment, and whether its time of day was given.

    ISO 8601 (`2024-05-31`, `2024-05-31T12:00:00Z`) or `31.05.2024 9:05`; UTC where it names no zone, and the start of its
    day where it names no time.
    `05/06/2024` is refused, since half the world reads another day.
    """
    cleaned = text.strip()
    if match := _DAY.fullmatch(cleaned) or _YEAR_FIRST.fullmatch(cleaned):
        rest = _ONE_DIGIT_HOUR.sub(r"\g<1>0\g<2>", match["rest"], count=1)
        cleaned = f"{match['y']}-{int(match['m']):02}-{int(match['d']):02}{rest}"
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
    return moment, not _is_day(cleaned)


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def write_time(time: datetime, *, timed: bool) -> str:
    """A moment as `read_time` reads it: the day alone where no time of day is known."""
    return rfc3339(time) if timed else time.date().isoformat()


def _decimal(text: str, currency: str) -> Decimal:
    cleaned = _clean(text)
    if not _NUMBER.fullmatch(cleaned):
        raise CellError(f"{text[:40]!r} is not a number; write {_example(currency)}")
    marks = [mark for mark in cleaned if mark in ".,"]
    if not marks:
        return Decimal(cleaned)
    last = marks[-1]
    whole, _, part = cleaned.rpartition(last)
    if len(set(marks)) == 1 and _grouped(cleaned, last):
        if len(marks) > 1 or not digits(currency):
            return Decimal(cleaned.replace(last, ""))  # a currency without decimals leaves one reading
        fraction = f"{part}0" if digits(currency) == GROUP else part[: digits(currency)]
        raise CellError(f"{text[:40]!r} may be read in two ways; write {whole}{part}.00 or {whole}.{fraction}")
    other = "," if last == "." else "."
    if (len(marks) > 1 and len(set(marks)) == 1) or (other in whole and not _grouped(whole, other)):
        raise CellError(f"{text[:40]!r} is not a number; write {_example(currency)}")
    return Decimal(f"{whole.replace(other, '')}.{part}")


def _example(currency: str) -> str:
    return write_amount(123456, currency) if digits(currency) else "1234"


def _grouped(text: str, mark: str) -> bool:
    return re.fullmatch(rf"-?[1-9][0-9]{{0,2}}(?:{re.escape(mark)}[0-9]{{3}})+", text) is not None


def _clean(text: str) -> str:
    return re.sub(r"[\s\u00a0\u202f']", "", text)
