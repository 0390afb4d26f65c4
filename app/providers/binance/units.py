"""Binance units: reads decimal texts, times and intervals of the exchange into integers; no float in between."""

import re
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from app.providers.exchange import scaled
from app.providers.http.rows import shown

MINUTE: Final = 60
DAY: Final = 86_400
INTERVALS: Final = {
    "1m": MINUTE,
    "3m": 3 * MINUTE,
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "30m": 30 * MINUTE,
    "1h": 60 * MINUTE,
    "2h": 120 * MINUTE,
    "4h": 240 * MINUTE,
    "6h": 360 * MINUTE,
    "8h": 480 * MINUTE,
    "12h": 720 * MINUTE,
    "1d": DAY,
    "3d": 3 * DAY,
    "1w": 7 * DAY,
}
"""Seconds of each interval of fixed length; months (`1M`) have none. Names are case-sensitive."""

MONDAY: Final = 4 * DAY  # 1970-01-01 was a Thursday; weeks begin on Monday
OPENED: Final = 1_483_228_800_000  # 2017-01-01, the year the exchange opened
AHEAD: Final = timedelta(days=1)
MICROSECONDS: Final = 10**14  # as milliseconds the year 5138, as microseconds 1973
# 28 digits, which is the precision of `decimal`: nothing is rounded unseen.
_DECIMAL = re.compile(r"[0-9]{1,19}(?:\.[0-9]{1,9})?")


class OffGridError(ValueError):
    """A candle whose open time is no multiple of its interval, as after an outage of the exchange."""


def amount(text: Any, scale: int) -> int:
    """A decimal text from zero up in minor units of 1/`scale`, rounded half to even where it has finer digits.

    History may have them: the exchange has coarsened ticks and lot steps of many symbols since.

    Raises:
        ValueError: it is no text of a plain decimal number, or too large.
    """
    if not isinstance(text, str) or not _DECIMAL.fullmatch(text):
        raise ValueError(f"{shown(text)} is no decimal text")
    return scaled(str((Decimal(text) * scale).to_integral_value(ROUND_HALF_EVEN)), 1)


def price(text: Any, scale: int) -> int:
    """A price in minor units. Raises ValueError as `amount`, and for 0, which is no price."""
    value = amount(text, scale)
    if value == 0:
        raise ValueError(f"{shown(text)} is no price at a scale of {scale}")
    return value


def scale_of(step: Any, digits: Any) -> int:
    """Minor units of one unit: the power of ten that holds a tick size or lot step.

    A step of 0 means that the exchange does not say; then it is that of `digits`. Raises ValueError for neither.
    """
    if not isinstance(step, str) or not _DECIMAL.fullmatch(step):
        raise ValueError(f"{shown(step)} is no step")
    _, _, fraction = step.partition(".")
    if Decimal(step) > 0:
        return int(10 ** len(fraction.rstrip("0")))
    if isinstance(digits, bool) or not isinstance(digits, int) or not 0 <= digits <= 9:  # noqa: PLR2004 - as _DECIMAL
        raise ValueError(f"a step of 0, and {shown(digits)} digits")
    return int(10**digits)


def milliseconds(value: Any, now: int | None = None) -> int:
    """A time in milliseconds since 1970; the exchange's may be in microseconds, told by their magnitude.

    `now` is the exchange's time in milliseconds, the local one by default.

    Raises:
        ValueError: it is no time between 2017 and tomorrow.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{shown(value)} is no time")  # noqa: TRY004 - callers catch one kind
    moment = value // 1000 if value >= MICROSECONDS else value
    latest = (now if now is not None else local_milliseconds()) + AHEAD // timedelta(milliseconds=1)
    if not OPENED <= moment <= latest:
        raise ValueError(f"{value} is no time between 2017 and tomorrow")
    return moment


def local_milliseconds() -> int:
    """The local clock; good enough to tell plausible years, and used for nothing else."""
    return (datetime.now(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def open_time(value: Any, interval: str, now: int | None = None) -> int:
    """A candle's open time in seconds.

    Raises:
        OffGridError: it does not lie on the interval's grid.
        ValueError: as `milliseconds`, or an interval that the exchange does not have.
    """
    moment = milliseconds(value, now)
    exact = value % (1_000_000 if value >= MICROSECONDS else 1000) == 0
    seconds = moment // 1000
    if not exact or not _on_grid(seconds, interval):
        raise OffGridError(f"open time {value} is not on the grid of {interval}")
    return seconds


def _on_grid(seconds: int, interval: str) -> bool:
    if interval == "1M":
        return seconds % DAY == 0 and datetime.fromtimestamp(seconds, UTC).day == 1
    if interval not in INTERVALS:
        raise ValueError(f"{interval!r} is no interval of the exchange")
    return (seconds - (MONDAY if interval == "1w" else 0)) % INTERVALS[interval] == 0
