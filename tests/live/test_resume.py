"""Resume: a client that was away gets the newest of what it missed, or is told that it gets a snapshot."""

from typing import Any

import orjson
import pytest

from app.live.settings import LiveSettings
from db.core.price_log import LOG
from tests.live.support import (
    Live,
    Message,
    Valkey,
    ask_position,
    assert_silent,
    epoch_in,
    hear,
    price,
    resume,
    running,
    say,
    subscribe,
    until,
)


def numbered(message: Message, offset: int) -> Message:
    return message | {"offset": offset}


def test_numbered_prices_carry_their_offset(live: Live, valkey: Valkey) -> None:
    with live.connect() as client:
        subscribe(client, 1, 2)
        valkey.number(price(1, 10), price(3, 30), price(2, 20, volume=None))
        assert hear(client)["type"] == "resumed", "numbers begin"
        assert [hear(client), hear(client)] == [
            numbered(price(1, 10), 1),
            numbered(price(2, 20, volume=None), 3),
        ]
        valkey.number(price(1, 11, second=1), price(2, 21, second=1), as_array=True)
        assert [hear(client)["offset"], hear(client)["offset"]] == [4, 5]


def test_hello_opens_a_connection_once_prices_are_numbered(live: Live, valkey: Valkey) -> None:
    with live.connect() as client:
        say(client, "ping")
        assert hear(client) == {"type": "pong"}
    valkey.number(price(1, 10))
    until(lambda: live.hub.history.offset == 1)
    with live.connect() as client:
        epoch = epoch_in(valkey)
        assert hear(client) == {"type": "hello", "epoch": epoch, "offset": 1}
        say(client, "ping")
        assert hear(client) == {"type": "pong"}, "a client that knows nothing of positions gets none"
        assert ask_position(client) == (epoch, 1)


def away(live: Live, valkey: Valkey, *items: int) -> tuple[str, int]:
    """The position of a client that has these items' prices and has gone."""
    valkey.number(*(price(item, 100 * item) for item in items))
    until(lambda: live.hub.history.offset == len(items))
    with live.connect() as client:
        assert hear(client)["type"] == "hello"
        subscribe(client, *items)
        return ask_position(client)


def test_the_newest_of_each_item_since_then_is_sent(live: Live, valkey: Valkey) -> None:
    epoch, offset = away(live, valkey, 1, 2, 3)
    valkey.number(price(1, 11, second=1), price(2, 22, second=1), price(1, 12, second=2), price(9, 9, second=2))
    until(lambda: live.hub.history.offset == 7)
    with live.connect() as client:
        answer = resume(client, epoch, offset, 1, 2, 3)
        assert answer == {"type": "resumed", "recovered": True, "epoch": epoch, "offset": 7}
        assert [hear(client), hear(client)] == [
            numbered(price(2, 22, second=1), 5),
            numbered(price(1, 12, second=2), 6),
        ]
        assert_silent(client)
        valkey.number(price(3, 33, second=3))
        assert hear(client) == numbered(price(3, 33, second=3), 8), "it is subscribed"


def test_one_that_missed_nothing_gets_nothing(live: Live, valkey: Valkey) -> None:
    epoch, offset = away(live, valkey, 1)
    with live.connect() as client:
        assert resume(client, epoch, offset, 1)["recovered"]
        assert_silent(client)


def test_only_the_wanted_source_is_sent(live: Live, valkey: Valkey) -> None:
    epoch, offset = away(live, valkey, 1)
    valkey.number(price(1, 11, second=1, source="steam"), price(1, 12, second=1, source="skinport"))
    until(lambda: live.hub.history.offset == 3)
    with live.connect("?source=steam") as client:
        assert resume(client, epoch, offset, 1)["recovered"]
        assert hear(client)["source"] == "steam"
        assert_silent(client)


def test_prices_without_numbers_are_not_missed_either(live: Live, valkey: Valkey) -> None:
    epoch, offset = away(live, valkey, 1, 2)
    valkey.publish(price(1, 11, second=1))
    until(lambda: live.hub.history.since(offset, [1]))
    with live.connect() as client:
        assert resume(client, epoch, offset, 1, 2)["recovered"]
        assert hear(client) == price(1, 11, second=1)
        assert_silent(client)


