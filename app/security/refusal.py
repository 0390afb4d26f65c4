"""Refusals: JSON for programs, a short page for people."""

from html import escape
from http import HTTPStatus

from flask import Response, jsonify, request

JSON_PREFIXES = ("/api/", "/auth/", "/udf/")
"""Where JSON is shared with other origins, if any."""
API_PREFIXES = (*JSON_PREFIXES, "/_dash", "/healthz", "/readyz", "/version", "/stats", "/openapi.json")
"""Paths that programs and scripts request: errors are JSON there."""
PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>{title} · Tracera</title></head>
<body style="font: 16px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 15vh auto; padding: 0 1rem">
<h1 style="font-size: 1.4rem">{title}</h1><p>{message}</p><p><a href="/">To the market</a></p></body></html>
"""


class Refusal(Exception):  # noqa: N818 - it is the answer, not a fault
    """A request or handshake that is answered by an HTTP status and an error."""

    def __init__(self, status: int, error: str, *, retry_after: int | None = None, close: bool = False) -> None:
        super().__init__(error)
        self.status = status
        self.retry_after = retry_after
        self.close = close
        """Whether the connection cannot be used again."""


def wants_json() -> bool:
    """Whether the current request is a program's, and not a browser's navigation."""
    return request.path.startswith(API_PREFIXES) and request.headers.get("Sec-Fetch-Dest") != "document"


def refuse(status: HTTPStatus, message: str, *, retry_after: int | None = None) -> Response:
    """An error answer, as JSON or as a page; `retry_after` in seconds."""
    if wants_json():
        response: Response = jsonify({"error": message})
    else:
        sentence = escape(message[:1].upper() + message[1:] + ".")
        response = Response(PAGE.format(title=escape(status.phrase), message=sentence), mimetype="text/html")
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response
