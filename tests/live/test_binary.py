import math
import struct
import zlib

from websockets.sync.client import ClientConnection
from websockets.typing import Subprotocol

from tests.live.support import Live, Valkey, hear, price, subscribe
from tests.live.test_contract import VOLATILITY

OFFER = [Subprotocol("tracera.v1.binary")]


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
