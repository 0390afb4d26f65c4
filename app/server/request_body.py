"""Request bodies: read whole on the event loop, within the route's limits, before a worker thread is taken."""

import asyncio
import io
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import IO, Any

from app.security.refusal import Refusal
from app.server.connections import Connections

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class DisconnectedError(ConnectionError):
    """The client left before its request was whole."""


@asynccontextmanager
async def request_body(
    scope: MutableMapping[str, Any], receive: Receive, connections: Connections, max_body_size: int
) -> AsyncIterator[tuple[IO[bytes], int]]:
    """The whole body, at its start, and its size; `max_body_size` in bytes.

    Raises:
        Refusal: 413 too large, 408 too slow, 503 too many bodies at once.
        DisconnectedError: the client has left.
    """
    bounds = connections.bounds
    declared = _declared(scope)
    if declared == 0:
        yield io.BytesIO(), 0
        return
    if declared is not None and declared > max_body_size:
        raise _too_large(max_body_size)
    loop = asyncio.get_running_loop()
    begun, size = loop.time(), 0
    with tempfile.SpooledTemporaryFile(max_size=bounds.spool) as spool:
        try:
            more = True
            while more:
                try:
                    async with asyncio.timeout_at(begun + bounds.body_seconds + size / bounds.body_rate):
                        message = await receive()
                except TimeoutError:
                    raise Refusal(408, "the body did not come in time", close=True) from None
                if message["type"] == "http.disconnect":
                    raise DisconnectedError
                part: bytes = message.get("body", b"")
                more = message.get("more_body", False)
                size += len(part)
                connections.uploads += len(part)
                if size > max_body_size:
                    raise _too_large(max_body_size)
                if connections.uploads > bounds.uploads:
                    raise Refusal(503, "too many uploads at once; try again", retry_after=5, close=True)
                # The page cache takes it in microseconds; the disk is not waited for.
                spool.write(part)
            spool.seek(0)
            yield spool, size
        finally:
            connections.uploads -= size


def _declared(scope: MutableMapping[str, Any]) -> int | None:
    """The length that the headers name, 0 for no body, None for one of unknown length."""
    for name, value in scope["headers"]:
        if name == b"transfer-encoding":
            return None
        if name == b"content-length":
            return int(value)
    return 0


def _too_large(max_body_size: int) -> Refusal:
    return Refusal(413, f"the body may have at most {max_body_size} bytes")
