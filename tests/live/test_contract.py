import orjson
import pytest

from app.live.principal import Principal
from app.live.settings import LiveSettings
from tests.live.support import Live, Valkey, assert_silent, hear, price, running, say, subscribe, until

VOLATILITY = {
    "type": "volatility",
    "item_id": 42,
    "window": "24h",
    "rolling_stddev": 45.2,
    "percent_change": 8.5,
    "trend_score": 1.2,
    "timestamp": "2026-01-01T00:00:00Z",
}


def test_a_ping_is_answered(live: Live) -> None:
    with live.connect() as client:
        say(client, "ping")
        assert hear(client) == {"type": "pong"}


def test_subscribing_is_answered_without_repetitions_and_with_a_snapshot(live: Live, valkey: Valkey) -> None:
    valkey.keep(price(42, 1450000))
    with live.connect() as client:
        subscribe(client, 42, 1, 42)
        assert hear(client) == price(42, 1450000)
        assert_silent(client)


def test_prices_and_measures_of_subscribed_items_arrive_as_published(live: Live, valkey: Valkey) -> None:
    with live.connect() as client:
        subscribe(client, 42)
        valkey.publish([price(41, 1), price(42, 1250)])
        assert hear(client) == price(42, 1250)
        valkey.publish(VOLATILITY, channel="volatility")
        assert hear(client) == VOLATILITY
        assert_silent(client)


def test_unknown_volume_stays_null(live: Live, valkey: Valkey) -> None:
    with live.connect() as client:
        subscribe(client, 42)
        valkey.publish(price(42, 1250, volume=None))
        assert hear(client)["volume"] is None


def test_unsubscribing_ends_it(live: Live, valkey: Valkey) -> None:
    with live.connect() as client:
        subscribe(client, 1, 2)
        say(client, "unsubscribe", 1)
        until(lambda: live.stats()["subscriptions"] == 1)
        valkey.publish([price(1, 10), price(2, 20)])
        assert hear(client) == price(2, 20)
        assert_silent(client)


def test_a_leaving_client_leaves_nothing_behind(live: Live) -> None:
    with live.connect() as client:
        subscribe(client, 1, 2)
        assert (live.stats()["clients"], live.stats()["subscriptions"], live.stats()["items"]) == (1, 2, 2)
    until(lambda: live.stats()["clients"] == 0)
    assert (live.stats()["subscriptions"], live.stats()["items"], live.stats()["groups"]) == (0, 0, 0)


def test_what_redis_lacks_comes_from_elsewhere(settings: LiveSettings, valkey: Valkey) -> None:
    asked: list[list[int]] = []

    async def latest(item_ids: list[int]) -> list[dict[str, object]]:
        asked.append(item_ids)
        return [price(item_id, 5) for item_id in item_ids]

    valkey.keep(price(1, 10))
    with running(settings, latest=latest) as live, live.connect() as client:
        subscribe(client, 1, 2)
        assert sorted((hear(client)["price"], hear(client)["price"])) == [5, 10]
    assert asked == [[2]]


def test_a_snapshot_is_never_older_than_what_was_published(live: Live, valkey: Valkey) -> None:
    valkey.keep(price(1, 10, second=1))
    with live.connect() as first, live.connect() as second:
        subscribe(first, 1)
        assert hear(first)["price"] == 10
        valkey.publish(price(1, 20, second=2))
        assert hear(first)["price"] == 20
        subscribe(second, 1)
        assert hear(second)["price"] == 20


def test_late_data_does_not_replace_newer(live: Live, valkey: Valkey) -> None:
    with live.connect() as client:
        subscribe(client, 1)
        valkey.publish([price(1, 20, second=2), price(1, 10, second=1)])
        assert hear(client)["price"] == 20
        valkey.publish(price(1, 15, second=1))
        valkey.publish(price(1, 30, second=3))
        assert hear(client)["price"] == 30


def test_sources_are_not_mixed_up(live: Live, valkey: Valkey) -> None:
    with live.connect() as every, live.connect("?source=skinport") as one:
        subscribe(every, 1)
        subscribe(one, 1)
        valkey.publish([price(1, 10, source="steam"), price(1, 9, source="skinport")])
        assert {(m["source"], m["price"]) for m in (hear(every), hear(every))} == {("steam", 10), ("skinport", 9)}
        assert hear(one)["source"] == "skinport"
        assert_silent(one)


@pytest.mark.parametrize("payload", [b"nonsense", b"[1]", orjson.dumps({"type": "price", "item_id": 1, "price": 1.5})])
def test_foreign_messages_in_redis_are_counted_and_left_out(live: Live, valkey: Valkey, payload: bytes) -> None:
    with live.connect() as client:
        subscribe(client, 1)
        valkey.client.publish("prices", payload)
        until(lambda: live.stats()["rejected"] == 1)
        valkey.publish([price(1, 10), {"type": "price"}])
        assert hear(client) == price(1, 10)
        assert live.stats()["rejected"] == 2


def test_the_watchlist_is_subscribed_at_connect(settings: LiveSettings, valkey: Valkey) -> None:
    async def authorize(scope: dict[str, object]) -> Principal:
        return Principal(user_id=3)

    async def watchlist(user_id: int) -> list[int]:
        assert user_id == 3
        return [7, 8]

    valkey.keep(price(8, 80))
    with running(settings, authorize=authorize, watchlist=watchlist) as live, live.connect() as client:
        assert hear(client) == {"type": "auto_subscribe", "item_ids": [7, 8]}
        assert hear(client) == price(8, 80)
        valkey.publish(price(7, 70))
        assert hear(client) == price(7, 70)
