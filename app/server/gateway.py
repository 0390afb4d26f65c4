"""Gateway: the ASGI application; serves WebSockets on the event loop and passes HTTP to Flask in worker threads."""

import re
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final
from urllib.parse import parse_qs

import uvicorn
from flask import Flask

from app.live.binary import SUBPROTOCOLS
from app.live.demand import Report
from app.live.hub import Hub, Latest
from app.live.principal import VISITOR, Principal
from app.live.protocol import PATH
from app.live.revalidation import FindEnded, find_none_ended
from app.live.session import Receive, Session
from app.live.settings import LiveSettings
from app.live.subscriptions import Client
from app.security.origins import is_allowed
from app.security.refusal import Refusal
from app.server.alive import ALIVE, is_alive
from app.server.answers import refusal_answer
from app.server.bounds import HttpBounds
from app.server.connections import Connections
from app.server.http_protocol import BoundedHttp
from app.server.websocket import EXTENSION, LiveWebSocket
from app.server.wsgi_bridge import Bridge, send_answer
from app.telemetry.access import log_request

HARD_LIMIT: Final = 64 * 1024
"""Bytes of a message above which uvicorn closes with 1009; from 16 kB on the client is told by an error first."""

Scope = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Authorize = Callable[[Scope], Awaitable[Principal]]
Watchlist = Callable[[int], Awaitable[Sequence[int]]]
"""The items that a user watches."""
Permits = Callable[[str, Principal], bool]
"""Whether a message, by its action or type, is for this principal."""
MAX_BODY_SIZE: Final = 16 * 1024 * 1024
SWITCHED: Final = 101
"""Status of a WebSocket that was accepted."""
GRACE: Final = 3
"""Seconds that open requests have to end when the server does."""
_SOURCE = re.compile(r"[a-z0-9_.:-]{1,64}")


async def anonymous(_scope: Scope) -> Principal:
    """Treat every connection as a visitor's."""
    return VISITOR


async def no_watchlist(_user_id: int) -> Sequence[int]:
    """Know no watchlists."""
    return ()


def permit_all(_message: str, _principal: Principal) -> bool:
    """Permit every message to everyone."""
    return True


