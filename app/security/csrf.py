"""CSRF tokens for unsafe requests: flask-wtf's, bound to the session or to a visitor's signed cookie.

Dash reads the cookie and sends it as X-CSRFToken with every callback; scripts with a session ask /auth/csrf.
"""

from typing import Final

from flask import Flask, Response, request
from flask_wtf.csrf import CSRFError, CSRFProtect, generate_csrf

from app.accounts.sessions import current_session

COOKIE: Final = "_csrf_token"
"""Dash's own name for it."""
HEADERS: Final = ("X-CSRFToken", "X-CSRF-Token")
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class CsrfProtection(CSRFProtect):  # type: ignore[misc]  # flask-wtf has no annotations
    """flask-wtf's check, reading the token from the form field and the headers alone."""

    def _get_csrf_token(self) -> str | None:
        """The token of a form or header. flask-wtf also tries fields that end like it, and fails on one without a name."""
        return request.form.get("csrf_token") or next(filter(None, map(request.headers.get, HEADERS)), None)


def register_csrf(server: Flask) -> CsrfProtection:
    """Make the check; the middleware calls it for whatever is unsafe, exempting nothing but requests with an API key."""
    server.config.update(
        WTF_CSRF_CHECK_DEFAULT=False,  # else it would run before the middleware knows who calls
        WTF_CSRF_TIME_LIMIT=None,  # a token lives and dies with its session
        WTF_CSRF_SSL_STRICT=False,  # Origin and Sec-Fetch-Site say more than Referer
    )
    return CsrfProtection(server)


def token_error(protect: CsrfProtection) -> str | None:
    """What is wrong with the current request's token, or None."""
    try:
        protect.protect()
    except CSRFError as error:
        return str(error.description)
    return None


def set_token_cookie(response: Response, *, secure: bool) -> None:
    """Set the cookie with the session's token, which scripts of our pages can read."""
    visitor = current_session()
    if not (visitor.stored or visitor.unreachable):
        visitor.modified = (
            True  # his signed cookie is as old as his token then, and neither runs out under an open page
        )
    response.set_cookie(COOKIE, generate_csrf(), secure=secure, httponly=False, samesite="Lax", path="/")
