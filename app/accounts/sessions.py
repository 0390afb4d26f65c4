"""Flask sessions: in Redis for users, in a signed cookie for visitors.

A visitor costs Redis nothing: what a page needs (a CSRF token, which browser asked for an e-mail) fits a signed cookie.
A session in Redis derives its CSRF token from its id, so that tokens can be checked while Redis is down, although no user
counts as signed in then.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import redis
import structlog
from flask import Flask, Request, Response, current_app, g, session
from flask_session.base import ServerSideSession
from flask_session.redis import RedisSessionInterface
from itsdangerous import BadSignature, URLSafeTimedSerializer

from app.accounts.session_store import LIFETIME, TOUCH, SessionStore, new_session_id, read_session_id
from app.settings import Settings

log = structlog.get_logger(__name__)

EXTENSION: Final = "tracera.sessions"
COOKIE: Final = "tracera_session"
CSRF: Final = "csrf_token"
BROWSER: Final = "browser"
"""Names the browser that asked for an e-mail link."""
VISITOR_KEYS: Final = frozenset({CSRF, BROWSER, "_permanent"})
"""What fits the signed cookie; anything else makes a session in Redis."""
FILES: Final = ("/assets/", "/_dash-component-suites/", "/_favicon.ico", "/app.webmanifest")
"""Paths of files that are the same for every client."""
HEALTH: Final = frozenset({"/healthz", "/readyz", "/version"})
"""Paths that are answered while Redis is down."""
_VISITOR_PREFIX: Final = "v."


class StoredSession(ServerSideSession):  # type: ignore[misc]  # flask-session has no annotations
    """`stored`: it is in Redis; `due`: it should be prolonged; `unreachable`: its cookie came, but Redis is down.

    `of_file`: empty, and never stored: an answer that varied with a cookie would be asked for again at every page.
    """

    of_file = False
    stored = False
    due = False
    unreachable = False


class Sessions(RedisSessionInterface):  # type: ignore[misc]
    """flask-session's Redis interface, with visitors in a signed cookie and no failure when Redis is down."""

    session_class = StoredSession

    def __init__(self, app: Flask, store: SessionStore) -> None:
        super().__init__(app, store.redis, key_prefix="session:", permanent=True, serialization_format="json")
        self.store = store

    def open_session(self, app: Flask, request: Request) -> StoredSession:
        """The session of a request; never fails."""
        if request.path.startswith(FILES) or request.path in HEALTH:
            made = self._new_session({})
            made.of_file = True
            return made
        session_id = read_session_id(request.cookies, self.store.cookie_name)
        if session_id is None:
            return self._visitor(app, request.cookies.get(self.store.cookie_name, ""))
        try:
            found = self.store.read(session_id)
        except redis.RedisError as error:
            log.warning("a session could not be read", error=str(error))
            made = self._new_session({CSRF: self._csrf_token(app, session_id)}, session_id)
            made.unreachable = True
            return made
        if found is None:
            return self._new_session({})
        data, left = found
        made = self._new_session(data | {CSRF: self._csrf_token(app, session_id)}, session_id)
        made.stored = True
        made.due = left < LIFETIME - TOUCH
        return made

    def save_session(self, app: Flask, session: StoredSession, response: Response) -> None:
        """Store what changed. While Redis is down nothing is stored, and the browser keeps its cookie."""
        if session.of_file:
            return
        if session.accessed:
            response.vary.add("Cookie")
        if session.unreachable:
            return
        if session.stored or not session.keys() <= VISITOR_KEYS:
            self._save(app, session, response)
        elif session.modified:
            content = {name: value for name, value in session.items() if name != "_permanent"}
            self._set_cookie(app, response, _VISITOR_PREFIX + _signer(app).dumps(content) if content else None)

    def regenerate(self, session: StoredSession) -> None:
        """Give the session a new id in Redis, and with it a new CSRF token; the old id is worthless from now on.

        Raises:
            redis.RedisError: Redis is down; nothing changed.
        """
        if session.stored:
            self.store.end(session.sid)
        else:
            self.store.ping()
        session.sid = new_session_id()
        session.stored = False
        session.due = False
        self._renew_csrf(session, self._csrf_token(current_app, session.sid))
        session["kept"] = True

    def forget(self, session: StoredSession, user_id: int | None) -> None:
        """End the session here and in Redis.

        Raises:
            redis.RedisError: Redis is down; nothing changed.
        """
        if session.stored:
            self.store.end(session.sid, user_id)
        dict.clear(session)
        session.sid = new_session_id()
        session.stored = False
        session.due = False
        session.modified = True
        g.pop(CSRF, None)

    def _save(self, app: Flask, session: StoredSession, response: Response) -> None:
        stored = {name: value for name, value in session.items() if name not in {CSRF, "_permanent"}}
        try:
            if session.modified or not session.stored:
                self.store.write(session.sid, stored, new=not session.stored)
            elif session.due:
                self.store.touch(session.sid, stored)
            else:
                return
        except redis.RedisError as error:
            log.warning("a session could not be stored", error=str(error))
            return
        self._set_cookie(app, response, session.sid)

    def _visitor(self, app: Flask, cookie: str) -> StoredSession:
        if cookie.startswith(_VISITOR_PREFIX):
            try:
                content = _signer(app).loads(cookie.removeprefix(_VISITOR_PREFIX), max_age=LIFETIME)
            except BadSignature:
                return self._new_session({})
            return self._new_session({name: value for name, value in content.items() if name in VISITOR_KEYS})
        return self._new_session({})

    def _new_session(self, data: Mapping[str, Any], session_id: str | None = None) -> StoredSession:
        made = StoredSession(dict(data), sid=session_id or new_session_id(), permanent=True)
        made.modified = made.accessed = False
        return made

    def _renew_csrf(self, session: StoredSession, token: str) -> None:
        session[CSRF] = token
        g.pop(CSRF, None)  # flask-wtf keeps the signed token of this request there

    def _csrf_token(self, app: Flask, session_id: str) -> str:
        return hmac.new(_secret(app), b"csrf" + session_id.encode("ascii"), hashlib.sha256).hexdigest()

    def _set_cookie(self, app: Flask, response: Response, value: str | None) -> None:
        shape: dict[str, Any] = {
            "path": "/",
            "secure": app.config["SESSION_COOKIE_SECURE"],
            "httponly": True,
            "samesite": "Lax",
        }
        if value is None:
            response.delete_cookie(self.store.cookie_name, **shape)
        else:
            response.set_cookie(self.store.cookie_name, value, max_age=LIFETIME, **shape)
        response.vary.add("Cookie")


def register_sessions(server: Flask, client: redis.Redis, secret: str, settings: Settings) -> SessionStore:
    """Give Flask its sessions; nothing connects before the first cookie comes."""
    https = settings.base_url.startswith("https://")
    store = SessionStore(client, f"__Host-{COOKIE}" if https else COOKIE)
    server.secret_key = secret
    server.config.update(
        SESSION_COOKIE_NAME=store.cookie_name,
        SESSION_COOKIE_SECURE=https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(seconds=LIFETIME),
    )
    server.session_interface = Sessions(server, store)
    server.extensions[EXTENSION] = store
    return store


def sessions() -> Sessions:
    """The session interface of the current application."""
    found = current_app.session_interface
    if not isinstance(found, Sessions):
        raise TypeError("register_sessions was not called")
    return found


def session_store() -> SessionStore:
    """The sessions of the application that handles the current request."""
    return sessions().store


def current_session() -> StoredSession:
    """The session of the current request, with its own type."""
    return session._get_current_object()  # type: ignore[attr-defined,no-any-return]  # noqa: SLF001


def _signer(app: Flask) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(_secret(app), salt="tracera.visitor")


def _secret(app: Flask) -> bytes:
    return str(app.secret_key).encode()
