"""CORS: origins whose pages may read the JSON with an API key; none by default."""

from collections.abc import Collection, Sequence
from http import HTTPStatus

from flask import Response, request

from app.security.refusal import JSON_PREFIXES, refuse

CORS_PREFIXES = (*JSON_PREFIXES, "/openapi.json")
CORS_EXCLUDED = ("/api/v1/auth/", "/auth/")
ALLOWED_HEADERS = "Authorization, Content-Type, If-None-Match"
EXPOSED_HEADERS = "ETag, Link, RateLimit-Limit, RateLimit-Policy, RateLimit-Remaining, RateLimit-Reset, Retry-After"
MAX_AGE = 600


def allows_cors() -> bool:
    """Whether the current request is for JSON that other origins may be allowed to read."""
    return request.path.startswith(CORS_PREFIXES) and not request.path.startswith(CORS_EXCLUDED)


def preflight(origins: Collection[str], methods: Sequence[str]) -> Response:
    """The answer to OPTIONS: the path's methods, and for a preflight from an allowed origin what it may send."""
    if not methods:
        return refuse(HTTPStatus.NOT_FOUND, f"there is no {request.path}")
    response = Response(status=HTTPStatus.NO_CONTENT)
    response.headers["Allow"] = ", ".join([*methods, *(["HEAD"] if "GET" in methods else []), "OPTIONS"])
    asked = "Access-Control-Request-Method" in request.headers
    if asked and request.headers.get("Origin") in origins and allows_cors():
        response.headers["Access-Control-Allow-Methods"] = ", ".join(methods)
        response.headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
        response.headers["Access-Control-Max-Age"] = str(MAX_AGE)
    return response


def add_headers(response: Response, origins: Collection[str]) -> None:
    """Let the page that sent the request read the answer, if it is of `origins`; never with credentials."""
    if not origins or not allows_cors():
        return
    response.vary.add("Origin")
    origin = request.headers.get("Origin")
    if origin in origins:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
