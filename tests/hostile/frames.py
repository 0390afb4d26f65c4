"""Frames sent to a WebSocket that was opened as it should be."""

import contextlib
import socket
import time

from websockets.client import ClientProtocol
from websockets.typing import Origin
from websockets.uri import parse_uri

from tests.conftest import Site
from tests.hostile.client import Notes
from tests.server.wire import address


def opened(site: Site, buffer: int | None = None) -> tuple[socket.socket, ClientProtocol]:
    """A WebSocket whose frames the caller writes itself."""
    made = socket.socket()
    if buffer:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    made.settimeout(10)
    made.connect(address(site))
    protocol = ClientProtocol(parse_uri(site.url.replace("http", "ws") + "/api/v1/ws"), origin=Origin(site.url))
    protocol.send_request(protocol.connect())
    made.sendall(b"".join(protocol.data_to_send()))
    while not protocol.events_received():
        protocol.receive_data(made.recv(65536))
    return made, protocol


def pour(site: Site, frame: bytes, notes: Notes) -> None:
    """Send a frame, then a good ping; what counts is that nothing hangs."""
    begun = time.monotonic()
    with contextlib.suppress(OSError, EOFError):
        made, _ = opened(site)
        with made:
            made.sendall(frame)
            made.settimeout(0.01)
            made.recv(4096)
    notes.add(repr(frame), 101, time.monotonic() - begun)