class Gateway:
    """Callable by an ASGI server; `hub` is the live path it runs between the server's start and end."""

    def __init__(
        self,
        http: Bridge,
        connections: Connections,
        hub: Hub,
        authorize: Authorize,
        watchlist: Watchlist,
        permits: Permits = permit_all,
        *,
        access_log: bool = False,
    ) -> None:
        self._access_log = access_log
        self.hub = hub
        self.connections = connections
        self._http = http
        self._authorize = authorize
        self._watchlist = watchlist
        self._permits = permits

    def end_waits(self) -> None:
        """Answer the requests that wait for a task; the server is about to end."""
        self._http.waiter.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, as ASGI 3 has it."""
        match scope["type"]:
            case "http" if is_alive(scope):
                await send_answer(send, ALIVE)
            case "http":
                await self._http(scope, receive, send)
            case "websocket":
                await self._websocket(scope, receive, send)
            case "lifespan":
                await self._lifespan(receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self.hub.start()
                self.connections.start()
                await send({"type": "lifespan.startup.complete"})
            else:
                self.connections.stop()
                await self.hub.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        begun, user, status = time.perf_counter(), None, SWITCHED
        try:
            client, principal = await self._admit(scope)
            user = principal.user_id
        except Refusal as refusal:
            status = refusal.status
            await _refuse(send, refusal)
        else:
            try:
                await self._serve(client, principal, receive, send)
            finally:
                self.hub.connections.release(principal)
                await self.hub.seats.say(principal.counted_as())
        finally:
            if self._access_log:
                route = PATH if scope["path"] == PATH else None
                seconds = time.perf_counter() - begun
                log_request(method="GET", route=route, status=status, seconds=seconds, user=user)

    async def _admit(self, scope: Scope) -> tuple[Client, Principal]:
        """The client and its principal, for whom a connection is reserved.

        Raises:
            Refusal: the handshake does not pass, the key is unknown, or too many connections are open.
        """
        client = self._check_handshake(scope)
        principal = await self._authorize(scope)
        connections = self.hub.connections
        full = Refusal(429, f"more than {connections.limit} connections are open; close one first", retry_after=10)
        if not connections.reserve(principal):
            raise full
        if not await self._has_seats(principal):
            raise full
        return client, principal

    async def _has_seats(self, principal: Principal) -> bool:
        """Whether all processes together have room for one that is reserved in this one; else it is released."""
        taken = False
        try:
            taken = await self.hub.seats.take(principal.counted_as())
        finally:
            if not taken:
                self.hub.connections.release(principal)
        return taken

    async def _serve(self, client: Client, principal: Principal, receive: Receive, send: Send) -> None:
        """Serve a client whose handshake passed the checks."""
        client.principal, client.takes_user_messages = principal, self._permits("portfolio", principal)
        items: Sequence[int] = ()
        if principal.user_id is not None and self._permits("auto_subscribe", principal):
            items = await self._watchlist(principal.user_id)
        agreed = next((name for name, encoding in SUBPROTOCOLS.items() if encoding == client.encoding), None)
        await send({"type": "websocket.accept", "subprotocol": agreed})
        await Session(self.hub, client, lambda action: self._permits(action, principal)).run(receive, items)

    def _check_handshake(self, scope: Scope) -> Client:
        """Check the handshake before anything is accepted.

        Raises:
            Refusal: another path, a foreign page, an unknown query value, or no room.
        """
        if scope["path"] != PATH:
            raise Refusal(404, "there is no WebSocket here")
        origins = [value.decode("latin-1") for name, value in scope["headers"] if name == b"origin"]
        if len(origins) != 1 or not is_allowed(origins[0], self.hub.settings.base_url):
            raise Refusal(403, "the Origin is not this server's")
        if not self.hub.has_room():
            raise Refusal(503, "too many connections")
        connection = scope["extensions"].get(EXTENSION)
        if connection is None:
            raise Refusal(503, "live prices need uvicorn with ws=app.server.websocket.LiveWebSocket")
        offered = (encoding for name, encoding in SUBPROTOCOLS.items() if name in scope["subprotocols"])
        return Client(connection, _source(scope), next(offered, "json"))


def _source(scope: Scope) -> str | None:
    """The one source whose prices are wanted, from `?source=`; None for all."""
    query: str = scope["query_string"].decode("latin-1")
    values = parse_qs(query).get("source")
    if values is None:
        return None
    if len(values) != 1 or not _SOURCE.fullmatch(values[0]):
        raise Refusal(400, f"source {values[-1]!r} is not a source's name")
    return values[0]


async def _refuse(send: Send, refusal: Refusal) -> None:
    headers, body = refusal_answer(refusal)
    await send({"type": "websocket.http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})


def create_app(
    server: Flask,
    settings: LiveSettings,
    *,
    authorize: Authorize = anonymous,
    watchlist: Watchlist = no_watchlist,
    permits: Permits = permit_all,
    latest: Latest | None = None,
    find_ended: FindEnded = find_none_ended,
    demand: Report | None = None,
    connections: Connections | None = None,
    max_body_size: Callable[[str], int] = lambda _path: MAX_BODY_SIZE,
) -> Gateway:
    """Put the live path in front of a Flask application, which finds the hub in its `extensions["tracera.live"]`.

    `authorize` finds the principal of a WebSocket by cookies and headers in the scope, or raises `Refusal`; `watchlist`
    gives a user's item ids; `permits` checks a message against a principal; `latest` gives prices that Redis does not
    have; `find_ended` finds principals whose session or key has ended; `demand` is told
    what clients watch; `max_body_size` is the most bytes of a body, by its path. All run on the event loop and must not block it.
    """
    hub = Hub(settings, latest, find_ended, demand)
    server.extensions["tracera.live"] = hub
    counted = Connections(HttpBounds()) if connections is None else connections
    # Flask's environ is a plain dict, a2wsgi's a typed one.
    logs = bool(server.config.get("TRACERA_ACCESS_LOG"))
    http = Bridge(server, settings.wsgi_workers, counted, max_body_size, access_log=logs)  # type: ignore[arg-type]
    return Gateway(http, counted, hub, authorize, watchlist, permits, access_log=logs)


class Server(uvicorn.Server):
    """uvicorn's server; calls `ready` once it listens."""

    def __init__(self, config: uvicorn.Config, gateway: Gateway, ready: Callable[[], None] | None) -> None:
        super().__init__(config)
        self._gateway, self._ready = gateway, ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then call `ready`."""
        await super().startup(sockets)
        if self.started and self._ready:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer who waits for a task, then end; while uvicorn runs, signals are its own."""
        self._gateway.end_waits()
        await super().shutdown(sockets)


def create_uvicorn(
    app: Gateway, host: str = "127.0.0.1", port: int = 8050, *, ready: Callable[[], None] | None = None
) -> uvicorn.Server:
    """The server for a gateway, not running yet; `ready` is called once it listens."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http=BoundedHttp,
        ws=LiveWebSocket,
        ws_max_size=HARD_LIMIT,
        # Frames are shared between clients, compression is a state of each.
        ws_per_message_deflate=False,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        # Only the middleware knows which proxies are trusted; uvicorn would believe any on this machine.
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE,
    )
    return Server(config, app, ready)


def run(app: Gateway, host: str = "127.0.0.1", port: int = 8050) -> None:
    """Serve until a signal ends it."""
    create_uvicorn(app, host, port).run()
