"""Magic link: signs in by a link in an e-mail.

Nothing is looked up when a link is asked for: every address gets the same answer after the same work, which puts in a task,
and one that is new here gets an account when its link is used. Opening the link signs in at once in the browser that asked for
it; anywhere else (a mail scanner, a phone) a page asks first, so that scanners do not use links up, and no user is signed in to
another's account unawares.
"""

import re
import secrets
from typing import Final

import orjson

from app.accounts.errors import RefusedError
from app.accounts.identity import Identity
from app.accounts.methods.registry import configured
from app.accounts.redirects import callback_url, safe_next_path
from app.accounts.sessions import BROWSER, current_session, session_store
from app.accounts.sign_in_flow import start_session
from app.accounts.sign_in_mail import Link, defer, digest, key
from app.runtime import services
from db.core.pool import DatabaseDownError

PAUSE: Final = 30
"""Seconds between two mails to one address."""
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


def is_address(text: str) -> bool:
    """Whether mail can go there, as far as its form tells."""
    return _ADDRESS.fullmatch(text) is not None and ".." not in text


def send_link(email: str, next_path: str | None) -> None:
    """Let a link be sent.

    Raises:
        RefusedError: there is no mail server.
        redis.RedisError, DatabaseDownError: none will be.
    """
    settings = services().settings
    if "email" not in configured(settings):
        raise RefusedError("not-configured")
    email = email.lower()
    session = current_session()
    if session.unreachable:
        raise RefusedError("sessions-down")
    browser = session.get(BROWSER)
    if not browser:
        browser = session[BROWSER] = secrets.token_urlsafe(16)
    link = Link(email, safe_next_path(next_path, "/account"), digest(browser))
    store, sent = session_store(), f"magic-sent:{digest(email)}"
    if store.once(sent, PAUSE):
        try:
            defer(services().database, link, callback_url("magic-link/verify"))
        except DatabaseDownError:
            store.pop(sent)  # the next try is not one too many
            raise


def peek(token: str) -> Link:
    """The link of a token, which stays valid.

    Raises:
        RefusedError: it is used, too old, or was never one.
    """
    _require_configured()
    return _link(session_store().get(key(token)))


def asked_here(link: Link) -> bool:
    """Whether a link was asked for in this browser."""
    browser = current_session().get(BROWSER)
    return isinstance(browser, str) and secrets.compare_digest(digest(browser), link.browser)


def redeem(token: str) -> str:
    """Sign in with a link, which is invalid from now on; returns the path to go on to.

    Raises:
        RefusedError: it is used, too old, or was never one.
    """
    _require_configured()
    link = _link(session_store().pop(key(token)))
    name = link.email.partition("@")[0]
    start_session(Identity("email", link.email, name=name, email=link.email, email_verified=True))
    return link.next


def _link(text: bytes | None) -> Link:
    if text is None:
        raise RefusedError("link")
    return Link(**orjson.loads(text))


def _require_configured() -> None:
    if "email" not in configured(services().settings):
        raise RefusedError("not-configured")
