"""Clients that no library would be: half a request, no reading, headers without end."""

import contextlib
import http.client
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import orjson
import psutil
from websockets.client import ClientProtocol
from websockets.typing import Origin
from websockets.uri import parse_uri

from tests.conftest import Site


def address(site: Site) -> tuple[str, int]:
    """Where a site listens."""
    parts = urlsplit(site.url)
    assert parts.port
    return "127.0.0.1", parts.port


@contextlib.contextmanager
def connected(site: Site, *, buffer: int | None = None) -> Iterator[socket.socket]:
    """A plain connection; `buffer` bytes of it are kept by this side's kernel, at the least possible."""
    with socket.socket() as made:
        if buffer:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        made.settimeout(30)
        made.connect(address(site))
        yield made


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


def read_all(connection: socket.socket) -> bytes:
    """What comes until the other side ends."""
    found = b""
    with contextlib.suppress(ConnectionError, TimeoutError):
        while part := connection.recv(65536):
            found += part
    return found


def status_of(reply: bytes) -> int:
    """The status of a raw answer; 0 for none."""
    return int(reply.split(b" ", 2)[1]) if reply.startswith(b"HTTP/1.1 ") else 0


def error_of(reply: bytes) -> str:
    """What a raw answer says is wrong."""
    return str(orjson.loads(reply.partition(b"\r\n\r\n")[2])["error"])


def send(site: Site, *parts: bytes, wait: float = 0.0) -> bytes:
    """Send parts, as far as they are taken, and return all that comes back."""
    with connected(site) as connection:
        with contextlib.suppress(ConnectionError):
            for part in parts:
                connection.sendall(part)
                time.sleep(wait)
        return read_all(connection)


def ask(
    site: Site, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """One ordinary request: status, headers, body."""
    connection = http.client.HTTPConnection(*address(site), timeout=30)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): text for name, text in headers.items()})
        reply = connection.getresponse()
        return reply.status, {name.lower(): text for name, text in reply.getheaders()}, reply.read()
    finally:
        connection.close()


def seconds_of(site: Site, path: str) -> float:
    """How long an answer takes."""
    begun = time.monotonic()
    assert site.get(path, 30)[0] == 200, path
    return time.monotonic() - begun


def memory_of(site: Site) -> int:
    """Bytes that the process holds now."""
    return int(psutil.Process(site.process.pid).memory_info().rss)


class Visitor:
    """One browser: a connection, the cookies of its last answers, and the token of its session."""

    def __init__(self, site: Site) -> None:
        self._connection = http.client.HTTPConnection("localhost", address(site)[1], timeout=30)
        self._cookies: dict[str, str] = {}
        self._send("GET", "/", None)

    @property
    def cookie(self) -> str:
        """The Cookie header it sends."""
        return "; ".join(f"{name}={text}" for name, text in self._cookies.items())

    @property
    def token(self) -> str:
        """The token of its session."""
        return self._cookies.get("_csrf_token", "")

    def post(self, path: str, body: object) -> tuple[int, bytes]:
        """An unsafe request, as our own pages' scripts send it."""
        return self._send("POST", path, orjson.dumps(body))

    def call(self, body: object) -> tuple[int, bytes]:
        """A callback request."""
        return self.post("/_dash-update-component", body)

    def _send(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        headers = {"Cookie": self.cookie, "X-CSRFToken": self.token}
        self._connection.request(method, path, body, headers | {"Content-Type": "application/json"})
        reply = self._connection.getresponse()
        content = reply.read()
        for name, text in reply.getheaders():
            if name.lower() == "set-cookie":
                key, _, value = text.partition(";")[0].partition("=")
                self._cookies[key] = value
        return reply.status, content

    def close(self) -> None:
        self._connection.close()
