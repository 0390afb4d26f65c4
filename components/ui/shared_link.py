"""Shared link: headers and status of a page whose address is its secret."""

from collections.abc import Callable
from http import HTTPStatus

from flask import Flask, Response, request

from db.core.pool import DatabaseDownError


def register(server: Flask, prefix: str, is_shown: Callable[[str], bool]) -> None:
    """Keep the addresses under a prefix to themselves; `is_shown` says whether a token shows something (DatabaseDownError)."""

    @server.after_request
    def keep_to_itself(response: Response) -> Response:
        """No search engine and no other site hears of the address. A link that shows nothing is a 404."""
        if not request.path.startswith(prefix) or response.mimetype != "text/html":
            return response
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        response.headers["Cache-Control"] = "private, no-store"
        if response.status_code == HTTPStatus.OK:
            try:
                known = is_shown(request.path.removeprefix(prefix).rstrip("/"))
            except DatabaseDownError:
                return response  # the page itself says so
            if not known:
                response.status_code = HTTPStatus.NOT_FOUND
        return response
