"""Row readers: each reads a field of a market's list, or raises ValueError with a sentence."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from app.providers.base import ProviderError

_Row = TypeVar("_Row")
_Read = TypeVar("_Read")

_MAX_NAME_LENGTH = 256
_EPOCH = datetime(2012, 1, 1, tzinfo=UTC)  # before the first Counter-Strike item was sold
_CLOCK_SKEW = timedelta(days=1)


def name(value: Any) -> str:
    """A market_hash_name: text of 1 to 256 printable characters, unchanged."""
    if not isinstance(value, str) or not value.strip() or len(value) > _MAX_NAME_LENGTH or not value.isprintable():
        raise ValueError(f"{shown(value)} is not an item name")
    return value


def count(value: Any) -> int | None:
    """A number of things from zero up; None stays None."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        raise ValueError(f"{shown(value)} is not a count")
    return value


def unix_time(value: Any, now: datetime) -> datetime:
    """Unix seconds as UTC, refused when they lie before the market existed or more than a day ahead of `now`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**33:
        raise ValueError(f"{shown(value)} is not a unix time in seconds")
    return _plausible(datetime.fromtimestamp(value, UTC), now)


def iso_time(value: Any, now: datetime) -> datetime:
    """An ISO 8601 time as UTC; one without a zone is UTC. The same bounds as `unix_time`."""
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} is not a time")  # noqa: TRY004 - callers catch one kind
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise ValueError(f"{shown(value)} is not a time") from error
    return _plausible((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC), now)


def record(value: Any) -> dict[str, Any]:
    """A JSON object."""
    if not isinstance(value, dict):
        raise ValueError(f"{shown(value)} is not an object")  # noqa: TRY004 - callers catch one kind
    return value


def read_each(
    what: str, rows: Iterable[_Row], read: Callable[[_Row], _Read | None], rejected: list[str]
) -> list[_Read]:
    """Every row that `read` understands, in order; its None means a row without a price, which is no fault.

    A sentence for each other row is appended to `rejected`.

    Raises:
        ProviderError: kind `schema`: there was no row, or not one of them was understood.
    """
    good: list[_Read] = []
    refused: list[str] = []
    seen = 0
    for row in rows:
        seen += 1
        try:
            result = read(row)
        except ValueError as error:
            refused.append(str(error))
            continue
        if result is not None:
            good.append(result)
    if seen == 0:
        raise ProviderError("schema", f"{what}: an empty list")
    if len(refused) == seen:
        raise ProviderError("schema", f"{what}: none of {seen} rows was understood; the first: {refused[0]}")
    rejected.extend(refused)
    return good


def shown(value: Any, limit: int = 80) -> str:
    """`value` for a message, cut to `limit` characters. Huge containers are named, not printed."""
    text = repr(value[: limit + 1]) if isinstance(value, str) else repr(value) if _is_small(value) else str(type(value))
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _is_small(value: Any) -> bool:
    return not isinstance(value, dict | list) or len(value) < 20  # noqa: PLR2004 - only for messages


def _plausible(moment: datetime, now: datetime) -> datetime:
    if not _EPOCH <= moment <= now + _CLOCK_SKEW:
        raise ValueError(f"{moment.isoformat()} is not a plausible time of a quote")
    return moment
