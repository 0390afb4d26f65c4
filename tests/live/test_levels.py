"""Changes of levels reach who is subscribed to the item, and nobody else."""

import orjson

from tests.live.support import Live, Message, Valkey, assert_silent, hear, price, subscribe, until


def levels(item_id: int, second: int = 0, level: str = "day_high") -> Message:
    events = [{"kind": "high", "level": level, "price": 30 + second}]
    shared = {key: value for key, value in price(item_id, 30, second=second).items() if key not in {"type", "volume"}}
    return {"type": "levels", **shared, "enigma": 51.5, "events": events}


def test_a_subscriber_hears_of_levels_in_text_whatever_was_agreed(live: Live, valkey: Valkey) -> None:
    with live.connect() as client, live.connect() as other, live.connect(subprotocols=["tracera.v1.binary"]) as binary:
        subscribe(client, 3)
        subscribe(other, 4)
        subscribe(binary, 3)
        valkey.publish(levels(3), channel="levels")
        assert hear(client) == levels(3)
        assert hear(binary) == levels(3)
        assert_silent(other)


def test_the_newest_of_a_tick_is_told_and_never_an_older_one(live: Live, valkey: Valkey) -> None:
    with live.connect() as client:
        subscribe(client, 3)
        valkey.publish(*[levels(3, second) for second in (5, 7, 6)], channel="levels")
        valkey.publish(price(3, 30, second=9))
        heard = [hear(client) for _ in range(2)]
        assert [one["type"] for one in heard] == ["levels", "price"]
        assert heard[0] == levels(3, 7)
        assert_silent(client)


def test_what_has_another_shape_is_refused(live: Live, valkey: Valkey) -> None:
    with live.connect() as client:
        subscribe(client, 3)
        for wrong in ({"events": None}, {"source": ""}, {"timestamp": "yesterday"}, {"item_id": -3}):
            valkey.client.publish("levels", orjson.dumps(levels(3) | wrong))
        until(lambda: live.stats()["rejected"] == 4)
        assert_silent(client)
