"""Magic link: signs in by a link in an e-mail.

Nothing is looked up when a link is asked for: every address gets the same answer after the same work, and one that is new
here gets an account when its link is used. Opening the link signs in at once in the browser that asked for it; anywhere
else (a mail scanner, a phone) a page asks first, so that scanners do not use links up, and no user is
signed in to another's account unawares.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from app.accounts.errors import RefusedError
from app.accounts.identity import Identity
from app.accounts.mail import send_later, sign_in_mail
from app.accounts.methods.registry import configured
from app.accounts.redirects import callback_url, safe_next_path
from app.accounts.sessions import BROWSER, current_session, session_store
from app.accounts.sign_in_flow import start_session
from app.runtime import services

LIFETIME: Final = 600
PAUSE: Final = 30
"""Seconds between two mails to one address."""
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class Link:
    """What a link is for; `here`: it was asked for in this browser."""

    email: str
    next: str
    here: bool


def is_address(text: str) -> bool:
    """Whether mail can go there, as far as its form tells."""
    return _ADDRESS.fullmatch(text) is not None and ".." not in text


def send_link(email: str, next_path: str | None) -> None:
    """Send a link.

    Raises:
        RefusedError: there is no mail server.
        redis.RedisError: the link cannot be stored.
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
    token = secrets.token_urlsafe(32)
    stored = {"email": email, "next": safe_next_path(next_path, "/account"), "browser": browser}
    store = session_store()
    if store.once(f"magic-sent:{_digest(email)}", PAUSE):
        store.put(f"magic:{_digest(token)}", orjson.dumps(stored), LIFETIME)
        link = f"{callback_url('magic-link/verify')}?{urlencode({'token': token})}"
        send_later(settings, sign_in_mail(settings, email, link, LIFETIME // 60))


def peek(token: str) -> Link:
    """The link of a token, which stays valid.

    Raises:
        RefusedError: it is used, too old, or was never one.
    """
    _require_configured()
    return _link(session_store().get(f"magic:{_digest(token)}"))


def redeem(token: str) -> str:
    """Sign in with a link, which is invalid from now on; returns the path to go on to.

    Raises:
        RefusedError: it is used, too old, or was never one.
    """
    _require_configured()
    link = _link(session_store().pop(f"magic:{_digest(token)}"))
    name = link.email.partition("@")[0]
    start_session(Identity("email", link.email, name=name, email=link.email, email_verified=True))
    return link.next


def _link(text: bytes | None) -> Link:
    if text is None:
        raise RefusedError("link")
    stored: dict[str, Any] = orjson.loads(text)
    browser = current_session().get(BROWSER)
    here = isinstance(browser, str) and secrets.compare_digest(browser, stored["browser"])
    return Link(stored["email"], stored["next"], here)


def _require_configured() -> None:
    if "email" not in configured(services().settings):
        raise RefusedError("not-configured")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
