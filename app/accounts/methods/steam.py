"""Steam: sign-in where TRACERA_STEAM_LOGIN is set, and linking to the signed-in account always.

The state of this browser's session is part of return_to (9), because OpenID 2.0 has no protection of its own.
"""

import hashlib
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

from flask import redirect, request
from werkzeug.wrappers import Response

from app.accounts.errors import RefusedError
from app.accounts.identity import Identity
from app.accounts.methods import steam_openid
from app.accounts.methods.registry import configured
from app.accounts.redirects import callback_url, origin, redirect_to_canonical_host
from app.accounts.sessions import session_store
from app.accounts.sign_in_flow import complete_sign_in, remember_intent, resume_intent
from app.runtime import services

SIGN_IN, LINK = "steam/login/callback", "steam/callback"
NONCE_KEPT: Final = 900
"""Seconds a nonce is remembered; longer than one is accepted."""


def redirect_to_provider(*, link: bool, next_path: str | None) -> Response:
    """Redirect to Steam."""
    settings = services().settings
    if not link and "steam" not in configured(settings):
        raise RefusedError("not-configured")
    if redirected := redirect_to_canonical_host():
        return redirected
    state = remember_intent(_name(link=link), link=link, next_path=next_path)
    return redirect(steam_openid.login_address(_base(), realm=origin(), return_to=_return_to(state, link=link)))


def complete(*, link: bool) -> Response:
    """Sign in or link on return from Steam."""
    if not link and "steam" not in configured(services().settings):
        raise RefusedError("not-configured")
    intent = resume_intent(_name(link=link))
    query = request.args.to_dict(flat=False)
    return_to = _return_to(request.args["state"], link=link)
    assertion = steam_openid.read(query, base=_base(), return_to=return_to, now=datetime.now(UTC))
    steam_openid.verify(assertion, _base())
    digest = hashlib.sha256(assertion.nonce.encode()).hexdigest()
    if not session_store().once(f"openid:nonce:{digest}", NONCE_KEPT):
        raise RefusedError("replay")
    name = f"Steam user {assertion.steam_id[-4:]}"
    return complete_sign_in(intent, Identity("steam", assertion.steam_id, name=name))


def _name(*, link: bool) -> str:
    """Signing in and linking do not accept each other's states."""
    return "steam-link" if link else "steam"


def _base() -> str:
    return services().settings.steam_openid_url.rstrip("/")


def _return_to(state: str, *, link: bool) -> str:
    return f"{callback_url(LINK if link else SIGN_IN)}?{urlencode({'state': state})}"
