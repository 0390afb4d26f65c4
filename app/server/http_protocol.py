"""HTTP protocol: uvicorn's connection with bounds on heads, pipelines, slow senders and slow readers (decision 0028)."""

import asyncio
from typing import Any, Final, Literal

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.security.refusal import Refusal
from app.server.answers import raw_refusal
from app.server.connections import Connections

LINGER: Final = 2.0
"""Seconds in which a refused client may read why; what it still sends is thrown away."""


class BoundedHttp(HttpToolsProtocol):
    """Pass as `http=` to uvicorn; the application's `connections` count and check it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._connections: Connections = self.config.app.connections  # type: ignore[union-attr]  # ours, a Gateway
        self._bounds = self._connections.bounds
        self._refused_at: float | None = None
        self._refusal: Refusal | None = None
        self._phase: Literal["idle", "head", "body"] = "idle"
        """What is being received."""
        self._waiting_since: float | None = None
        """Since when the rest of a request, or the next one, is awaited; None while one is answered."""
        self._head_size = 0
        self._undelivered = 0
        """Bytes of the message that came and were neither a header nor body."""
        self._delivered = 0
        self._discarded = 0
        self._drained_at = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count it, or refuse it."""
        super().connection_made(transport)
        self._waiting_since = self._drained_at = self.loop.time()
        if not self._connections.enter(self, self.client[0] if self.client else ""):
            self._refuse(Refusal(503, "too many connections; close one first", retry_after=10, close=True))

    def connection_lost(self, exc: Exception | None) -> None:
        """Count it no more."""
        self._connections.leave(self)
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        """Hand it over: WebSockets are counted and bounded by the hub."""
        self._connections.leave(self)
        super().handle_websocket_upgrade()

    # What comes in

    def data_received(self, data: bytes) -> None:
        """Parse what came; a client's mistakes are answered and not logged, else it could fill the log."""
        if self._refused_at is not None:
            return
        self._unset_keepalive_if_required()
        self._undelivered += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            if self._should_upgrade():
                self.handle_websocket_upgrade()
                return
        except httptools.HttpParserError:
            self._refuse(self._refusal or Refusal(400, "this is no valid HTTP request", close=True))
            return
        if self._phase != "idle" and self._undelivered > self._bounds.head + self._delivered:
            self._refuse(Refusal(431, f"a head may have at most {self._bounds.head} bytes", close=True))

    def on_message_begin(self) -> None:
        """Begin a request."""
        if len(self.pipeline) >= self._bounds.pipelined:
            self._fail(429, f"at most {self._bounds.pipelined} requests may wait on one connection")
        super().on_message_begin()
        self._phase = "head"
        self._waiting_since = self.loop.time()
        self._head_size = self._undelivered = self._delivered = self._discarded = 0

    def on_url(self, url: bytes) -> None:
        """Take a part of the address."""
        super().on_url(url)
        if len(self.url) > self._bounds.request_line:
            self._fail(414, f"an address may have at most {self._bounds.request_line} bytes")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or a trailer behind a chunked body."""
        size = len(name) + len(value)
        self._head_size += size
        if size > self._bounds.header:
            self._fail(431, f"a header may have at most {self._bounds.header} bytes")
        if len(self.headers) >= self._bounds.headers:
            self._fail(431, f"a request may have at most {self._bounds.headers} headers")
        if self._head_size > self._bounds.head:
            self._fail(431, f"all headers together may have at most {self._bounds.head} bytes")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin to answer."""
        self._phase = "body"
        self._waiting_since = None
        self._undelivered = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body; after the answer it is thrown away, but not without end."""
        self._delivered += len(body)
        self._undelivered = max(0, self._undelivered - len(body))
        if self.cycle.response_complete:
            self._discarded += len(body)
            if self._discarded > self._bounds.discard:
                self.transport.abort()
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request; its answer may still be on its way."""
        self._phase = "idle"
        super().on_message_complete()

    # What goes out

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._waiting_since = self.loop.time()

    def resume_writing(self) -> None:
        """Go on: the client has taken most of what waited for it."""
        self._drained_at = self.loop.time()
        super().resume_writing()

    def shutdown(self) -> None:
        """End with the server: what a client has not read by then, it does not get."""
        super().shutdown()
        self.loop.call_later(LINGER, self.transport.abort)

    # Too slow, too much

    def check(self, now: float) -> None:
        """Cut off a client that does not read, or does not get on with its request; called once a second."""
        if self.transport.get_write_buffer_size() == 0:
            self._drained_at = now
        if self._refused_at is not None:
            if now - self._refused_at > LINGER:
                self.transport.abort()
        elif now - self._drained_at > self._bounds.stall_seconds:
            self.transport.abort()
        elif self._is_late(now):
            if self._phase == "head":
                self._refuse(Refusal(408, "the request did not come in time", close=True))
            else:
                self.transport.abort()

    def _is_late(self, now: float) -> bool:
        """Whether the client lets the server wait; one whose request is being answered waits itself."""
        answering = self.cycle is not None and not self.cycle.response_complete
        since = self._waiting_since
        return since is not None and not answering and now - since > self._bounds.head_seconds

    def _fail(self, status: int, error: str) -> None:
        """Refuse from inside the parser, which ends it."""
        self._refusal = Refusal(status, error, close=True)
        raise self._refusal

    def _refuse(self, refusal: Refusal) -> None:
        """Say what is wrong, unless an answer is on its way, and end the connection."""
        self._refused_at = self.loop.time()
        if self.transport.is_closing():
            return
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.abort()
            return
        self.transport.write(raw_refusal(refusal))
        # Closing at once would reset a connection on which the client still sends, and it would never read why.
        self.transport.write_eof()
