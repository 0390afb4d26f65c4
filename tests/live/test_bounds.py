import socket
from collections.abc import Callable
from dataclasses import replace

import orjson
import pytest
from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosedError
from websockets.frames import Frame
from websockets.typing import Origin
from websockets.uri import parse_uri

from app.live.settings import LiveSettings
from tests.live.support import BASE_URL, Live, Valkey, assert_silent, hear, price, running, say, subscribe, until


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "[]",
        "{}",
        '{"action":"buy"}',
        '{"action":"subscribe"}',
        '{"action":"subscribe","item_ids":[]}',
        '{"action":"subscribe","item_ids":[0]}',
        '{"action":"subscribe","item_ids":[-1]}',
        '{"action":"subscribe","item_ids":[true]}',
        '{"action":"subscribe","item_ids":[1.0]}',
        '{"action":"subscribe","item_ids":["1"]}',
        '{"action":"subscribe","item_ids":[4294967296]}',
        '{"action":"subscribe","item_ids":1}',
        " " * 17_000,
        b"\x00",
    ],
)
def test_malformed_messages_are_answered_and_forgiven(live: Live, text: str | bytes) -> None:
    with live.connect() as client:
        client.send(text)
        answer = hear(client)
        assert answer["type"] == "error"
        assert answer["error"]
        say(client, "ping")
        assert hear(client) == {"type": "pong"}
    assert live.stats()["subscriptions"] == 0


def test_a_huge_message_ends_the_connection(live: Live) -> None:
    with live.connect() as client:
        client.send(" " * 70_000)
        with pytest.raises(ConnectionClosedError) as closed:
            client.recv(5)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009


def test_subscriptions_are_bounded(settings: LiveSettings) -> None:
    with running(replace(settings, max_items=3)) as live, live.connect() as client:
        subscribe(client, 1, 2)
        say(client, "subscribe", 2, 3, 4)
        assert "at most 3" in hear(client)["error"]
        assert live.stats()["subscriptions"] == 2
        subscribe(client, 2, 3)


def test_chatter_is_refused_and_abuse_ends_the_connection(live: Live) -> None:
    with live.connect() as client:
        for _ in range(25):
            say(client, "ping")
        answers = [hear(client)["type"] for _ in range(25)]
        assert answers.count("pong") in range(20, 24)
        assert answers[-1] == "error"
        assert_silent(client, 0.1)
        with pytest.raises(ConnectionClosedError) as closed:  # noqa: PT012 - which of them is refused is not known
            for _ in range(200):
                say(client, "ping")
                hear(client)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008
    until(lambda: live.stats()["clients"] == 0)


class SlowReader:
    """A client that subscribes and then takes nothing from its small socket buffer."""

    def __init__(self, port: int, *item_ids: int) -> None:
        self._protocol = ClientProtocol(parse_uri(f"ws://127.0.0.1:{port}/api/v1/ws"), origin=Origin(BASE_URL))
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.settimeout(10)
        self._socket.connect(("127.0.0.1", port))
        self._protocol.send_request(self._protocol.connect())
        self._flush()
        while not self._protocol.events_received():
            self._protocol.receive_data(self._socket.recv(4096))
        self.subscribe(*item_ids)

    def subscribe(self, *item_ids: int) -> None:
        self._protocol.send_text(orjson.dumps({"action": "subscribe", "item_ids": item_ids}))
        self._flush()

    def _flush(self) -> None:
        self._socket.sendall(b"".join(self._protocol.data_to_send()))

    def read(self) -> tuple[list[dict[str, object]], list[int]]:
        """All messages until the end, and the codes of all close frames."""
        while chunk := self._socket.recv(65536):
            self._protocol.receive_data(chunk)
            self._flush()
        self._socket.close()
        frames = [event for event in self._protocol.events_received() if isinstance(event, Frame)]
        texts = [orjson.loads(frame.data) for frame in frames if frame.opcode == 1]
        codes = [int.from_bytes(frame.data[:2], "big") for frame in frames if frame.opcode == 8]
        return texts, codes

    def read_some(self) -> dict[int, int]:
        """The prices in what is there to read."""
        self._protocol.receive_data(self._socket.recv(65536))
        messages = [orjson.loads(event.data) for event in self._protocol.events_received() if isinstance(event, Frame)]
        return {message["item_id"]: message["price"] for message in messages if message["type"] == "price"}

    def close(self) -> None:
        self._socket.close()


