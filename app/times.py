"""Moments as RFC 3339 has them: read from clients, written for them."""

import re
from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import AwareDatetime, BeforeValidator

_RFC_3339: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:?\d\d)", re.ASCII)


def _written_out(value: object) -> object:
    """Refuse a number, which pydantic would take for seconds since 1970."""
    if isinstance(value, datetime) or (isinstance(value, str) and _RFC_3339.fullmatch(value)):
        return value
    raise ValueError("not an RFC 3339 time with a timezone")


Time = Annotated[AwareDatetime, BeforeValidator(_written_out)]
"""A moment as RFC 3339 has it."""


def rfc3339(moment: datetime) -> str:
    """A moment in UTC with a Z, to the microsecond where it has any."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def rfc3339_second(moment: datetime | float) -> str:
    """The second in which a moment is, in UTC with a Z; a number: seconds since 1970."""
    known = moment if isinstance(moment, datetime) else datetime.fromtimestamp(moment, UTC)
    return f"{known.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
