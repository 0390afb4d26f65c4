"""The lag of prices, step by step: from what messages in Redis carry to the figures of the process and a page's line."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from prometheus_client import Histogram
from prometheus_client.registry import Collector

from app.live.lag import LAG, Moments, now_ms, observe, summary
from app.live.updates import parse_update
from tests.live.support import Live, Message, Valkey, ask_position, hear, price, subscribe, until


def measured(name: str) -> dict[str, float]:
    samples = next(iter(LAG.collect())).samples
    return {sample.labels["stage"]: sample.value for sample in samples if sample.name.endswith(name)}


def buckets(histogram: Collector, stage: str | None = None) -> Counter[str]:
    """How many up to each bound."""
    samples = next(iter(histogram.collect())).samples
    found = [one for one in samples if one.name.endswith("_bucket") and one.labels.get("stage") == stage]
    return Counter({one.labels["le"]: int(one.value) for one in found})


@pytest.fixture
def since() -> Callable[[str], dict[str, float]]:
    """What was counted since the test began; the process counts on."""
    before = {name: measured(name) for name in ("_count", "_sum")}
    return lambda name: {stage: round(value - before[name][stage], 6) for stage, value in measured(name).items()}


def test_each_step_begins_where_the_one_before_it_ended(since: Callable[[str], dict[str, float]]) -> None:
    observe([(1_000, Moments(received=1_500, stored=1_750, published=1_850))], 1_851)
    assert since("_sum") == {"received": 0.5, "stored": 0.25, "published": 0.1, "sent": 0.001}
    assert since("_count") == dict.fromkeys(("received", "stored", "published", "sent"), 1)


def test_a_step_that_was_not_taken_is_left_out(since: Callable[[str], dict[str, float]]) -> None:
    observe([(1_000, Moments(received=1_500, published=1_700))], 1_800)
    assert since("_count") == {"received": 1, "stored": 0, "published": 1, "sent": 1}
    assert since("_sum")["published"] == 0.2


def test_a_quote_of_the_future_took_no_time(since: Callable[[str], dict[str, float]]) -> None:
    observe([(9_000, Moments(received=1_000, published=1_100))], 1_100)
    assert since("_sum") == {"received": 0, "stored": 0, "published": 0.1, "sent": 0}


def test_buckets_are_those_of_prometheus_own_histogram(since: Callable[[str], dict[str, float]]) -> None:
    own = Histogram("tracera_live_lag_seconds", "-", buckets=[0.001 * 1.6**power for power in range(28)], registry=None)
    before = buckets(LAG, "published")
    taken = [0, 1, 2, 3, 250, 300_000, 400_000]
    observe([(1_000, Moments(published=1_000 + milliseconds)) for milliseconds in taken], 500_000)
    for milliseconds in taken:
        own.observe(milliseconds / 1000)
    assert buckets(LAG, "published") - before == buckets(own)


@pytest.mark.parametrize("value", [None, True, 1.5, "1", 0, -1, 2**53 + 1])
def test_what_is_no_moment_is_not_known_and_goes_no_further(value: object) -> None:
    update = parse_update(price(1, 10) | {"published": value, "stored": value, "received": value})
    assert update.moments == Moments()
    assert update.message == price(1, 10)


def test_published_prices_are_counted_once_however_many_hear_them(
    live: Live, valkey: Valkey, since: Callable[[str], dict[str, float]]
) -> None:
    moment = now_ms()
    message: Message = price(1, 10) | {"timestamp": datetime.now(UTC).isoformat(), "received": moment, "stored": moment}
    with live.connect() as client, live.connect() as other:
        subscribe(client, 1)
        subscribe(other, 1)
        valkey.number(message, price(2, 20))
        until(lambda: since("_count")["sent"] == 1)
        heard = hear(client)
        while heard["type"] != "price":
            heard = hear(client)
        assert heard.keys() == price(1, 10).keys() | {"offset"}
    assert since("_count") == dict.fromkeys(("received", "stored", "published", "sent"), 1)
    assert live.stats()["lag"]["sent"].keys() == {"count", "p50", "p95", "p99"}
    assert list(summary()) == ["received", "stored", "published", "sent"]


def test_prices_without_a_time_of_publication_are_not_counted(
    live: Live, valkey: Valkey, since: Callable[[str], dict[str, float]]
) -> None:
    with live.connect() as client:
        subscribe(client, 1)
        valkey.publish(price(1, 10))
        assert hear(client) == price(1, 10)
    assert since("_count")["sent"] == 0


def test_a_pong_with_a_position_tells_the_time(live: Live, valkey: Valkey) -> None:
    valkey.number(price(1, 10))
    until(lambda: live.hub.history.offset == 1)
    with live.connect() as client:
        before = now_ms()
        client.send('{"action":"ping","position":true}')
        while (message := hear(client))["type"] != "pong":
            pass
        assert before <= message["time"] <= now_ms()
        assert ask_position(client)[1] == 1


def test_prometheus_is_told(client: FlaskClient) -> None:
    observe([(1_000, Moments(published=1_100))], 1_200)
    text = client.get("/api/v1/metrics").get_data(as_text=True)
    assert re.search(r'tracera_live_lag_seconds_bucket\{le="\+Inf",stage="sent"\} [1-9]', text)
