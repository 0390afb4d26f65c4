from datetime import UTC, datetime

import httpx
import pytest

from app.providers.base import ProviderError
from app.providers.http.replies import Reply, check_content_type, error_text, parse_http_date, retry_after

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def reply(body: bytes) -> Reply:
    return Reply("test: GET /x", 200, httpx.Headers(), body, NOW)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120.0),
        ("1.5", 1.5),
        ("Sat, 21 Nov 2026 12:00:30 GMT", 30.0),
        ("9999999", 86400.0),
        ("0", None),
        ("-5", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("", None),
        ("Sat, 21 Nov 2026 11:00:00 GMT", None),
    ],
)
def test_retry_after(text: str, seconds: float | None) -> None:
    assert retry_after(httpx.Headers({"Retry-After": text}), NOW) == seconds


def test_http_dates() -> None:
    assert parse_http_date("Sat, 21 Nov 2026 12:00:00 GMT") == NOW
    assert parse_http_date("Sat, 21 Nov 2026 12:00:00 -0000") == NOW
    assert parse_http_date("yesterday") is None


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"null", "null where an object"),
        (b"[]", "an array where an object"),
        (b"5", "a number where an object"),
        (b"", "not JSON"),
        (b'{"a":', "not JSON"),
        (b'{"a": NaN}', "not JSON"),
        (b"\xff\xfe{}", "not JSON"),
        (b" <!DOCTYPE html>", "HTML where JSON"),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_the_json_type_is_checked_before_any_key(body: bytes, says: str) -> None:
    with pytest.raises(ProviderError, match=says) as caught:
        reply(body).value(dict)
    assert caught.value.kind == "schema"


def test_the_expected_type_passes() -> None:
    assert reply(b'{"a": 1}').value(dict) == {"a": 1}
    assert reply(b"[1]").value(list, dict) == [1]


@pytest.mark.parametrize("content_type", ["text/html; charset=UTF-8", "application/xml", "image/png"])
def test_content_types_that_hold_no_json(content_type: str) -> None:
    with pytest.raises(ProviderError, match="JSON was expected"):
        check_content_type("test", httpx.Headers({"content-type": content_type}))


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "text/plain", "application/octet-stream"])
def test_content_types_that_may(content_type: str) -> None:
    check_content_type("test", httpx.Headers({"content-type": content_type}))


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"message": "Invalid API key"}', "Invalid API key"),
        (b'{"errors": [{"id": "x", "message": "Wrong currency"}]}', "Wrong currency"),
        (b'{"error": "a\\u0007b\\nc"}', "abc"),
        (b'{"message": 5}', ""),
        (b"[]", ""),
        (b"<html>", ""),
    ],
)
def test_the_market_s_own_words(body: bytes, text: str) -> None:
    assert error_text(body) == text
