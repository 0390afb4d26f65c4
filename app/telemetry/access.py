"""Access log: a record of a request, of nothing but values that are the program's own."""

from typing import Final

import structlog

log = structlog.get_logger(__name__)

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def known_method(method: str) -> str:
    """The method, or `other`: what a client makes up is neither logged nor counted by."""
    return method if method in METHODS else "other"


def log_request(*, method: str, route: str | None, status: int, seconds: float, user: int | None = None) -> None:
    """Log a request.

    Args:
        method: GET, …
        route: the rule that matched, without its values; None where none did.
        status: of the answer, 101 for a WebSocket that was open.
        seconds: until the answer was made, or the WebSocket closed.
        user: the user's number, None for visitors.
    """
    log.info("request", method=method, route=route, status=status, ms=round(1000 * seconds, 1), user=user)
