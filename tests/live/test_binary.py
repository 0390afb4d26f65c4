"""Binary frames of both versions; those of the second are compared with vectors that tests/js/binary_test.js reads too."""

import math
import struct
import zlib
from typing import Any

import orjson
import pytest
from websockets.sync.client import ClientConnection
from websockets.typing import Subprotocol

from app.live.updates import Update, encode, parse_update
from tests.conftest import ROOT
from tests.live.support import Live, Message, Valkey, ask_position, hear, price, resume, subscribe, until
from tests.live.test_contract import VOLATILITY

OFFER = [Subprotocol("tracera.v1.binary")]
SECOND = [Subprotocol("tracera.v2.binary")]
VECTORS: list[dict[str, Any]] = orjson.loads((ROOT / "tests/price_frames.json").read_bytes())


def records(client: ClientConnection) -> list[tuple[int, float, float]]:
    frame = client.recv(5)
    assert isinstance(frame, bytes)
    checksum, count = struct.unpack_from("<IH", frame)
    assert checksum == zlib.crc32(frame[4:])
    assert len(frame) == 6 + count * 20
    return [struct.unpack_from("<Idd", frame, 6 + 20 * index) for index in range(count)]


def test_prices_come_in_one_frame_with_a_checksum(live: Live, valkey: Valkey) -> None:
    with live.connect(subprotocols=OFFER) as client:
        assert client.subprotocol == "tracera.v1.binary"
        subscribe(client, 1, 2, 42)
        valkey.publish([price(1, 1250, volume=12), price(42, 1450000, volume=None)])
        first, second = records(client)
        assert first == (1, 1250.0, 12.0)
        assert second[:2] == (42, 1450000.0)
        assert math.isnan(second[2])


def test_the_snapshot_is_binary(live: Live, valkey: Valkey) -> None:
    valkey.keep(price(3, 99))
    with live.connect(subprotocols=OFFER) as client:
        subscribe(client, 3)
        assert records(client) == [(3, 99.0, 12.0)]


def test_of_several_sources_the_newest_quote_stands(live: Live, valkey: Valkey) -> None:
    with live.connect(subprotocols=OFFER) as client:
        subscribe(client, 1)
        valkey.publish([price(1, 10, source="steam", second=9), price(1, 8, source="skinport", second=3)])
        assert records(client) == [(1, 10.0, 12.0)]


def test_measures_stay_text(live: Live, valkey: Valkey) -> None:
    with live.connect(subprotocols=OFFER) as client:
        subscribe(client, 42)
        valkey.publish(VOLATILITY, channel="volatility")
        assert hear(client) == VOLATILITY


def test_json_without_the_offer(live: Live, valkey: Valkey) -> None:
    with live.connect(subprotocols=[Subprotocol("something.else")]) as client:
        assert client.subprotocol is None
        subscribe(client, 1)
        valkey.publish(price(1, 10))
        assert hear(client) == price(1, 10)


def update(message: Message, **numbered: object) -> Update:
    epoch = {"epoch": "e"} if "offset" in message | numbered else {}
    return parse_update(message | numbered | epoch)


def payloads(frames: bytes) -> list[bytes]:
    """What the WebSocket frames carry."""
    found = []
    while frames:
        length, begin = frames[1], 2
        if length >= 126:
            begin = 4 if length == 126 else 10
            length = int.from_bytes(frames[2:begin], "big")
        found.append(frames[begin : begin + length])
        frames = frames[begin + length :]
    return found


def rows(frame: bytes) -> tuple[float, list[tuple[int, float, float, str, float]]]:
    """The offset of a frame of the second version, and item, price, volume, source and microseconds of each row."""
    checksum, count, sources, offset, _published = struct.unpack_from("<IHHdd", frame)
    assert checksum == zlib.crc32(frame[4:])
    which, rest, names = frame[24 + 28 * count :][:count], frame[24 + 29 * count :], []
    for _ in range(sources):
        names.append(rest[1 : 1 + rest[0]].decode())
        rest = rest[1 + rest[0] :]
    assert not rest
    numbers = [struct.unpack_from("<Iddd", frame, 24 + 28 * index) for index in range(count)]
    return offset, [(*row[:3], names[at], row[3]) for row, at in zip(numbers, which, strict=True)]


def begin(live: Live, valkey: Valkey) -> None:
    """Give the first number, which is news to all clients, before there are any."""
    valkey.number(price(9, 1))
    until(lambda: live.hub.history.offset == 1)


def next_frame(client: ClientConnection) -> bytes:
    frame = client.recv(5)
    assert isinstance(frame, bytes)
    return frame


