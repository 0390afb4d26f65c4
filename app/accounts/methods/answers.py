"""Provider answers: parsed strictly; what does not match its specification is an `AnswerError`."""

import json
import math
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

DEEPEST: Final = 32
"""Levels of JSON that are read; a provider's answer has three."""
LONGEST_NAME: Final = 100
LONGEST_ADDRESS: Final = 320
LONGEST_URL: Final = 2000


class AnswerError(ValueError):
    """A provider's answer is not what its specification says; the message is for the log."""


def strict_json(body: bytes | str) -> Any:
    """A JSON document without duplicated names, numbers beyond measure or endless nesting.

    Raises:
        AnswerError: it is none.
    """
    try:
        found = json.loads(body, object_pairs_hook=_object, parse_constant=_refuse_number, parse_float=_number)
    except (ValueError, RecursionError) as error:
        raise AnswerError(f"no JSON that can be read: {error}") from error
    _check_depth(found, DEEPEST)
    return found


def required_object(value: object, what: str) -> Mapping[str, Any]:
    """An object, or AnswerError."""
    if not isinstance(value, dict):
        raise AnswerError(f"{what} is no object")
    return value


def required_text(value: object, what: str, longest: int) -> str:
    """A text without spaces or control characters, such as an id, an address or a token; or AnswerError."""
    if not isinstance(value, str) or not 0 < len(value) <= longest or not value.isprintable() or " " in value:
        raise AnswerError(f"{what} is no text of 1 to {longest} characters without spaces")
    return value


def address(value: object) -> str | None:
    """An e-mail address; None where the provider tells none. What is no address is an AnswerError."""
    if value is None or value == "":
        return None
    found = required_text(value, "the e-mail", LONGEST_ADDRESS)
    local, _, domain = found.partition("@")
    if not local or not domain or "@" in domain:
        raise AnswerError("the e-mail is no address")
    return found


def name(value: object) -> str | None:
    """A person's name, cut to a sane length and without what cannot be shown; None where there is none left."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise AnswerError("the name is no text")
    return "".join(letter for letter in value if letter.isprintable())[:LONGEST_NAME].strip() or None


def picture(value: object) -> str | None:
    """A picture's address on the web; another one is left out, since signing in does not need it."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise AnswerError("the picture's address is no text")
    return value if is_web_address(value) else None


def is_web_address(value: object) -> bool:
    """Whether a value is an absolute http or https address."""
    if not isinstance(value, str) or len(value) > LONGEST_URL or not value.isprintable() or " " in value:
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise AnswerError("an object has a name twice")
    return found


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise AnswerError("a number is too large")
    return value


def _refuse_number(text: str) -> float:
    raise AnswerError(f"{text} is no JSON")


def _check_depth(value: Any, left: int) -> None:
    if not left:
        raise AnswerError(f"nested deeper than {DEEPEST}")
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inside:
        _check_depth(one, left - 1)
