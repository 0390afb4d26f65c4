"""Streams of the stand-in exchange: sockets, subscriptions, commands and their limits."""

import asyncio
import json
import time
from collections import deque
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from websockets.asyncio.server import ServerConnection, broadcast
from websockets.exceptions import ConnectionClosed

from tests.exchange.faults import Faults

MOST_STREAMS = 1024
MOST_COMMANDS = 5
MOST_HANDSHAKES = 300
_FIVE_MINUTES = 300.0
_SHUTDOWN = "!serverShutdown"


class Client:
    """One socket: what it asked for, and how fast."""

    def __init__(self, connection: ServerConnection, streams: Iterable[str], *, combined: bool) -> None:
        self.connection = connection
        self.streams = set(streams)
        self.combined = combined
        self.commands: list[float] = []
        self.opened = time.monotonic()

    def too_fast(self) -> bool:
        now = time.monotonic()
        self.commands.append(now)
        return sum(now - moment < 1 for moment in self.commands[-MOST_COMMANDS - 1 :]) > MOST_COMMANDS


class Streams:
    """All sockets. `published` keeps the newest events as they were meant, faults aside; `breaches` what clients did wrong.

    `attempts` are the moments of all handshakes, `connected` is the number of those that were let in.
    """

    def __init__(self, faults: Faults) -> None:
        self.clients: set[Client] = set()
        self.connected = 0
        self.attempts: list[float] = []
        self.breaches: list[str] = []
        self.published: deque[tuple[str, dict[str, Any]]] = deque(maxlen=100_000)
        self.lifetime: float | None = None
        self._faults = faults
        self._held: dict[str, dict[str, Any]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, connection: ServerConnection) -> None:
        """One socket, to its end."""
        parts = urlsplit(connection.request.path if connection.request else "")
        combined = parts.path.startswith("/stream")
        asked = parse_qs(parts.query).get("streams", [""])[0] if combined else unquote(parts.path.removeprefix("/ws"))
        client = Client(connection, (name for name in asked.strip("/").split("/") if name), combined=combined)
        self.clients.add(client)
        self.connected += 1
        end = asyncio.create_task(self._end_of_life(client))
        try:
            async for raw in connection:
                if client.too_fast():
                    self.breaches.append("more than 5 messages a second")
                    await connection.close(1008, "Too many requests")
                    return
                await self._command(client, raw)
        except ConnectionClosed:
            return
        finally:
            end.cancel()
            self.clients.discard(client)

    def admits(self) -> bool:
        """Note a handshake; whether it is within what an address may try."""
        now = time.monotonic()
        self.attempts.append(now)
        if sum(now - moment < _FIVE_MINUTES for moment in self.attempts[-MOST_HANDSHAKES - 1 :]) <= MOST_HANDSHAKES:
            return True
        self.breaches.append("more than 300 handshakes in five minutes")
        return False

    def publish(self, stream: str, data: dict[str, Any]) -> None:
        """Send an event to whom it concerns, with the faults that are on."""
        self.published.append((stream, data))
        faults = self._faults
        if stream in faults.silent or (faults.drop is not None and faults.drop(stream, data)):
            return
        events = [data]
        if faults.reorder:
            if stream not in self._held:
                self._held[stream] = data
                return
            events.append(self._held.pop(stream))
        if faults.duplicate:
            events = [event for event in events for _ in range(2)]
        for event in events:
            if faults.delay:
                self._spawn(self._send_later(stream, event, faults.delay))
            else:
                self.send(stream, event)

    def send(self, stream: str, data: dict[str, Any]) -> None:
        """Send an event as it is."""
        readers = [client for client in self.clients if stream in client.streams]
        for combined in (True, False):
            connections = [client.connection for client in readers if client.combined is combined]
            if connections:
                broadcast(connections, json.dumps({"stream": stream, "data": data} if combined else data))

    def announce_shutdown(self, moment: int) -> None:
        """Tell every socket that its server goes down; who connects after that is not told."""
        event = {"e": "serverShutdown", "E": moment}
        for client in self.clients:
            message = {"stream": _SHUTDOWN, "data": event} if client.combined else event
            broadcast([client.connection], json.dumps(message))

    def cut(self) -> None:
        """Break every connection, without any word."""
        for client in list(self.clients):
            client.connection.transport.abort()

    async def close(self, code: int = 1001, reason: str = "") -> None:
        """Close every socket that is open now."""
        await asyncio.gather(*(client.connection.close(code, reason) for client in list(self.clients)))

    async def _end_of_life(self, client: Client) -> None:
        if self.lifetime is not None:
            await asyncio.sleep(self.lifetime)
            await client.connection.close(1008, "24 hours are over")

    async def _send_later(self, stream: str, data: dict[str, Any], seconds: float) -> None:
        await asyncio.sleep(seconds)
        self.send(stream, data)

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _command(self, client: Client, raw: str | bytes) -> None:
        if self._faults.deaf:
            return
        try:
            request = json.loads(raw)
            reply = self._obey(client, request)
        except (ValueError, KeyError, TypeError) as error:
            reply = {"error": {"code": 2, "msg": f"Invalid request: {error}"}}
        if len(client.streams) > MOST_STREAMS:
            self.breaches.append("more than 1,024 streams")
            await client.connection.close(1008, "Too many streams")
            return
        await client.connection.send(json.dumps(reply))

    def _obey(self, client: Client, request: dict[str, Any]) -> dict[str, Any]:
        method, number = request["method"], request.get("id")
        if isinstance(number, str) and len(number) > 36:
            raise ValueError("id is too long")
        result: Any = None
        if method == "SUBSCRIBE":
            client.streams.update(request["params"])
            self._faults.silent.difference_update(request["params"])
        elif method == "UNSUBSCRIBE":
            client.streams.difference_update(request["params"])
        elif method == "LIST_SUBSCRIPTIONS":
            result = sorted(client.streams)
        elif method == "SET_PROPERTY":
            client.combined = bool(request["params"][1])
        elif method == "GET_PROPERTY":
            result = client.combined
        else:
            raise ValueError(f"unknown variant `{method}`")
        return {"result": result, "id": number}
