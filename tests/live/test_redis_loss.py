import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.live.settings import LiveSettings
from app.server.gateway import create_app
from tests.live.support import BASE_URL, Live, Valkey, flask_app, hear, price, running, subscribe, until
from tests.patience import within


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Valkey]:
    valkey = Valkey(tmp_path)
    valkey.start()
    yield valkey
    valkey.client.close()
    valkey.kill()


def test_clients_survive_a_restart_of_redis_and_get_what_they_missed(mortal: Valkey) -> None:
    settings = LiveSettings(base_url=BASE_URL, redis_url=mortal.url)
    with running(settings) as live, live.connect() as client:
        mortal.keep(price(1, 10, second=1))
        subscribe(client, 1)
        assert hear(client)["price"] == 10
        mortal.kill()
        until(lambda: live.stats()["redis"] == "reconnecting")
        mortal.start(price(1, 20, second=2))
        assert hear(client, 15)["price"] == 20
        assert (live.stats()["redis"], live.stats()["gaps"]) == ("connected", 1)
        mortal.publish(price(1, 30, second=3))
        assert hear(client)["price"] == 30


@pytest.mark.slow
def test_a_redis_that_stayed_away_is_heard_soon_after_its_return(mortal: Valkey) -> None:
    with running(LiveSettings(base_url=BASE_URL, redis_url=mortal.url)) as live:
        mortal.kill()
        time.sleep(12)  # the waits between attempts are at their longest then
        mortal.start()
        until(lambda: live.stats()["redis"] == "connected", 3)


def test_without_redis_a_subscription_waits_and_says_so(mortal: Valkey) -> None:
    settings = LiveSettings(base_url=BASE_URL, redis_url=mortal.url)
    with running(settings) as live, live.connect() as client:
        mortal.kill()
        until(lambda: live.stats()["redis"] == "reconnecting")
        subscribe(client, 1)
        assert "not available" in hear(client)["error"]
        mortal.start()
        until(lambda: live.stats()["redis"] == "connected", 15)
        mortal.publish(price(1, 30, second=3))
        assert hear(client)["price"] == 30


def test_without_redis_many_subscriptions_hold_up_nobody(mortal: Valkey) -> None:
    settings = LiveSettings(base_url=BASE_URL, redis_url=mortal.url)
    with running(settings) as live, live.connect() as client:
        mortal.kill()
        until(lambda: live.stats()["redis"] == "reconnecting")
        begun = time.monotonic()
        for item_id in range(1, 16):
            subscribe(client, item_id)
            assert "not available" in hear(client)["error"]
        assert time.monotonic() - begun < within(2)  # each waited for Redis' retries before, half a second and more


def test_the_server_starts_without_redis(tmp_path: Path) -> None:
    live = Live(create_app(flask_app(), LiveSettings(base_url=BASE_URL, redis_url=f"unix://{tmp_path}/none?db=0")))
    live.start()
    try:
        with live.connect() as client:
            subscribe(client, 1)
            assert hear(client)["type"] == "error"
        assert live.stats()["redis"] == "connecting"
        assert live.stats()["last_message"] is None
    finally:
        live.stop()
    assert live.stats()["redis"] == "stopped"
