"""Clients that break the protocol, stop in the middle, or fall silent: each is ended, and others hear on."""

import contextlib
import socket
import struct
from collections.abc import Iterator

import orjson
import pytest
from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosedError
from websockets.frames import Frame, Opcode
from websockets.sync.client import ClientConnection
from websockets.typing import Origin
from websockets.uri import parse_uri

from app.live.settings import LiveSettings
from app.server.gateway import HARD_LIMIT, create_app
from tests.live.support import BASE_URL, Live, Valkey, flask_app, hear, price, subscribe, until

MEGABYTE = 1024 * 1024


class Peer:
    """A WebSocket whose bytes the test writes itself; nothing is answered unless it is read."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._protocol = ClientProtocol(parse_uri(f"ws://127.0.0.1:{port}/api/v1/ws"), origin=Origin(BASE_URL))
        self._protocol.send_request(self._protocol.connect())
        self.socket.sendall(b"".join(self._protocol.data_to_send()))
        while not self._protocol.events_received():
            self._protocol.receive_data(self.socket.recv(65536))

    def end(self) -> int | None:
        """Read till the end without answering anything; the close code, if there was one."""
        with contextlib.suppress(ConnectionError):
            while part := self.socket.recv(65536):
                self._protocol.receive_data(part)
        self.socket.close()
        return self._protocol.close_rcvd.code if self._protocol.close_rcvd else None


def frame(opcode: Opcode, data: bytes, *, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=True, extensions=[])


def head(opcode: int, length: int) -> bytes:
    """The head of a masked frame that announces so many bytes; the mask is 0."""
    return struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, length) + bytes(4)


@pytest.fixture
def other(live: Live) -> Iterator[ClientConnection]:
    """A client that behaves."""
    with live.connect() as client:
        subscribe(client, 1)
        yield client


def assert_nobody_else_noticed(live: Live, valkey: Valkey, other: ClientConnection) -> None:
    until(lambda: live.stats()["clients"] == 1)
    valkey.publish(price(1, 10))
    assert hear(other) == price(1, 10)


BROKEN = {
    "bad UTF-8": (frame(Opcode.TEXT, b'{"action":"\xff"}'), 1007),
    "UTF-8 that ends in the middle": (frame(Opcode.TEXT, '{"action":"é'.encode()[:-1]), 1007),
    "bad UTF-8 over two fragments": (
        frame(Opcode.TEXT, b'"\xc3', fin=False) + frame(Opcode.CONT, b'\x28"'),
        1007,
    ),
    "not masked": (Frame(Opcode.TEXT, b'{"action":"ping"}').serialize(mask=False, extensions=[]), 1002),
    "a reserved bit": (b"\xc1" + frame(Opcode.TEXT, b"{}")[1:], 1002),
    "an unknown opcode": (b"\x83" + frame(Opcode.TEXT, b"{}")[1:], 1002),
    "a continuation of nothing": (frame(Opcode.CONT, b"{}"), 1002),
    "a message within a message": (frame(Opcode.TEXT, b"{", fin=False) + frame(Opcode.TEXT, b"{}"), 1002),
    "a ping in fragments": (b"\x09" + frame(Opcode.PING, b"")[1:], 1002),
    "a ping of 126 bytes": (struct.pack("!BBH", 0x89, 0x80 | 126, 126) + bytes(4 + 126), 1002),
    "a length of 2^63": (struct.pack("!BBQ", 0x81, 0x80 | 127, 2**63) + bytes(4), 1009),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_breaks_the_protocol_ends_its_own_connection(
    live: Live, valkey: Valkey, other: ClientConnection, name: str
) -> None:
    sent, code = BROKEN[name]
    peer = Peer(live.port)
    peer.socket.sendall(sent)
    assert peer.end() == code
    assert_nobody_else_noticed(live, valkey, other)


def test_ten_megabytes_are_refused_by_their_announcement(live: Live, valkey: Valkey, other: ClientConnection) -> None:
    peer = Peer(live.port)
    peer.socket.sendall(head(Opcode.TEXT, 10 * MEGABYTE))
    assert peer.end() == 1009
    assert_nobody_else_noticed(live, valkey, other)


def test_ten_megabytes_in_fragments_are_refused_before_they_are_there(
    live: Live, valkey: Valkey, other: ClientConnection
) -> None:
    peer = Peer(live.port)
    part = frame(Opcode.CONT, b" " * 16_000, fin=False)
    sent = 0
    with contextlib.suppress(ConnectionError):
        peer.socket.sendall(frame(Opcode.TEXT, b"", fin=False))
        while sent < 10 * MEGABYTE:
            peer.socket.sendall(part)
            sent += 16_000
    assert peer.end() in {1009, None}, "what it sent on may have swept the close frame away"
    assert_nobody_else_noticed(live, valkey, other)


@pytest.mark.parametrize("count", [100_000, 3_000])
def test_a_message_of_very_many_ids_subscribes_to_nothing(
    live: Live, valkey: Valkey, other: ClientConnection, count: int
) -> None:
    text = orjson.dumps({"action": "subscribe", "item_ids": list(range(1, count + 1))})
    with live.connect() as client:
        client.send(text.decode())
        if len(text) > HARD_LIMIT:
            with pytest.raises(ConnectionClosedError) as closed:
                client.recv(10)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1009
        else:
            assert "a second" in hear(client)["error"]
        assert live.stats()["subscriptions"] == 1
    assert_nobody_else_noticed(live, valkey, other)


def test_two_origins_are_none(live: Live) -> None:
    with socket.create_connection(("127.0.0.1", live.port), timeout=20) as made:
        lines = [
            "GET /api/v1/ws HTTP/1.1",
            f"Host: 127.0.0.1:{live.port}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            f"Origin: {BASE_URL}",
            "Origin: http://evil.example",
        ]
        made.sendall("\r\n".join([*lines, "", ""]).encode())
        assert made.recv(4096).startswith(b"HTTP/1.1 400 ")


def test_one_that_ends_its_half_is_let_go(live: Live, valkey: Valkey, other: ClientConnection) -> None:
    peer = Peer(live.port)
    until(lambda: live.stats()["clients"] == 2)
    peer.socket.shutdown(socket.SHUT_WR)
    peer.end()
    assert_nobody_else_noticed(live, valkey, other)


@pytest.fixture
def impatient(settings: LiveSettings) -> Iterator[Live]:
    """A server that pings each half second, and waits for the answer as long."""
    live = Live(create_app(flask_app(), settings))
    live.ping_every(0.5)
    live.start()
    try:
        until(lambda: live.stats()["redis"] == "connected")
        yield live
    finally:
        live.stop()


@pytest.mark.parametrize("rest", [b"", head(Opcode.TEXT, 1_000) + b"{", frame(Opcode.TEXT, b"{", fin=False)],
                         ids=["silent", "in the middle of a frame", "in the middle of a message"])  # fmt: skip
def test_one_that_answers_no_ping_is_ended(impatient: Live, rest: bytes) -> None:
    peer = Peer(impatient.port)
    peer.socket.sendall(rest)
    assert peer.end() == 1011
    until(lambda: impatient.stats()["clients"] == 0)


def test_one_that_reads_nothing_at_all_is_cut_off(impatient: Live) -> None:
    peer = Peer(impatient.port)
    until(lambda: impatient.stats()["clients"] == 1)
    # Neither a close frame nor the end of the connection is taken notice of: as behind a network that swallows packets.
    until(lambda: impatient.stats()["clients"] == 0, 20)
    peer.socket.close()
