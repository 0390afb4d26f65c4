"""The upstream server as an ASGI application: routes, faults, and a record of what was asked."""

import asyncio
import threading
from collections import deque
from typing import Any
from urllib.parse import parse_qsl

import orjson

from tests.upstream import csfloat, csgotrader, inventory, priceempire, skinport, steam
from tests.upstream.data import World
from tests.upstream.faults import Faults
from tests.upstream.misbehave import Raw, send_broken, simple_answer, until_gone
from tests.upstream.wire import Answer, Request, Route, json_answer

# Run by hand for days, it must not remember everything.
_REMEMBERED = 20_000

# A market is one file with `routes(world)`.
_MARKETS = (steam, inventory, skinport, csfloat, priceempire, csgotrader)


class UpstreamApp:
    """`faults` and `world` may be changed while it runs; `seen` holds the last requests in order.

    By hand: POST a fault's fields to `/_faults`, GET lists the active ones, DELETE clears them.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.faults = Faults()
        self.seen: deque[Request] = deque(maxlen=_REMEMBERED)
        self._lock = threading.Lock()
        known = [route for market in _MARKETS for route in market.routes(world)]
        self._exact = {route.path: route for route in known if not route.path.endswith("/*")}
        self._below = [route for route in known if route.path.endswith("/*")]

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Raw) -> None:
        request = await _request(scope, receive)
        if request.path == "/_faults":
            await _send(self._control(request), send)
            return
        with self._lock:
            self.seen.append(request)
        route = self._route(request.path)
        if route is None:
            await _send(json_answer({"error": "no such address"}, 404), send)
            return
        normal = await asyncio.to_thread(route.answer, request)  # one that waits holds up no other
        fault = self.faults.take(route.market, request.path)
        if fault is None:
            await _send(normal, send)
            return
        answer = simple_answer(fault, route, normal)
        if answer is not None:
            await _send(answer, send)
        else:
            await until_gone(receive, send_broken(fault, normal, send))

    def asked(self, path: str) -> list[Request]:
        """The requests so far whose path begins so."""
        with self._lock:
            return [request for request in self.seen if request.path.startswith(path)]

    def forget(self) -> None:
        """Clear faults and record."""
        self.faults.clear()
        with self._lock:
            self.seen.clear()

    def _route(self, path: str) -> Route | None:
        exact = self._exact.get(path)
        return exact or next((route for route in self._below if path.startswith(route.path[:-1])), None)

    def _control(self, request: Request) -> Answer:
        if request.method == "DELETE":
            self.faults.clear()
        elif request.method == "POST":
            try:
                self.faults.add(**orjson.loads(request.body))
            except (TypeError, ValueError) as error:
                return json_answer({"error": str(error)}, 400)
        return json_answer([{"kind": fault.kind, "where": fault.where} for fault in self.faults.active()])


async def _request(scope: dict[str, Any], receive: Any) -> Request:
    body = b""
    more = scope["method"] not in {"GET", "HEAD", "DELETE"}
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True)),
        headers={key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]},
        body=body,
    )


async def _send(answer: Answer, send: Raw) -> None:
    headers = [(key.encode(), value.encode()) for key, value in answer.headers.items()]
    if answer.status != 304:
        headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
