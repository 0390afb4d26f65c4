"""WebSockets that flood: frames of every kind count, and other clients are heard meanwhile."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.conftest import Site, wait_for
from tests.server.wire import opened, seconds_of


def closing_code(made: socket.socket, protocol: ClientProtocol) -> int | None:
    """How the server ends it."""
    with contextlib.suppress(ConnectionError, TimeoutError):
        while part := made.recv(65536):
            protocol.receive_data(part)
    return protocol.close_rcvd.code if protocol.close_rcvd else None


@pytest.fixture(autouse=True)
def rested(live_site: Site) -> Iterator[None]:
    """All tests come from one address, which waits for its turn after a flood: the next one begins when it need not."""
    yield
    wait_for(lambda: orjson.loads(live_site.get("/stats")[1])["live"]["clients"] == 0, 30, "those who left are kept")
    time.sleep(1)


def frames(kind: Opcode, payload: bytes, count: int, *, fin: bool = True) -> bytes:
    return Frame(kind, payload, fin).serialize(mask=True, extensions=[]) * count


FLOODS: dict[str, Callable[[], bytes]] = {
    "pings": lambda: frames(Opcode.PING, b"", 50_000),
    "large pings": lambda: frames(Opcode.PING, b"x" * 125, 20_000),
    "pongs": lambda: frames(Opcode.PONG, b"", 50_000),
    "fragments": lambda: frames(Opcode.TEXT, b"{", 1, fin=False) + frames(Opcode.CONT, b" ", 50_000, fin=False),
    "texts": lambda: frames(Opcode.TEXT, b'{"action":"ping"}', 10_000),
    "binaries": lambda: frames(Opcode.BINARY, b"x", 10_000),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_closes_its_own_connection_and_delays_no_other(live_site: Site, name: str) -> None:
    made, protocol = opened(live_site)
    with made:
        flood = threading.Thread(target=lambda: _pour(made, FLOODS[name]()))
        flood.start()
        slowest = max(seconds_of(live_site, "/healthz") for _ in range(20))
        assert closing_code(made, protocol) == 1008
        flood.join(20)
        assert not flood.is_alive()
    assert slowest < 1


def _pour(made: socket.socket, content: bytes) -> None:
    with contextlib.suppress(OSError):
        made.sendall(content)


def pong_after(client: ClientConnection) -> float:
    begun = time.monotonic()
    client.send('{"action":"ping"}')
    while orjson.loads(client.recv(20))["type"] != "pong":
        pass
    return time.monotonic() - begun


@pytest.mark.slow
def test_subscriptions_of_clients_that_do_not_read_delay_no_other(live_site: Site) -> None:
    message = orjson.dumps({"action": "subscribe", "item_ids": list(range(1, 501))})
    content = frames(Opcode.TEXT, message, 100)
    with contextlib.ExitStack() as held:
        clients = [held.enter_context(opened(live_site)[0]) for _ in range(45)]  # TRACERA_LIMIT_SOCKETS is 50
        client = held.enter_context(
            connect(live_site.url.replace("http", "ws") + "/api/v1/ws", origin=Origin(live_site.url))
        )
        floods = [threading.Thread(target=_pour, args=(one, content)) for one in clients]
        for flood in floods:
            flood.start()
        waits = []
        for _ in range(20):
            waits.append(pong_after(client))
            time.sleep(0.1)
        print(f"slowest pong {max(waits) * 1000:.0f} ms")
        assert max(waits) < 1
    for flood in floods:
        flood.join(20)


def subscribed(made: socket.socket, protocol: ClientProtocol) -> int:
    """How many subscriptions are answered that come at once."""
    made.settimeout(0.05)
    until = time.monotonic() + 0.05
    with contextlib.suppress(OSError):
        while time.monotonic() < until and (part := made.recv(65536)):
            protocol.receive_data(part)
    return sum(b'"subscribed"' in one.data for one in protocol.events_received() if isinstance(one, Frame))


def test_opening_again_and_again_gains_nothing_and_leaves_nothing(live_site: Site) -> None:
    message = orjson.dumps({"action": "subscribe", "item_ids": list(range(1, 501))})
    content, answered, begun = frames(Opcode.TEXT, message, 2), 0, time.monotonic()
    for _ in range(4):
        with contextlib.ExitStack() as held:
            crowd = [opened(live_site) for _ in range(15)]
            for made, _protocol in crowd:
                held.enter_context(made)
                made.sendall(content)
            answered += sum(subscribed(*one) for one in crowd)
    allowed = 10_000 + 2_000 * (time.monotonic() - begun)
    assert 2 <= answered <= allowed / 500 + 1, "each of the sixty alone may have two"
    wait_for(lambda: orjson.loads(live_site.get("/stats")[1])["live"]["clients"] < 5, 5, "those who left are kept")


@pytest.mark.slow
def test_a_client_within_the_rates_is_not_closed(live_site: Site) -> None:
    url = live_site.url.replace("http", "ws") + "/api/v1/ws"
    with connect(url, origin=Origin(live_site.url), ping_interval=None, max_queue=None) as client:
        for number in range(60):
            client.ping().wait(5)
            client.send(orjson.dumps({"action": "subscribe", "item_ids": [number + 1]}).decode())
            time.sleep(0.06)
        assert pong_after(client) < 1


def test_items_asked_for_without_end_are_refused_with_words(live_site: Site) -> None:
    url = live_site.url.replace("http", "ws") + "/api/v1/ws"
    with connect(url, origin=Origin(live_site.url), max_queue=None) as client:
        message = orjson.dumps({"action": "subscribe", "item_ids": list(range(1, 501))}).decode()
        for _ in range(5):
            client.send(message)
        told: list[dict[str, Any]] = []
        with contextlib.suppress(ConnectionClosed, TimeoutError):
            while len(told) < 5:
                heard = orjson.loads(client.recv(5))
                told += [heard] if heard["type"] in {"subscribed", "error"} else []
        kinds = [one["type"] for one in told]
        assert kinds[:2] == ["subscribed", "subscribed"]
        assert "items a second" in next(one["error"] for one in told if one["type"] == "error")
