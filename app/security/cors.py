"""CORS: origins whose pages may read the JSON with an API key; none by default."""

from collections.abc import Collection, Sequence
from http import HTTPStatus

from flask import Response, request

from app.security.refusal import JSON_PREFIXES, refuse

SHARED = (*JSON_PREFIXES, "/openapi.json")
NOT_SHARED = ("/api/v1/auth/", "/auth/")
ALLOWED_HEADERS = "Authorization, Content-Type, If-None-Match"
EXPOSED_HEADERS = "ETag, Link, RateLimit-Limit, RateLimit-Policy, RateLimit-Remaining, RateLimit-Reset, Retry-After"
REMEMBER_SECONDS = 600


def is_shared() -> bool:
    """Whether the current request is for JSON that other origins may be allowed to read."""
    return request.path.startswith(SHARED) and not request.path.startswith(NOT_SHARED)


def options(origins: Collection[str], methods: Sequence[str]) -> Response:
    """The answer to OPTIONS: what is allowed here, and to whom, if a browser asks before it sends."""
    if not methods:
        return refuse(HTTPStatus.NOT_FOUND, f"there is no {request.path}")
    response = Response(status=HTTPStatus.NO_CONTENT)
    response.headers["Allow"] = ", ".join([*methods, *(["HEAD"] if "GET" in methods else []), "OPTIONS"])
    asked = "Access-Control-Request-Method" in request.headers
    if asked and request.headers.get("Origin") in origins and is_shared():
        response.headers["Access-Control-Allow-Methods"] = ", ".join(methods)
        response.headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
        response.headers["Access-Control-Max-Age"] = str(REMEMBER_SECONDS)
    return response


def share(response: Response, origins: Collection[str]) -> None:
    """Let the asking page read the answer, if it is one of `origins`; no credentials are ever allowed."""
    if not origins or not is_shared():
        return
    response.vary.add("Origin")
    origin = request.headers.get("Origin")
    if origin in origins:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
