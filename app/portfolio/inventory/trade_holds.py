"""Trade holds: when an item can be traded again, from a field of its description or from the text."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

# Replies are asked for in English, whatever the owner's language.
_WORDS: Final = re.compile(
    r"\b(?:after|until)\b[^\d\[]{0,40}?([A-Z][a-z]{2}) (\d{1,2}), (\d{4}) \((\d{1,2}):(\d{2}):(\d{2})\) GMT",
    re.IGNORECASE,
)
_SECONDS: Final = re.compile(r"\b(?:after|until)\b[^\[]{0,40}\[date\](\d{9,11})\[/date\]", re.IGNORECASE)
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def hold_end(description: Mapping[str, Any]) -> datetime | None:
    """When the hold of an item ends; None where its description tells of none.

    `cache_expiration` counts first, then `owner_descriptions`, then `descriptions`.
    """
    found = _moment(description.get("cache_expiration"))
    if found is not None:
        return found
    return next((end for text in _texts(description) if (end := _written(text)) is not None), None)


def _texts(description: Mapping[str, Any]) -> Iterable[str]:
    for name in ("owner_descriptions", "descriptions"):
        lines = description.get(name)
        for line in lines if isinstance(lines, list) else ():
            value = line.get("value") if isinstance(line, dict) else None
            if isinstance(value, str):
                yield value


def _written(text: str) -> datetime | None:
    if match := _SECONDS.search(text):
        return datetime.fromtimestamp(int(match[1]), UTC)
    match = _WORDS.search(text)
    if match is None or match[1].lower() not in _MONTHS:
        return None
    day, year, hour, minute, second = (int(part) for part in match.groups()[1:])
    try:
        return datetime(year, _MONTHS.index(match[1].lower()) + 1, day, hour, minute, second, tzinfo=UTC)
    except ValueError:  # no such day or hour: a text that only looks like a date
        return None


def _moment(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text)) if text else None
    except ValueError:  # not a date
        return None
    return moment.astimezone(UTC) if moment and moment.tzinfo else None
