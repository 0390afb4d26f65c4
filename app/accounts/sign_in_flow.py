"""Sign-in flow: begins in a browser, must return to the same one, and ends in a new session."""

import secrets
import time
from dataclasses import dataclass
from typing import Any, Final

import redis
import structlog
from flask import g, jsonify, redirect, request
from flask_login import login_user
from werkzeug.wrappers import Response

from app.accounts import matching
from app.accounts.caller import caller, forget_caller
from app.accounts.errors import RefusedError
from app.accounts.identity import Identity
from app.accounts.redirects import safe_next_path
from app.accounts.sessions import CSRF, current_session, sessions
from app.runtime import services
from db.core.pool import DatabaseDownError

log = structlog.get_logger(__name__)

PENDING: Final = "pending"
MAX_SECONDS_AWAY: Final = 600
"""Seconds between leaving for a provider and coming back."""
MOST_PENDING: Final = 5


@dataclass(frozen=True, slots=True)
class Intent:
    """The purpose of a sign-in: the page to go on to, and the user to link to (None: sign in)."""

    provider: str
    next: str
    link: int | None


def remember_intent(provider: str, *, link: bool, next_path: str | None) -> str:
    """Store the purpose in this browser's session; returns the state that must come back.

    Raises:
        RefusedError: Redis is down, or linking without a session.
    """
    session = current_session()
    current = caller()
    if link and current.kind != "session":
        raise RefusedError("sessions-down" if current.unknown else "signed-out")
    if session.unreachable:
        raise RefusedError("sessions-down")
    if not session.stored:
        sessions().regenerate(session)
    state = secrets.token_urlsafe(24)
    now = int(time.time())
    entry = {
        "provider": provider,
        "next": safe_next_path(next_path, "/account"),
        "link": current.user_id if link else None,
        "at": now,
    }
    pending: dict[str, Any] = session.get(PENDING) or {}
    fresh = {other: started for other, started in pending.items() if now - started["at"] < MAX_SECONDS_AWAY}
    session[PENDING] = dict([*fresh.items(), (state, entry)][-MOST_PENDING:])
    return state


def resume_intent(provider: str) -> Intent:
    """The purpose that belongs to the state that came back; each state counts once.

    Raises:
        RefusedError: another browser's state, none, an old or used one; or the user to link to is not signed in any more.
    """
    session = current_session()
    if session.unreachable:
        raise RefusedError("sessions-down")
    states = request.args.getlist("state")
    pending: dict[str, Any] = session.get(PENDING) or {}
    entry = pending.get(states[0]) if len(states) == 1 else None
    if entry is None or entry["provider"] != provider or time.time() - entry["at"] > MAX_SECONDS_AWAY:
        raise RefusedError("state")
    session[PENDING] = {other: started for other, started in pending.items() if other != states[0]}
    link = entry["link"]
    if link is not None and caller().user_id != link:
        raise RefusedError("signed-out")
    return Intent(provider, safe_next_path(entry["next"], "/account"), link)


def complete_sign_in(intent: Intent, identity: Identity) -> Response:
    """Sign in, or link, and go on."""
    if intent.link is not None:
        matching.link(services().database, intent.link, identity)
        return redirect(intent.next, 303)
    start_session(identity)
    return redirect(intent.next, 303)


def start_session(identity: Identity) -> None:
    """Sign an identity's user in, with a new session id; whatever the old session held is gone.

    Raises:
        RefusedError: the identity cannot sign in.
        redis.RedisError: no session could be made, so the user is not signed in.
    """
    session = current_session()
    if session.unreachable:
        raise RefusedError("sessions-down")
    before = caller().user_id
    user = matching.sign_in(services().database, identity)
    sessions().forget(session, before)
    sessions().regenerate(session)
    login_user(user)
    session["method"] = identity.provider
    session["created"] = int(time.time())
    session["address"] = request.remote_addr
    session["user_agent"] = matching.user_agent()
    g.pop(CSRF, None)
    forget_caller()


def refuse(error: Exception) -> Response:
    """The answer to a sign-in that failed: a page for people, JSON for programs."""
    refused = _as_refusal(error)
    log.warning(
        "sign-in refused", refusal=refused.code, path=request.path, reason=str(error), address=request.remote_addr
    )
    if request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html":
        page = "/account" if caller().kind == "session" else "/sign-in"
        return redirect(f"{page}?error={refused.code}", 303)
    response = jsonify({"error": refused.message})
    response.status_code = refused.status
    if refused.status == 503:  # noqa: PLR2004  # HTTP's own number
        response.headers["Retry-After"] = "5"
    return response


def _as_refusal(error: Exception) -> RefusedError:
    if isinstance(error, RefusedError):
        return error
    if isinstance(error, redis.RedisError):
        return RefusedError("sessions-down", str(error))
    if isinstance(error, DatabaseDownError):
        return RefusedError("database-down", str(error))
    raise error
