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
from app.security.client_address import client_address, network_of
from app.security.middleware import EXTENSION, Middleware
from app.security.origins import OWN_SITES, is_this_server
from app.security.policy import MESSAGES, WEBSOCKETS
from app.security.rate_limit import LimitsDownError
from app.security.refusal import Refusal
from app.security.revocation import Credential, find_ended
from db.accounts import watchlist
from db.core.pool import DatabaseDownError

log = structlog.get_logger(__name__)

THREADS: Final = 4
"""Handshakes that may wait for Redis and the database at once; the event loop waits for none."""


class WebSocketAuth:
    """Authenticates handshakes, reads watchlists and finds ended sessions for the gateway."""

    def __init__(self, server: Flask) -> None:
        self._middleware: Middleware = server.extensions[EXTENSION]
        self._sessions: SessionStore = server.extensions[SESSIONS]
        runtime: Runtime = server.extensions["tracera"]
        self._database = runtime.request_services.database
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="handshake")

    async def authorize(self, scope: Mapping[str, Any]) -> Principal:
        """The principal that opens a WebSocket.

        Raises:
            Refusal: too many connects, an unknown key, a path without a row, or a visitor where a user is needed.
        """
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._check_handshake, scope)

    async def watchlist(self, user_id: int) -> Sequence[int]:
        """The items that a user watches; none while the database is down."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._read_watchlist, user_id)

    async def find_ended(self, principals: Collection[Principal]) -> Collection[Principal]:
        """The principals whose session or key has ended since the handshake."""
        work = partial(find_ended, self._database, self._sessions, principals)
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def is_proxy(self, address: str) -> bool:
        """Whether many clients may stand behind an address."""
        return self._middleware.trust.trusted_hops(address, None) > 0 or self._middleware.trust.covers(address)

    def permits(self, message: str, principal: Principal) -> bool:
        """Whether a principal may send or get a message, by its action or type; False for one without a row."""
        return permits(MESSAGES.get(message), principal.user_id)

    def _check_handshake(self, scope: Mapping[str, Any]) -> Principal:
        row = WEBSOCKETS.get(scope["path"])
        if row is None:
            log.error("a WebSocket without a row in the policy was refused", path=scope["path"])
            raise Refusal(403, "nobody may open this")
        client = scope.get("client")
        address = client_address(
            self._middleware.trust, client[0] if client else None, header_values(scope, b"x-forwarded-for")
        )
        site = network_of(address)
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
        key = bearer(next(iter(header_values(scope, b"authorization")), ""))
        return Principal(site, found.user_id, Credential(found.session_id, hash_key(key) if key else None))

    def _check_origin(self, scope: Mapping[str, Any]) -> None:
        """Refuse a session's cookie that another site's page sends along: a handshake has no CSRF token."""
        origin, site = "".join(header_values(scope, b"origin")), "".join(header_values(scope, b"sec-fetch-site"))
        host = "".join(header_values(scope, b"host"))
        ours = is_this_server(origin, base_url=self._middleware.settings.base_url, host=host)
        if not ours or (site and site not in OWN_SITES):
            raise Refusal(403, "another site's page may not open this")

    def _read_watchlist(self, user_id: int) -> Sequence[int]:
        try:
            return watchlist.everything(self._database, user_id)
        except DatabaseDownError as error:
            log.warning("a watchlist cannot be read", error=str(error))
            return ()

    def _count(self, group: Group, client: str) -> None:
        try:
            counted = self._middleware.limiter.hit(group, client)
        except LimitsDownError as error:
            raise Refusal(503, str(error), retry_after=5) from error
        if counted and not counted[1].passed:
            raise Refusal(429, f"too many connects; try again in {counted[1].wait} s", retry_after=counted[1].wait)

    def _caller(self, scope: Mapping[str, Any]) -> Caller:
        authorization = header_values(scope, b"authorization")
        cookies = parse_cookie("; ".join(header_values(scope, b"cookie")))
        if len(authorization) > 1:
            raise Refusal(400, "more than one Authorization header")
        if not authorization and self._sessions.cookie_name not in cookies:
            return ANONYMOUS
        return caller_of(
            self._database, self._sessions, cookies=cookies, authorization=authorization[0] if authorization else None
        )


def header_values(scope: Mapping[str, Any], name: bytes) -> list[str]:
    """The values of a header, in order."""
    return [value.decode("latin-1") for known, value in scope["headers"] if known == name]