ITEMS = list(range(1, 401))


class Market:
    """Publishes every item's next price until something has happened; the kernel's buffers take more than one round."""

    def __init__(self, valkey: Valkey) -> None:
        self._valkey = valkey
        self.now = 0

    def move(self) -> None:
        self.now += 1
        self._valkey.publish([price(item, self.now, second=self.now) for item in ITEMS])

    def move_until(self, condition: Callable[[], bool]) -> None:
        def moved() -> bool:
            self.move()
            return condition()

        until(moved)


@pytest.mark.slow
def test_a_slow_reader_is_closed_once_and_nobody_else_notices(settings: LiveSettings, valkey: Valkey) -> None:
    market = Market(valkey)
    with running(replace(settings, tick=0.005, patience=0.5)) as live, live.connect(max_queue=None) as reader:
        slow = SlowReader(live.port, *ITEMS)
        subscribe(reader, *ITEMS)
        market.move_until(lambda: live.stats()["closed_slow"] == 1)
        until(lambda: live.stats()["clients"] == 1)
        texts, codes = slow.read()
        assert codes == [1013]
        assert texts[0]["type"] == "subscribed"
        newest = dict.fromkeys(ITEMS, 0)
        while set(newest.values()) != {market.now}:
            message = hear(reader)
            newest[message["item_id"]] = message["price"]
        market.move()
        assert [hear(reader)["price"] for _ in ITEMS] == [market.now] * len(ITEMS)
        assert live.stats()["closed_slow"] == 1


@pytest.mark.slow
def test_memory_for_a_slow_reader_is_bounded_and_it_catches_up(settings: LiveSettings, valkey: Valkey) -> None:
    market = Market(valkey)
    with running(replace(settings, tick=0.005, patience=30)) as live:
        slow = SlowReader(live.port, *ITEMS)
        until(lambda: live.stats()["subscriptions"] == len(ITEMS))
        market.move_until(lambda: live.stats()["behind"] == 1)
        (client,) = live.hub.delivery.behind
        for _ in range(100):
            market.move()
        assert client.connection.buffered() < settings.high_water + len(ITEMS) * 150
        assert len(client.backlog) <= len(ITEMS)
        newest = dict.fromkeys(ITEMS, 0)
        while set(newest.values()) != {market.now}:
            newest |= slow.read_some()
        assert (live.stats()["behind"], live.stats()["closed_slow"]) == (0, 0)
        slow.close()


def test_the_servers_own_frames_do_not_mix_with_broadcasts(settings: LiveSettings, valkey: Valkey) -> None:
    market = Market(valkey)
    with running(replace(settings, tick=0.001)) as live, live.connect(max_queue=None) as client:
        subscribe(client, *ITEMS)
        for _ in range(15):
            market.move()
            say(client, "ping")
            assert client.ping().wait(5)
        market.move()
        kinds: list[str] = []
        while (message := hear(client)).get("price") != market.now:
            kinds.append(message["type"])
        assert kinds.count("pong") == 15


@pytest.mark.slow
def test_a_client_that_asks_without_reading_is_closed(settings: LiveSettings) -> None:
    generous = replace(settings, max_buffer=10_000, messages_per_second=1e9, frame_burst=10**9, item_burst=10**9)
    with running(generous) as live:
        slow = SlowReader(live.port, *range(1, 501))
        with pytest.raises((ConnectionError, TimeoutError)):  # noqa: PT012 - the send that fails is not known
            for _ in range(20_000):
                slow.subscribe(*range(1, 501))
                if live.stats()["closed_slow"]:
                    raise TimeoutError
        until(lambda: live.stats()["closed_slow"] == 1)
        until(lambda: live.stats()["clients"] == 0)
        slow.close()
