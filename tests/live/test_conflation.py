import time
from dataclasses import replace

from app.live.settings import LiveSettings
from tests.live.support import Valkey, hear, price, running, subscribe
from tests.patience import within


def test_within_a_tick_only_the_newest_value_is_sent(settings: LiveSettings, valkey: Valkey) -> None:
    with running(settings) as live, live.connect() as client:
        subscribe(client, 1, 2)
        valkey.publish([price(item, second, second=second) for second in range(1, 60) for item in (1, 2)])
        assert hear(client) == price(1, 59, second=59)
        assert hear(client) == price(2, 59, second=59)


def test_a_client_gets_at_most_one_value_a_tick(settings: LiveSettings, valkey: Valkey) -> None:
    with running(settings) as live, live.connect() as client:
        subscribe(client, 1)
        began = time.monotonic()
        for second in range(1, 1201):
            valkey.publish(price(1, second, second=second))
        took = time.monotonic() - began
        prices: list[int] = []
        while not prices or prices[-1] != 1200:
            prices.append(hear(client)["price"])
    assert prices == sorted(prices)
    # One at once, one per whole tick, and one for the rest.
    assert 2 <= len(prices) <= (took + 0.2) / settings.tick + 2


def test_the_first_value_after_a_pause_does_not_wait_for_the_tick(settings: LiveSettings, valkey: Valkey) -> None:
    with running(replace(settings, tick=5.0)) as live, live.connect() as client:
        subscribe(client, 1)
        began = time.monotonic()
        valkey.publish(price(1, 10))
        assert hear(client)["price"] == 10
        assert time.monotonic() - began < within(4), "the tick is five seconds"
