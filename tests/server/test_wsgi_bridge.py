"""Flask behind the gateway, over real HTTP."""

import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask, Response, request

from app.live.settings import LiveSettings
from app.server.wsgi_bridge import MAX_BUFFERED
from tests.live.support import Live, serving

HOLD_SECONDS = MAX_BUFFERED + 1024 * 1024


@pytest.fixture
def released() -> threading.Event:
    return threading.Event()


@pytest.fixture
def site(settings: LiveSettings, released: threading.Event) -> Iterator[Live]:
    server = Flask("wsgi-test")

    def parts() -> Iterator[bytes]:
        yield b"." * (MAX_BUFFERED + 1)
        assert released.wait(10)
        yield b"second"

    def broken() -> Iterator[bytes]:
        yield b"first"
        raise RuntimeError("half way")

    def fails() -> str:
        raise RuntimeError("at once")

    views: dict[str, Callable[[], Any]] = {
        "/echo": lambda: Response(request.get_data(), mimetype="application/octet-stream"),
        "/unread": lambda: "unread",
        "/stream": lambda: Response(parts()),
        "/broken": lambda: Response(broken()),
        "/fails": fails,
        "/long": lambda: b"x" * HOLD_SECONDS,
        "/nothing": lambda: ("", 204),
    }
    for path, view in views.items():
        server.add_url_rule(path, path, view, methods=["GET", "POST"])
    with serving(server, settings) as live:
        yield live


@pytest.fixture
def client(site: Live) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=10)
    yield connection
    connection.close()


@pytest.mark.parametrize("size", [0, 1, 100_000, 5_000_000])
def test_bodies_arrive_whole_on_one_connection(client: http.client.HTTPConnection, size: int) -> None:
    body = bytes(range(256)) * (size // 256) + b"." * (size % 256)
    for _ in range(2):
        client.request("POST", "/echo", body)
        reply = client.getresponse()
        assert (reply.status, reply.read() == body) == (200, True)


def test_a_body_that_comes_slowly_holds_up_nobody(site: Live, client: http.client.HTTPConnection) -> None:
    slow = [socket.create_connection(("127.0.0.1", site.port), 10) for _ in range(20)]
    for one in slow:
        one.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")
    client.request("GET", "/unread")
    assert client.getresponse().read() == b"unread"
    for one in slow:
        one.sendall(b"12345")
        assert one.recv(1000).startswith(b"HTTP/1.1 200")
        one.close()


def test_an_answer_longer_than_what_is_held_comes_as_it_is_made(
    client: http.client.HTTPConnection, released: threading.Event
) -> None:
    client.request("GET", "/stream")
    reply = client.getresponse()
    assert len(reply.read(MAX_BUFFERED)) == MAX_BUFFERED
    released.set()
    assert reply.read() == b".second"


def test_an_answer_longer_than_what_is_held_arrives_whole(client: http.client.HTTPConnection) -> None:
    client.request("GET", "/long")
    reply = client.getresponse()
    assert int(reply.headers["Content-Length"]) == HOLD_SECONDS
    assert reply.read() == b"x" * HOLD_SECONDS


def test_an_empty_answer_and_one_after_it(client: http.client.HTTPConnection) -> None:
    for path, status, body in (("/nothing", 204, b""), ("/unread", 200, b"unread"), ("/fails", 500, None)):
        client.request("GET", path)
        reply = client.getresponse()
        text = reply.read()
        assert reply.status == status
        assert body is None or text == body


def test_an_answer_that_breaks_half_way_is_an_error_and_no_half_answer(client: http.client.HTTPConnection) -> None:
    client.request("GET", "/broken")
    reply = client.getresponse()
    assert (reply.status, b"first" in reply.read()) == (500, False)
