"""Cleaning: makes plain, bounded, masked and escaped values of whatever is logged."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from app.logging.escaping import escape
from app.logging.masking import Masker, is_secret_name
from app.logging.shapes import MASK

LONGEST: Final = 2_000
"""Characters of a text."""
MOST: Final = 50
"""Entries of a list or a dict."""
DEEPEST: Final = 5
RECORD: Final = 16_000
"""Characters of all texts of a record."""
_EACH: Final = 4
"""Characters that an entry costs, beside its text."""
_WIDEST: Final = 128
"""Bits of a whole number; longer ones take long to write, and Python refuses those of more than 4,300 digits."""


class Cleaner:
    """Cleans the values of one record, which share a budget of characters."""

    def __init__(self, masker: Masker) -> None:
        self._masker = masker
        self._left = RECORD

    def value(self, name: str, value: object, depth: int = 0) -> Any:
        """What is logged of a value: None, a number, a text, a list or a dict of such."""
        if self._left <= 0:
            return "…"
        self._left -= _EACH
        if value is None or isinstance(value, int | float):
            return _number(value)
        if is_secret_name(name):
            return MASK
        if isinstance(value, Mapping | list | tuple | set | frozenset):
            if depth == DEEPEST:
                return "…"
            return self._dict(value, depth + 1) if isinstance(value, Mapping) else self._list(value, depth + 1)
        return self.text(str(value) if isinstance(value, str) else _printed(value))

    def text(self, text: str) -> str:
        """A text without secrets and control characters, cut where it or its record is too long."""
        cleaned = escape(self._masker.text(text, min(LONGEST, max(0, self._left))))
        self._left -= len(cleaned)
        return cleaned

    def _dict(self, values: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        cleaned: dict[str, Any] = {}
        for number, (name, value) in enumerate(values.items()):
            if number == MOST:
                cleaned["…"] = f"{len(values) - MOST} more"
                break
            text = name if isinstance(name, str) else _printed(name)
            cleaned[self.text(text)] = self.value(text, value, depth)
        return cleaned

    def _list(self, values: Iterable[Any], depth: int) -> list[Any]:
        """A list; the second of two values is masked where the first is a secret's name: so are headers kept."""
        listed = list(values)
        pair = len(listed) == 2 and isinstance(listed[0], str | bytes)  # noqa: PLR2004  # a pair
        name = _text_of(listed[0]) if pair else ""
        cleaned = [self.value(name if number == 1 else "", value, depth) for number, value in enumerate(listed[:MOST])]
        return [*cleaned, f"{len(listed) - MOST} more"] if len(listed) > MOST else cleaned


def _number(value: object) -> Any:
    if isinstance(value, int) and value.bit_length() > _WIDEST:
        return f"a number of more than {_WIDEST} bits"
    return value


def _text_of(text: str | bytes) -> str:
    return text if isinstance(text, str) else text[:LONGEST].decode("latin-1")


def _printed(value: object) -> str:
    """What a value prints as; bytes are cut first, since printing makes them longer."""
    if isinstance(value, bytes | bytearray | memoryview):
        return repr(bytes(value[:LONGEST]))
    try:
        return repr(value)
    except Exception as error:  # noqa: BLE001  # whatever its class does wrong, the record is worth more
        return f"<{type(value).__name__} that cannot be printed: {type(error).__name__}>"
