"""Binance socket: one WebSocket of combined streams, its commands and their replies."""

import asyncio
import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import orjson
import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from app.providers.binance.settings import BinanceSettings
from app.providers.http.limiter import RateLimiter

_CLOSE_TIMEOUT = 2.0
_MAX_SIZE = 1 << 20

log = structlog.get_logger(__name__)


class LostError(Exception):
    """The socket is of no more use; the message says why."""


LOST = (LostError, OSError, TimeoutError, WebSocketException)
"""What a lost connection, a refused one and an unanswered command raise."""


class StreamSocket:
    """One open socket. `deliver` gets each event's stream and data, `wake` is called when something has to be looked at.

    `subscribed` holds the streams that the exchange confirmed, `closed` says why it is closed, `shutdown` that the exchange
    announced its end, `heard` is the time of its last message. The library answers pings.
    """

    def __init__(
        self,
        connection: ClientConnection,
        settings: BinanceSettings,
        *,
        deliver: Callable[[str, Mapping[str, Any]], None],
        wake: Callable[[], None],
    ) -> None:
        self.subscribed: set[str] = set()
        self.refused: set[str] = set()
        self.closed: str | None = None
        self.shutdown = False
        self.opened = self.heard = time.monotonic()
        self.messages = 0
        self._connection = connection
        self._settings = settings
        self._deliver = deliver
        self._wake = wake
        self._limiter = RateLimiter(settings.commands_per_second, 1.0)
        self._ids = itertools.count(1)
        self._replies: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def open(
        cls, settings: BinanceSettings, *, deliver: Callable[[str, Mapping[str, Any]], None], wake: Callable[[], None]
    ) -> Self:
        """Connect, with no stream yet. Raises what `LOST` lists."""
        connection = await connect(
            f"{settings.stream_url.rstrip('/')}/stream",
            open_timeout=settings.open_timeout,
            close_timeout=_CLOSE_TIMEOUT,
            max_size=_MAX_SIZE,
            compression=None,
        )
        return cls(connection, settings, deliver=deliver, wake=wake)

    async def subscribe(self, streams: Sequence[str]) -> None:
        """Begin these, a batch a command; returns when the exchange has confirmed them. Raises what `LOST` lists."""
        for batch in self._batches(streams):
            if await self._command("SUBSCRIBE", batch):
                self.subscribed.update(batch)
            else:
                self.refused.update(batch)

    async def unsubscribe(self, streams: Sequence[str]) -> None:
        """End these. Raises what `LOST` lists."""
        for batch in self._batches(streams):
            await self._command("UNSUBSCRIBE", batch)
            self.subscribed.difference_update(batch)

    async def drain(self, seconds: float) -> None:
        """Read on until what the exchange had sent so far has come, and `seconds` longer."""
        try:
            pong = await self._connection.ping()
            async with asyncio.timeout(self._settings.reply_timeout):
                await pong
            await asyncio.sleep(seconds)
        except LOST as error:
            log.info("socket ended while it was drained", reason=str(error))

    async def aclose(self) -> None:
        """Close it, and wait until that is done."""
        await self._connection.close()
        await self._reader

    def _batches(self, streams: Sequence[str]) -> list[Sequence[str]]:
        return [streams[at : at + self._settings.batch] for at in range(0, len(streams), self._settings.batch)]

    async def _command(self, method: str, streams: Sequence[str]) -> bool:
        await self._limiter.acquire()
        number = next(self._ids)
        reply: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._replies[number] = reply
        try:
            await self._connection.send(
                orjson.dumps({"method": method, "params": list(streams), "id": number}).decode()
            )
            async with asyncio.timeout(self._settings.reply_timeout):
                answer = await reply
        finally:
            self._replies.pop(number, None)
            if not reply.cancel() and not reply.cancelled():
                reply.exception()  # looked at, or it would be reported as never retrieved
        error = answer.get("error", answer if "code" in answer else None)
        if error is not None:
            log.warning("exchange refused streams", method=method, streams=len(streams), error=str(error)[:200])
        return error is None

    async def _read(self) -> None:
        try:
            async for raw in self._connection:
                self.heard = time.monotonic()
                self.messages += 1
                self._take(raw)
            self.closed = _reason(self._connection)
        except ConnectionClosed as error:
            self.closed = str(error)
        finally:
            self.closed = self.closed or "given up"
            for reply in self._replies.values():
                if not reply.done():
                    reply.set_exception(LostError(self.closed))
            self._wake()

    def _take(self, raw: str | bytes) -> None:
        try:
            message = orjson.loads(raw)
        except orjson.JSONDecodeError:
            message = None
        if not isinstance(message, dict):
            log.warning("message of the exchange not understood", start=str(raw[:80]))
            return
        data = message.get("data", message)
        stream = message.get("stream")
        if (isinstance(data, dict) and data.get("e") == "serverShutdown") or stream == "!serverShutdown":
            self.shutdown = True
            self._wake()
        elif isinstance(stream, str) and isinstance(data, dict):
            self._deliver(stream, data)
        elif isinstance(message.get("id"), int) and message["id"] in self._replies:
            reply = self._replies[message["id"]]
            if not reply.done():
                reply.set_result(message)
        elif "code" in message or "error" in message:
            log.warning("exchange reported an error", error=str(message)[:200])


def _reason(connection: ClientConnection) -> str:
    return f"closed with {connection.close_code}, {connection.close_reason or 'no reason given'}"
