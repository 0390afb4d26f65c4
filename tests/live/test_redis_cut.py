"""What a hub does about a lost connection to Redis, a flush and a failover: it reads on, or says that a snapshot follows."""

import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.sync.client import ClientConnection

from app.live.settings import LiveSettings
from db.core.price_log import HEAD, LOG
from tests.live.support import (
    BASE_URL,
    Live,
    Message,
    Valkey,
    assert_silent,
    epoch_in,
    hear,
    price,
    running,
    subscribe,
    until,
)


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Valkey]:
    valkey = Valkey(tmp_path)
    valkey.start()
    valkey.number(price(1, 10))
    yield valkey
    valkey.client.close()
    valkey.kill()


@pytest.fixture
def live(mortal: Valkey) -> Iterator[Live]:
    with running(LiveSettings(base_url=BASE_URL, redis_url=mortal.url)) as live:
        yield live


@pytest.fixture
def client(live: Live, mortal: Valkey) -> Iterator[ClientConnection]:
    """One that has the price of item 1 and its epoch."""
    mortal.keep(price(1, 10))
    with live.connect() as client:
        assert hear(client)["type"] == "hello"
        subscribe(client, 1)
        assert hear(client)["price"] == 10
        yield client


def test_after_a_cut_the_hub_reads_on(live: Live, mortal: Valkey, client: ClientConnection) -> None:
    mortal.cut()
    mortal.number(price(1, 11, second=1), price(1, 12, second=2))
    assert hear(client) == price(1, 12, second=2) | {"offset": 3}, "without being told of a snapshot"
    mortal.number(price(1, 13, second=3))
    assert hear(client) == price(1, 13, second=3) | {"offset": 4}
    assert_silent(client)
    assert (live.stats()["gaps"], live.stats()["gaps_recovered"]) == (1, 1)


@pytest.mark.slow
def test_through_many_cuts_no_price_comes_twice_or_backwards(mortal: Valkey, client: ClientConnection) -> None:
    last = 3_000
    ended = threading.Event()

    def publish() -> None:
        for second in range(1, last):
            mortal.number(price(1, second, second=second))
            ended.wait(0.001)
            if second % 300 == 0:
                mortal.cut()
        mortal.number(price(1, last, second=last))

    publishing = threading.Thread(target=publish)
    publishing.start()
    heard: list[Message] = []
    while not heard or heard[-1]["price"] != last:
        heard.append(hear(client, 10))
    ended.set()
    publishing.join()
    assert {message["type"] for message in heard} == {"price"}, "the log had everything"
    offsets = [message["offset"] for message in heard]
    assert offsets == sorted(set(offsets))
    assert [message["price"] for message in heard] == [offset - 1 for offset in offsets]


def test_a_cut_that_the_log_does_not_cover_is_told(live: Live, mortal: Valkey, client: ClientConnection) -> None:
    mortal.cut()
    mortal.number(price(1, 11, second=1))
    mortal.client.delete(LOG)
    mortal.keep(price(1, 11, second=1))
    epoch = epoch_in(mortal)
    assert hear(client) == {"type": "resumed", "recovered": False, "epoch": epoch, "offset": 2}
    assert hear(client)["price"] == 11
    assert live.stats()["gaps_recovered"] == 0


def test_after_a_flush_all_clients_are_told(live: Live, mortal: Valkey, client: ClientConnection) -> None:
    before = epoch_in(mortal)
    mortal.client.flushall()
    mortal.number(price(2, 20, second=1), price(1, 12, second=2))
    answer = hear(client)
    assert answer == {"type": "resumed", "recovered": False, "epoch": epoch_in(mortal), "offset": 0}
    assert answer["epoch"] != before
    while (message := hear(client)).get("offset") != 2:
        assert message["price"] == 10, "the snapshot"
    assert message["price"] == 12
    mortal.number(price(1, 13, second=3))
    while (message := hear(client))["price"] != 13:
        assert message["price"] in {10, 12}
    assert live.stats()["redis"] == "connected"


def test_a_redis_that_comes_back_empty_begins_anew(mortal: Valkey, live: Live, client: ClientConnection) -> None:
    mortal.kill()
    until(lambda: live.stats()["redis"] == "reconnecting")
    mortal.start(price(1, 20, second=2))
    assert hear(client, 15) | {"epoch": ""} == {"type": "resumed", "recovered": False, "epoch": "", "offset": 1}
    assert hear(client)["price"] == 20
    mortal.number(price(1, 30, second=3))
    assert hear(client) == {"type": "resumed", "recovered": False, "epoch": epoch_in(mortal), "offset": 0}
    while (message := hear(client))["price"] != 30:
        assert message["price"] == 20
    assert message["offset"] == 1


@pytest.mark.parametrize("offset", [0, 5])
def test_a_failover_that_lost_numbers_begins_anew(
    mortal: Valkey, live: Live, client: ClientConnection, offset: int
) -> None:
    """The server in its place has the epoch, and fewer or by now more numbers than were given before."""
    before = epoch_in(mortal)
    mortal.kill()
    until(lambda: live.stats()["redis"] == "reconnecting")
    mortal.start(price(1, 20, second=2), head=(before, offset))
    answer = hear(client, 15)
    assert (answer["type"], answer["recovered"]) == ("resumed", False)
    assert answer["epoch"] == epoch_in(mortal) != before
    assert hear(client)["price"] == 20
    mortal.number(price(1, 30, second=3))
    assert hear(client) == price(1, 30, second=3) | {"offset": 1}


def test_numbers_that_go_back_are_noticed_without_a_cut(live: Live, mortal: Valkey, client: ClientConnection) -> None:
    before = epoch_in(mortal)
    mortal.number(price(1, 11, second=1), price(1, 12, second=2))
    while hear(client)["price"] != 12:
        pass
    mortal.client.hset(HEAD, "offset", 1)
    mortal.number(price(1, 13, second=3))
    assert hear(client)["type"] == "resumed"
    assert epoch_in(mortal) != before
    while (message := hear(client))["price"] != 13:
        mortal.number(price(1, 13, second=3))
    assert message["offset"] >= 1


def test_a_redis_that_answers_pings_is_left_alone_however_silent(
    live: Live, mortal: Valkey, client: ClientConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.live.feed.PING_AFTER", 0.4)
    mortal.cut()  # the next connection has that patience
    until(lambda: live.stats()["gaps"] == 1 and live.stats()["redis"] == "connected")
    before = mortal.calls("ping")
    until(lambda: mortal.calls("ping") >= before + 2)
    mortal.number(price(1, 11, second=1))
    assert hear(client)["price"] == 11
    assert live.stats()["gaps"] == 1


def test_a_redis_that_hangs_is_left_and_read_on_later(
    live: Live, mortal: Valkey, client: ClientConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.live.feed.PING_AFTER", 0.3)
    mortal.cut()
    until(lambda: live.stats()["gaps"] == 1 and live.stats()["redis"] == "connected")
    mortal.signal(signal.SIGSTOP)
    try:
        until(lambda: live.stats()["redis"] == "reconnecting")
    finally:
        mortal.signal(signal.SIGCONT)
    mortal.number(price(1, 11, second=1))
    assert hear(client) == price(1, 11, second=1) | {"offset": 2}
    until(lambda: live.stats()["gaps_recovered"] == 2)
