"""Answers without Flask: refusals by the server itself, and liveness."""

from http import HTTPStatus
from typing import Final

import orjson

from app.security.refusal import Refusal
from app.web.headers import HEADERS, NO_DOCUMENT_POLICY

Header = tuple[bytes, bytes]
PROTECTIVE: Final[tuple[Header, ...]] = tuple(
    (name.lower().encode(), value.encode())
    for name, value in (*HEADERS.items(), ("Content-Security-Policy", NO_DOCUMENT_POLICY))
)
"""The headers of every answer that is no document."""


def json_answer(body: object, extra: tuple[Header, ...] = ()) -> tuple[list[Header], bytes]:
    """Headers and body of a JSON answer."""
    content = orjson.dumps(body)
    fixed = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    return [*fixed, *PROTECTIVE, *extra], content


def refusal_answer(refusal: Refusal) -> tuple[list[Header], bytes]:
    """Headers and body of a refusal, in the contract's form."""
    extra: list[Header] = [(b"cache-control", b"no-store")]
    if refusal.retry_after is not None:
        extra.append((b"retry-after", str(refusal.retry_after).encode()))
    if refusal.close:
        extra.append((b"connection", b"close"))
    return json_answer({"error": str(refusal)}, tuple(extra))


def raw_refusal(refusal: Refusal) -> bytes:
    """The same as it goes over the wire, for requests that never became one."""
    headers, body = refusal_answer(refusal)
    lines = [f"HTTP/1.1 {refusal.status} {HTTPStatus(refusal.status).phrase}\r\n".encode()]
    lines += [name + b": " + value + b"\r\n" for name, value in headers]
    return b"".join([*lines, b"\r\n", body])
