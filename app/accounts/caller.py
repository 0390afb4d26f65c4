"""Caller: authenticates a request by session or API key; without either it is anonymous."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

import redis
import structlog
from flask import g, request
from flask_login import current_user

from app.accounts.api_keys import bearer, hash_key
from app.accounts.session_store import USER, SessionStore, read_session_id
from app.accounts.sessions import current_session
from app.accounts.user import SignedIn, load_user
from app.runtime import services
from db.accounts import api_keys
from db.core.pool import Database, DatabaseDownError

log = structlog.get_logger(__name__)

Scope = Literal["none", "read", "full"]


@dataclass(frozen=True, slots=True)
class Caller:
    """The user or program that makes a request.

    `scope` is full for a session, as made for a key and none for anonymous callers. `unknown`: a cookie or key was sent
    but could not be checked, because Redis or the database is down. `refused`: a key was sent that is none of ours, or
    no more. Such callers are anonymous; the middleware may say why. `unavailable`: the part that is down.
    """

    kind: Literal["anonymous", "session", "key"]
    user_id: int | None
    scope: Scope
    session_id: str | None
    unknown: bool = False
    refused: bool = False
    unavailable: str = ""

    @property
    def why_unknown(self) -> str:
        """The error for an `unknown` caller."""
        return (
            f"who you are cannot be checked now, because {self.unavailable} does not answer; try again in a few seconds"
        )


ANONYMOUS: Final = Caller("anonymous", None, "none", None)
CACHE_KEY: Final = "tracera_caller"
REDIS, DATABASE = (replace(ANONYMOUS, unknown=True, unavailable=part) for part in ("Redis", "the database"))
"""Callers who cannot be known because that part does not answer."""


def caller() -> Caller:
    """The caller of the current Flask request; authenticated once a request, and again after signing in or out."""
    found: Caller | None = g.get(CACHE_KEY)
    if found is None:
        found = _resolve()
        setattr(g, CACHE_KEY, found)
    return found


def known_user() -> int | None:
    """The number of the current request's user, where somebody asked who it is; asks nobody itself."""
    found: Caller | None = g.get(CACHE_KEY)
    return found.user_id if found else None


def forget_caller() -> None:
    """Authenticate anew, after signing in or out."""
    g.pop(CACHE_KEY, None)


def caller_of(
    database: Database, store: SessionStore, *, cookies: Mapping[str, str], authorization: str | None
) -> Caller:
    """The caller of a WebSocket handshake, which is outside of Flask; blocks on Redis and the database."""
    if authorization is not None:
        return _with_key(database, authorization)
    session_id = read_session_id(cookies, store.cookie_name)
    if session_id is None:
        return ANONYMOUS
    try:
        token = store.user_token(session_id)
        user = load_user(database, token) if token else None
    except (redis.RedisError, DatabaseDownError) as error:
        log.warning("a session could not be checked", error=str(error))
        return DATABASE if isinstance(error, DatabaseDownError) else REDIS
    return _with_session(user, session_id)


def _resolve() -> Caller:
    authorization = request.headers.get("Authorization")
    if authorization is not None:
        return _with_key(services().database, authorization)
    session = current_session()
    if session.unreachable:
        return REDIS
    if USER not in session:
        return ANONYMOUS
    try:
        user = current_user._get_current_object()  # noqa: SLF001  # the documented way through the proxy
    except DatabaseDownError as error:
        log.warning("a session could not be checked", error=str(error))
        return DATABASE
    return _with_session(user if isinstance(user, SignedIn) else None, session.sid)


def _with_session(user: SignedIn | None, session_id: str) -> Caller:
    return ANONYMOUS if user is None else Caller("session", user.user_id, "full", session_id)


def _with_key(database: Database, authorization: str) -> Caller:
    key = bearer(authorization)
    if key is None:
        return replace(ANONYMOUS, refused=True)
    try:
        found = api_keys.use(database, hash_key(key))
    except DatabaseDownError as error:
        log.warning("a key could not be checked", error=str(error))
        return DATABASE
    if found is None:
        return replace(ANONYMOUS, refused=True)
    return Caller("key", found["user_id"], found["scope"], None)
