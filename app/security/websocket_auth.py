"""WebSocket authentication: handshakes never reach Flask, so they are checked here."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

import structlog
from flask import Flask
from werkzeug.http import parse_cookie

from app.accounts.api_keys import bearer, hash_key
from app.accounts.caller import ANONYMOUS, Caller, caller_of
from app.accounts.session_store import SessionStore
from app.accounts.sessions import EXTENSION as SESSIONS
from app.live.principal import Principal
from app.runtime import Runtime
from app.security.access import Access, Group
from app.security.authorization import permits
from app.security.client_address import client_address, site_of
from app.security.middleware import EXTENSION, Middleware
from app.security.origins import OURS, is_this_server
from app.security.policy import MESSAGES, SOCKETS
from app.security.rate_limit import LimitsDownError
from app.security.refusal import Refusal
from app.security.revocation import Credential, find_ended
from db.accounts import watchlist
from db.core.pool import DatabaseDownError

log = structlog.get_logger(__name__)

THREADS: Final = 4
"""Handshakes that may wait for Redis and the database at once; the event loop waits for none."""


class WebSocketAuth:
    """What the gateway asks before and after a handshake."""

    def __init__(self, server: Flask) -> None:
        self._guard: Middleware = server.extensions[EXTENSION]
        self._sessions: SessionStore = server.extensions[SESSIONS]
        runtime: Runtime = server.extensions["tracera"]
        self._database = runtime.request_services.database
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="handshake")

    async def authorize(self, scope: Mapping[str, Any]) -> Principal:
        """Who opens a WebSocket.

        Raises:
            Refusal: too many connects, an unknown key, a path without a row, or nobody where somebody is needed.
        """
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._check, scope)

    async def watchlist(self, user_id: int) -> Sequence[int]:
        """The items that a user watches; none while the database is down."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._watched, user_id)

    async def find_ended(self, principals: Collection[Principal]) -> Collection[Principal]:
        """The principals whose session or key has ended since the handshake."""
        look = partial(find_ended, self._database, self._sessions, principals)
        return await asyncio.get_running_loop().run_in_executor(self._threads, look)

    def is_proxy(self, address: str) -> bool:
        """Whether many clients may stand behind an address."""
        return self._guard.trust.trusted_hops(address, None) > 0 or self._guard.trust.covers(address)

    def permits(self, message: str, principal: Principal) -> bool:
        """Whether a message, by its action or type, is for this principal; one without a row is for nobody."""
        return permits(MESSAGES.get(message), principal.user_id)

    def _check(self, scope: Mapping[str, Any]) -> Principal:
        row = SOCKETS.get(scope["path"])
        if row is None:
            log.error("a WebSocket without a row in the policy was refused", path=scope["path"])
            raise Refusal(403, "nobody may open this")
        client = scope.get("client")
        address = client_address(self._guard.trust, client[0] if client else None, values(scope, b"x-forwarded-for"))
        site = site_of(address)
        self._count(row.group, f"ip:{site}")
        found = self._caller(scope)
        if found.refused:
            raise Refusal(401, "this API key is unknown or was revoked")
        if found.user_id is None:
            if row.access is not Access.PUBLIC:
                raise Refusal(503 if found.unknown else 401, "sign in first")
            return Principal(site)
        if found.kind == "session":
            self._check_origin(scope)
        self._count(row.group, f"user:{found.user_id}")
        key = bearer(next(iter(values(scope, b"authorization")), ""))
        return Principal(site, found.user_id, Credential(found.session_id, hash_key(key) if key else None))

    def _check_origin(self, scope: Mapping[str, Any]) -> None:
        """Refuse a session's cookie that another page sends along: there is no token in a handshake."""
        origin, site = "".join(values(scope, b"origin")), "".join(values(scope, b"sec-fetch-site"))
        host = "".join(values(scope, b"host"))
        ours = is_this_server(origin, base_url=self._guard.settings.base_url, host=host)
        if not ours or (site and site not in OURS):
            raise Refusal(403, "another site's page may not open this")

    def _watched(self, user_id: int) -> Sequence[int]:
        try:
            return [row["item_id"] for row in watchlist.of_user(self._database, user_id)]
        except DatabaseDownError as error:
            log.warning("a watchlist cannot be read", error=str(error))
            return ()

    def _count(self, group: Group, who: str) -> None:
        try:
            counted = self._guard.limiter.hit(group, who)
        except LimitsDownError as error:
            raise Refusal(503, str(error), retry_after=5) from error
        if counted and not counted[1].passed:
            raise Refusal(429, f"too many connects; try again in {counted[1].wait} s", retry_after=counted[1].wait)

    def _caller(self, scope: Mapping[str, Any]) -> Caller:
        authorization = values(scope, b"authorization")
        cookies = parse_cookie("; ".join(values(scope, b"cookie")))
        if len(authorization) > 1:
            raise Refusal(400, "more than one Authorization header")
        if not authorization and self._sessions.cookie_name not in cookies:
            return ANONYMOUS
        return caller_of(
            self._database, self._sessions, cookies=cookies, authorization=authorization[0] if authorization else None
        )


def values(scope: Mapping[str, Any], name: bytes) -> list[str]:
    """The values of a header, in order."""
    return [value.decode("latin-1") for known, value in scope["headers"] if known == name]
