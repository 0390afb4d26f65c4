"""Snapshots of prices that Redis does not have, from a real PostgreSQL."""

import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from app.live.publish import price_message
from app.live.settings import LiveSettings
from app.live.snapshot import from_database
from db.core.pool import Database
from db.items import items
from db.quotes import writer
from tests.live.support import Valkey, hear, price, running, subscribe

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def kept(database: Database) -> list[int]:
    """Ids of two items whose newest steam quotes are 1250 and 900."""
    names = ["AK-47 | Redline (Field-Tested)", "AWP | Asiimov (Field-Tested)"]
    with database.connection() as connection:
        items.create(
            connection, [items.NewItem("steam:730", name, name, f"item-{at}") for at, name in enumerate(names)]
        )
        known = {item.market_hash_name: item.id for item in items.known(connection, "steam:730", names, [])}
        ids = [known[name] for name in names]
        at = int(AT.timestamp()) * 1_000_000
        for source, prices in (("steam", [1250, 900]), ("skinport", [1100, 800])):
            columns = writer.QuoteColumns.of(np.array(ids), np.array([at, at]), np.array(prices))
            writer.make_partitions(connection, columns)
            with connection.transaction():
                writer.lock_source(connection, source)
                writer.store(connection, source, columns, heartbeat=timedelta(0))
        items.adopt_source(connection, ids, "steam", [])
    return ids


def test_a_snapshot_falls_back_to_the_database(settings: LiveSettings, database: Database, kept: list[int]) -> None:
    first, second = kept
    expected = [price_message(first, 1250, None, "steam", AT), price_message(second, 900, None, "steam", AT)]
    with running(settings, latest=from_database(database)) as live, live.connect() as client:
        subscribe(client, first, second, 999_999)
        assert sorted([hear(client), hear(client)], key=lambda message: message["item_id"]) == expected


def test_redis_is_asked_first(settings: LiveSettings, database: Database, kept: list[int], valkey: Valkey) -> None:
    first, second = kept
    valkey.keep(price(first, 1300, second=5, source="steam"))
    with running(settings, latest=from_database(database)) as live, live.connect() as client:
        subscribe(client, first, second)
        assert {(message["item_id"], message["price"]) for message in (hear(client), hear(client))} == {
            (first, 1300),
            (second, 900),
        }


def test_without_redis_the_database_answers_alone(database: Database, kept: list[int], tmp_path: object) -> None:
    from app.server.gateway import create_app
    from tests.live.support import BASE_URL, Live, flask_app

    settings = LiveSettings(base_url=BASE_URL, redis_url=f"unix://{tmp_path}/none?db=0")
    live = Live(create_app(flask_app(), settings, latest=from_database(database)))
    live.start()
    try:
        with live.connect() as client:
            subscribe(client, kept[0])
            assert hear(client)["price"] == 1250
    finally:
        live.stop()


def test_without_redis_and_database_the_client_gets_an_error(settings: LiveSettings) -> None:
    gone = Database("postgresql:///none?host=/nowhere", size=1, wait=0.2)
    with running(settings, latest=from_database(gone)) as live, live.connect() as client:
        subscribe(client, 1)
        assert "not available" in hear(client)["error"]
    gone.close()


def asked(valkey: Valkey) -> int:
    """How often Redis was asked for many keys."""
    return int(valkey.client.info("commandstats").get("cmdstat_mget", {"calls": 0})["calls"])


def test_clients_that_ask_for_the_same_items_share_one_answer(settings: LiveSettings, valkey: Valkey) -> None:
    for item_id in (1, 2):
        valkey.keep(price(item_id, 100 * item_id))
    before = asked(valkey)
    with running(settings) as live, live.connect() as first:
        subscribe(first, 1, 2, 3)
        assert {hear(first)["price"], hear(first)["price"]} == {100, 200}
        valkey.publish(price(1, 150, second=1))
        assert hear(first)["price"] == 150
        for _ in range(20):
            with live.connect() as other:
                subscribe(other, 1, 2, 3)
                assert {hear(other)["price"], hear(other)["price"]} == {150, 200}, "what was published since counts"
    assert asked(valkey) - before <= 2, "twenty clients within two seconds"


def test_an_answer_is_shared_for_a_short_time_only(
    settings: LiveSettings, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.live.hub.SHARED_FOR", 0.1)
    valkey.keep(price(1, 100))
    with running(settings) as live, live.connect() as first, live.connect() as second:
        subscribe(first, 1)
        assert hear(first)["price"] == 100
        valkey.keep(price(1, 110, second=1))  # kept, and published to nobody
        time.sleep(0.2)
        subscribe(second, 1)
        assert hear(second)["price"] == 110
