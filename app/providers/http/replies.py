"""Replies: a market's answer, checked before any key is read."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import orjson

from app.providers.base import ProviderError

_MAX_PAUSE = 86_400.0
_MARKUP = ("html", "xml")
_MAY_BE_JSON = ("json", "javascript", "text/plain", "octet-stream")


@dataclass(frozen=True, slots=True)
class Reply:
    """A 200 or a 304. `what` names the request for messages; `body` is unpacked and within the size limit."""

    what: str
    status: int
    headers: httpx.Headers
    body: bytes
    received_at: datetime

    @property
    def not_modified(self) -> bool:
        """Whether the market says that what was fetched before still holds."""
        return self.status == httpx.codes.NOT_MODIFIED

    def value(self, *expected: type) -> Any:
        """The decoded body, whose outermost type is one of `expected` (`dict`, `list`).

        Raises:
            ProviderError: kind `schema`: HTML, broken JSON, `null`, or another type.
        """
        if self.body.lstrip()[:1] == b"<":
            raise ProviderError("schema", f"{self.what}: HTML where JSON was expected")
        try:
            value = orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise ProviderError("schema", f"{self.what}: not JSON ({error})") from error
        if not isinstance(value, expected):
            wanted = " or ".join(_json_name(kind) for kind in expected)
            raise ProviderError("schema", f"{self.what}: {_json_name(type(value))} where {wanted} was expected")
        return value

    def date_header(self, name: str) -> datetime | None:
        """A date header in UTC, None when it is absent or no date."""
        return parse_http_date(self.headers.get(name, ""))


def check_content_type(what: str, headers: httpx.Headers) -> None:
    """Raises ProviderError (`schema`) for a content type that cannot hold JSON; a missing one may."""
    content_type = headers.get("content-type", "").lower()
    if any(word in content_type for word in _MARKUP):
        raise ProviderError("schema", f"{what}: HTML where JSON was expected")
    if content_type and not any(word in content_type for word in _MAY_BE_JSON):
        raise ProviderError("schema", f"{what}: {content_type[:60]} where JSON was expected")


def parse_http_date(text: str) -> datetime | None:
    """An HTTP date in UTC, or None."""
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    # RFC 5322's "-0000" gives a naive time, which is in UTC too.
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def retry_after(headers: httpx.Headers, now: datetime) -> float | None:
    """Seconds that Retry-After asks to wait (seconds or an HTTP date), at most a day; None without a usable one."""
    text = headers.get("retry-after", "").strip()
    moment = parse_http_date(text)
    try:
        seconds = (moment - now).total_seconds() if moment else float(text)
    except ValueError:
        return None
    if not math.isfinite(seconds) or seconds <= 0:
        return None
    return min(seconds, _MAX_PAUSE)


def error_text(body: bytes) -> str:
    """The message of a JSON error body, made printable and short; empty when there is none."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    if isinstance(value, dict) and isinstance(value.get("errors"), list) and value["errors"]:
        value = value["errors"][0]
    if not isinstance(value, dict):
        return ""
    message = next((value[key] for key in ("message", "error") if isinstance(value.get(key), str)), "")
    return "".join(letter for letter in message if letter.isprintable())[:200]


def _json_name(kind: type) -> str:
    names = {dict: "an object", list: "an array", type(None): "null", str: "a text", bool: "a truth value"}
    return names.get(kind, "a number")