@pytest.mark.parametrize(("epoch", "ahead"), [("another", 0), ("", 1), ("", 2**62)], ids=["foreign", "next", "future"])
def test_positions_that_nobody_had_get_a_snapshot(live: Live, valkey: Valkey, epoch: str, ahead: int) -> None:
    known, offset = away(live, valkey, 1)
    valkey.keep(price(1, 100))
    with live.connect() as client:
        answer = resume(client, epoch or known, offset + ahead, 1)
        assert answer == {"type": "resumed", "recovered": False, "epoch": known, "offset": offset}
        assert hear(client)["price"] == 100


@pytest.mark.parametrize(
    "values",
    [
        {"offset": -1},
        {"offset": True},
        {"offset": 1.0},
        {"offset": "1"},
        {"offset": None},
        {"offset": 10**30},
        {"epoch": ""},
        {"epoch": 7},
        {"epoch": "x" * 65},
        {"item_ids": []},
        {"item_ids": [0]},
    ],
    ids=str,
)
def test_what_is_no_position_is_refused(live: Live, values: dict[str, Any]) -> None:
    with live.connect() as client:
        client.send(orjson.dumps({"action": "resume", "epoch": "e", "offset": 1, "item_ids": [1]} | values).decode()
                    if values.get("offset") != 10**30 else
                    '{"action":"resume","epoch":"e","offset":1000000000000000000000000000000,"item_ids":[1]}')  # fmt: skip
        assert hear(client)["type"] == "error"
        say(client, "ping")
        assert hear(client) == {"type": "pong"}
        assert live.stats()["subscriptions"] == 0


def test_before_prices_are_numbered_there_is_nothing_to_resume(live: Live, valkey: Valkey) -> None:
    valkey.keep(price(1, 10))
    with live.connect() as client:
        assert resume(client, "e", 0, 1) == {"type": "resumed", "recovered": False, "epoch": None, "offset": None}
        assert hear(client) == price(1, 10)


def test_it_counts_like_a_subscription(settings: LiveSettings, live: Live, valkey: Valkey) -> None:
    epoch, offset = away(live, valkey, 1)
    with live.connect() as client:
        client.send(orjson.dumps(
            {"action": "resume", "epoch": epoch, "offset": offset, "item_ids": list(range(1, settings.max_items + 2))}
        ).decode())  # fmt: skip
        assert hear(client)["type"] == "hello"
        assert "at most 500 items" in hear(client)["error"]


def test_offsets_are_the_same_in_every_process(settings: LiveSettings, live: Live, valkey: Valkey) -> None:
    with running(settings) as other:
        epoch, offset = away(live, valkey, 1, 2)
        valkey.number(price(2, 21, second=1))
        until(lambda: other.hub.history.offset == 3)
        with other.connect() as client:
            assert resume(client, epoch, offset, 1, 2)["recovered"]
            assert hear(client)["price"] == 21


def test_a_process_that_is_behind_is_waited_for(live: Live, valkey: Valkey) -> None:
    epoch, offset = away(live, valkey, 1)
    with live.connect() as client:
        client.send(orjson.dumps({"action": "resume", "epoch": epoch, "offset": offset + 1, "item_ids": [1]}).decode())
        assert hear(client)["type"] == "hello"
        valkey.number(price(1, 11, second=1))
        assert hear(client)["recovered"]
        assert_silent(client)


def test_a_process_that_starts_remembers_what_others_were_told(
    settings: LiveSettings, live: Live, valkey: Valkey
) -> None:
    epoch, offset = away(live, valkey, 1, 2)
    valkey.number(price(2, 21, second=1))
    until(lambda: live.hub.history.offset == 3)
    with running(settings) as later, later.connect() as client:
        assert resume(client, epoch, offset, 1, 2)["recovered"]
        assert hear(client) == numbered(price(2, 21, second=1), 3)


def test_a_log_that_begins_later_is_not_enough(settings: LiveSettings, live: Live, valkey: Valkey) -> None:
    epoch, offset = away(live, valkey, 1)
    valkey.number(price(1, 11, second=1))
    valkey.number(price(1, 12, second=2))
    valkey.client.xtrim(LOG, maxlen=1, approximate=False)
    valkey.keep(price(1, 12, second=2))
    with running(settings) as later, later.connect() as client:
        assert not resume(client, epoch, offset, 1)["recovered"]
        assert hear(client)["price"] == 12
    with running(settings) as later, later.connect() as client:
        assert resume(client, epoch, offset + 1, 1)["recovered"]
        assert hear(client)["price"] == 12
