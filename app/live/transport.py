"""uvicorn's WebSocket connection, lending its transport so that a frame encoded once is written to many clients."""

from typing import Any, Final, Protocol

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

EXTENSION: Final = "tracera.connection"
"""Where the connection is found in an ASGI scope's `extensions`."""
GRACE: Final = 5.0
"""Seconds a client has to read what is on its way, close frame included, before the socket is cut."""


class Connection(Protocol):
    """What the hub needs of a client's connection."""

    @property
    def is_open(self) -> bool:
        """Whether frames may still be written."""
        ...

    def buffered(self) -> int:
        """Bytes written that the client has not taken yet."""
        ...

    def write_frames(self, frames: bytes) -> bool:
        """Write whole WebSocket frames, in order with the server's own; False once closing has begun."""
        ...

    def close(self, code: int, reason: str) -> bool:
        """Begin closing; False when that had begun before."""
        ...


class LiveWebSocket(WebSocketsSansIOProtocol):
    """Pass as `ws=` to uvicorn. Handshake, pings and the closing handshake stay uvicorn's.

    uvicorn too writes each frame whole and at once on the event loop, so frames of both never mix.
    """

    async def run_asgi(self) -> None:
        """Run the application with this connection in its scope."""
        extensions: dict[str, Any] | None = self.scope["extensions"]
        if extensions is not None:
            extensions[EXTENSION] = self
        await super().run_asgi()

    @property
    def is_open(self) -> bool:
        """Whether frames may still be written."""
        return self.handshake_complete and not self.close_sent and not self.transport.is_closing()

    def buffered(self) -> int:
        """Bytes written that the client has not taken yet."""
        return self.transport.get_write_buffer_size()

    def write_frames(self, frames: bytes) -> bool:
        """Write whole WebSocket frames, in order with the server's own; False once closing has begun."""
        if not self.is_open:
            return False
        self.transport.write(frames)
        return True

    def close(self, code: int, reason: str) -> bool:
        """Begin closing; False when that had begun before.

        uvicorn's own way waits until the buffer is writable, which a client that does not read never lets happen.
        """
        if not self.is_open:
            return False
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:
            # Else the client's own close frame would never be seen.
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(GRACE, self.transport.abort)
        return True

    def keepalive_timeout(self) -> None:
        """Close a client that answers no pings, and do not wait for it to take what is buffered."""
        super().keepalive_timeout()
        self.loop.call_later(GRACE, self.transport.abort)
