"""Other sites' pages that may read our JSON, with an API key and never with a cookie. None by default."""

from collections.abc import Collection

from flask import Response, request

from app.web import JSON_PREFIXES

SHARED = (*JSON_PREFIXES, "/openapi.json")
NOT_SHARED = ("/api/v1/auth/", "/auth/")
ALLOWED_HEADERS = "Authorization, Content-Type, If-None-Match"
EXPOSED_HEADERS = "ETag, Link, RateLimit-Limit, RateLimit-Policy, RateLimit-Remaining, RateLimit-Reset, Retry-After"
REMEMBER_SECONDS = 600


def is_shared() -> bool:
    """Whether the current request is for JSON that other origins may be allowed to read."""
    return request.path.startswith(SHARED) and not request.path.startswith(NOT_SHARED)


def preflight(origins: Collection[str], methods: Collection[str]) -> Response | None:
    """The answer to a browser that asks before it sends; None if this is no such question."""
    if request.method != "OPTIONS" or "Access-Control-Request-Method" not in request.headers:
        return None
    response = Response(status=204)
    if request.headers.get("Origin") in origins and is_shared():
        response.headers["Access-Control-Allow-Methods"] = ", ".join(sorted(methods))
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