def heard(client: ClientConnection) -> tuple[float, list[tuple[int, float, float, str, float]]]:
    return rows(next_frame(client))


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_the_second_version_is_as_the_vectors_have_it(vector: dict[str, Any]) -> None:
    updates = [update(message, published=vector["published"]) for message in vector["prices"]]
    assert [payload.hex() for payload in payloads(encode(updates, "v2"))] == [vector["frame"]]


@pytest.mark.parametrize(
    "message",
    [
        price(1, 2**53 + 1),
        price(1, -(2**53) - 1),
        price(1, 1, volume=2**53 + 1),
        price(1, 1) | {"timestamp": "2255-06-05T23:47:34.740993Z"},
        price(1, 1) | {"bid": 1},
        price(1, 1, source="x" * 256),
    ],
    ids=["price", "negative price", "volume", "time", "further field", "name"],
)
def test_what_does_not_fit_goes_as_json_and_in_its_place(message: Message) -> None:
    before, after = update(price(2, 20), offset=1), update(price(3, 30), offset=3)
    frames = payloads(encode([before, update(message, offset=2), after], "v2"))
    assert [rows(frames[0])[0], orjson.loads(frames[1]), rows(frames[2])[0]] == [1, message | {"offset": 2}, 3]


def test_more_rows_or_sources_than_a_frame_counts_are_several_in_order() -> None:
    many = [update(price(item, item), offset=item) for item in range(1, 2**16 + 1)]
    found = [rows(payload) for payload in payloads(encode(many, "v2"))]
    assert [row[0] for _, frame in found for row in frame] == list(range(1, 2**16 + 1))
    assert [offset for offset, _ in found] == [2**15, 2**16]
    several = [update(price(1, item, source=f"s{item}"), offset=item) for item in range(1, 258)]
    found = [rows(payload) for payload in payloads(encode(several, "v2"))]
    assert [row[3] for _, frame in found for row in frame] == [f"s{item}" for item in range(1, 258)]
    assert len(found) == 2


def test_the_better_of_two_offers_is_taken_whatever_their_order(live: Live) -> None:
    with live.connect(subprotocols=[*OFFER, *SECOND]) as client:
        assert client.subprotocol == "tracera.v2.binary"


def test_the_second_version_says_sources_times_and_offsets(live: Live, valkey: Valkey) -> None:
    begin(live, valkey)
    valkey.keep(price(3, 99))
    with live.connect(subprotocols=SECOND) as client:
        assert client.subprotocol == "tracera.v2.binary"
        assert hear(client)["type"] == "hello"
        subscribe(client, 1, 3)
        offset, snapshot = heard(client)
        assert math.isnan(offset)
        assert [row[:4] for row in snapshot] == [(3, 99.0, 12.0, "demo")]
        valkey.number(price(1, 10, second=9, source="steam"), price(1, 8, second=3, source="skinport"), as_array=True)
        offset, found = heard(client)
        assert offset == 3
        assert [row[:4] for row in found] == [(1, 10.0, 12.0, "steam"), (1, 8.0, 12.0, "skinport")]
        assert [row[4] for row in found] == [1767225609e6, 1767225603e6]
        valkey.publish(VOLATILITY | {"item_id": 1}, channel="volatility")
        assert hear(client) == VOLATILITY | {"item_id": 1}


def test_the_time_of_publication_is_in_frames_alone(live: Live, valkey: Valkey) -> None:
    begin(live, valkey)
    with live.connect(subprotocols=SECOND) as client, live.connect() as person:
        assert hear(client)["type"] == hear(person)["type"] == "hello"
        subscribe(client, 1)
        subscribe(person, 1)
        seconds, micros = valkey.client.time()
        valkey.number(price(1, 10))
        frame = next_frame(client)
        (published,) = struct.unpack_from("<d", frame, 16)
        assert 0 <= published - (seconds * 1000 + micros // 1000) < 60_000
        assert hear(person) == price(1, 10) | {"offset": 2}


def test_a_client_that_could_not_read_a_frame_gets_it_again(live: Live, valkey: Valkey) -> None:
    begin(live, valkey)
    with live.connect(subprotocols=SECOND) as client:
        assert hear(client)["type"] == "hello"
        subscribe(client, 1, 2)
        valkey.number(price(1, 10))
        assert heard(client)[0] == 2
        epoch, offset = ask_position(client)
        valkey.number(price(1, 11, second=1))
        next_frame(client)  # as if it were damaged
        valkey.number(price(2, 20, second=2))
        assert heard(client)[0] == 4
        assert resume(client, epoch, offset, 1, 2)["recovered"]
        assert [row[:2] for row in heard(client)[1]] == [(1, 11.0), (2, 20.0)]
    until(lambda: live.stats()["clients"] == 0)
