"""A client that sends whatever it is told, over one connection as long as that lasts, and notes how it was answered."""

import contextlib
import http.client
import socket
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.conftest import Site
from tests.hostile.generators import Request
from tests.server.wire import Visitor, address

SLOW = 1.0
SHOWN = 10
PATIENCE = 1.5
"""Seconds for an answer; a request whose head promises more than comes gets none."""


@dataclass(slots=True)
class Notes:
    """What came of it."""

    statuses: Counter[int] = field(default_factory=Counter)
    slowest: float = 0.0
    slow: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def add(self, request: str, status: int, seconds: float) -> None:
        """Note one answer; status 0 where the connection ended without."""
        self.statuses[status] += 1
        self.slowest = max(self.slowest, seconds)
        if seconds > SLOW and len(self.slow) < SHOWN:
            self.slow.append(f"{seconds:.2f} s {request[:200]}")
        if status >= 500 and status != 503 and len(self.broken) < SHOWN:
            self.broken.append(f"{status} {request[:300]}")


class Sender:
    """Sends requests in the name of a visitor or of somebody signed in."""

    def __init__(self, site: Site, notes: Notes, visitor: Visitor) -> None:
        self._site, self._notes, self._visitor = site, notes, visitor
        self._socket: socket.socket | None = None

    def send(self, request: Request) -> int:
        """Send one request; its status, 0 for no answer."""
        text = self._text(request)
        begun = time.monotonic()
        status = self._exchange(text, request.method, unfinished="unfinished" in request.tags)
        self._notes.add(repr(text), status, time.monotonic() - begun if status else 0.0)
        return status

    def _text(self, request: Request) -> bytes:
        names = {name.lower() for name, _ in request.headers}
        lines = [request.method.encode() + b" " + request.target + b" HTTP/1.1", b"Host: localhost"]
        lines += [b"Cookie: " + self._visitor.cookie.encode(), b"X-CSRFToken: " + self._visitor.token.encode()]
        lines += [name + b": " + value for name, value in request.headers]
        if request.body and b"content-length" not in names:
            lines.append(b"Content-Length: %d" % len(request.body))
        return b"\r\n".join([*lines, b"", request.body])

    def _exchange(self, text: bytes, method: str, *, unfinished: bool) -> int:
        for fresh in (False, True):
            if self._socket is None or fresh:
                self.close()
                self._socket = socket.create_connection(address(self._site), 30)
            try:
                self._socket.sendall(text)
                reply = http.client.HTTPResponse(self._socket, method=method)
                self._socket.settimeout(PATIENCE if unfinished else 30)
                reply.begin()
                reply.read()
            except (OSError, http.client.HTTPException):
                self.close()
                if fresh or unfinished:
                    return 0
                continue
            if reply.will_close:
                self.close()
            return reply.status
        return 0

    def close(self) -> None:
        """End the connection."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.close()
        self._socket = None
