"""WebSocket protocol: uvicorn's connection, writing frames that many clients share, and parsing input in small parts."""

import contextlib
import socket
import sys
from typing import Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from app.live.protocol import POLICY_VIOLATION
from app.live.rate import TokenBucket

EXTENSION: Final = "tracera.connection"
"""Where the connection is found in an ASGI scope's `extensions`."""
TURN: Final = 1024
"""Bytes of one client that are parsed before the event loop serves others: 170 of the smallest frames, or a millisecond."""
GRACE: Final = 5.0
"""Seconds a client has to read what is on its way, close frame included, before the socket is cut."""
SHUTDOWN: Final = 2.0
"""The same where the server ends."""
ENDED: Final = (7, 8)
"""TCP_CLOSE and TCP_CLOSE_WAIT of Linux's tcp_states.h."""


class LiveWebSocket(WebSocketsSansIOProtocol):
    """Pass as `ws=` to uvicorn. Handshake, pings and the closing handshake stay uvicorn's.

    uvicorn too writes each frame whole and at once on the event loop, so frames of both never mix. What a client sends is
    parsed a little at a time, and every frame counts (decision 0028).
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        settings = self.config.app.hub.settings  # type: ignore[union-attr]  # ours, a Gateway
        self._frames = TokenBucket(settings.frames_per_second, settings.frame_burst)
        self._inbox = b""
        """What came and is not parsed yet; nothing more is read meanwhile."""
        self._at = 0
        self._turn_due = False

    # Coming in

    def data_received(self, data: bytes) -> None:
        """Parse what came, a turn at a time."""
        if not self.handshake_complete:
            super().data_received(data)
            return
        self._inbox, self._at = self._inbox[self._at :] + data, 0
        if not self._turn_due:
            self._parse()

    def _parse(self) -> None:
        self._turn_due = False
        part = self._inbox[self._at : self._at + TURN]
        self._at += len(part)
        super().data_received(part)
        if self._at >= len(self._inbox):
            self._inbox, self._at = b"", 0
            if not self.read_paused:
                self.transport.resume_reading()
        elif self.close_sent and self.conn.close_rcvd is None:
            self._inbox, self._at = b"", 0  # what is left of a flood; only its end counts now
        else:
            self.transport.pause_reading()
            self._continue()

    def _continue(self) -> None:
        """Parse on when others had their turn, unless a message waits for the application first."""
        if self._inbox and not (self._turn_due or self.read_paused or self.transport.is_closing()):
            self._turn_due = True
            self.loop.call_soon(self._parse)

    async def receive(self) -> Any:
        """The next message; then what came behind it is parsed, before anything more is read."""
        message = await self.queue.get()
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            if self._inbox:
                self._continue()
            else:
                self.transport.resume_reading()
        return message

    def handle_ping(self) -> None:
        """Count a ping; uvicorn's library has answered it already."""
        if self._counts():
            super().handle_ping()

    def handle_pong(self, event: Frame) -> None:
        """Count a pong."""
        if self._counts():
            super().handle_pong(event)

    def handle_cont(self, event: Frame) -> None:
        """Count a fragment."""
        if self._counts():
            super().handle_cont(event)

    def handle_text(self, event: Frame) -> None:
        """Count a message, or its first fragment."""
        if self._counts():
            super().handle_text(event)

    def handle_bytes(self, event: Frame) -> None:
        """Count a message, or its first fragment."""
        if self._counts():
            super().handle_bytes(event)

    def _counts(self) -> bool:
        """Count a frame; False, and the client is closed, where it has sent too many."""
        if self._frames.take():
            return True
        self.close(POLICY_VIOLATION, "too many frames")
        return False

    # Going out

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

    def has_left(self) -> bool:
        """Whether the client has ended the connection, as far as the kernel tells.

        While reading is paused no event says so, and what the client still wanted would be worked on for nobody.
        """
        if sys.platform == "linux":
            made = self.transport.get_extra_info("socket")
            with contextlib.suppress(OSError):
                return made is not None and made.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] in ENDED
        return False

    def write_frames(self, frames: bytes) -> bool:
        """Write whole WebSocket frames, in order with the server's own; False once closing has begun."""
        if not self.is_open:
            return False
        self.transport.write(frames)
        return True

    def offer_frames(self, frames: bytes, most: int) -> bool:
        """Write whole frames where at most so many bytes wait; else False. Done for each client of a price, so nothing else is."""
        transport = self.transport
        if self.close_sent or transport.is_closing() or transport.get_write_buffer_size() > most:
            return False
        transport.write(frames)
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

    def shutdown(self) -> None:
        """End with the server, whether the client reads or not."""
        super().shutdown()
        self.loop.call_later(SHUTDOWN, self.transport.abort)

    def keepalive_timeout(self) -> None:
        """Close a client that answers no pings, and do not wait for it to take what is buffered."""
        super().keepalive_timeout()
        self.loop.call_later(GRACE, self.transport.abort)
