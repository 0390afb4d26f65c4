from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from db.core.pool import Database
from db.operations import integrity, providers
from db.quotes import writer
from jobs import retention

STEP = timedelta(hours=6)


def columns(item: int, now: datetime, days: int) -> writer.QuoteColumns:
    """A quote every six hours over the last days, none of them at a limit."""
    count = days * 4
    moments = [now + timedelta(hours=1) - STEP * (count - at) for at in range(count)]
    time = np.array([int(moment.timestamp()) * 1_000_000 for moment in moments])
    return writer.QuoteColumns.of(np.full(count, item), time, np.arange(100, 100 + count), volume=3, rolling=0)


def store(database: Database, source: str, given: writer.QuoteColumns) -> int:
    with database.connection() as connection:
        writer.make_partitions(connection, given)
        with connection.transaction():
            writer.lock_source(connection, source)
            return writer.store(connection, source, given, heartbeat=timedelta(0)).inserted


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def market(database: Database, now: datetime) -> Database:
    database.execute(
        "INSERT INTO items (id, market, market_hash_name, match_key, slug) VALUES (1, 'steam:730', 'A', 'a', 'a')"
    )
    for source in ("steam", "csfloat", "demo"):
        assert store(database, source, columns(1, now, 40)) == 160
    return database


def raw(database: Database) -> dict[str, int]:
    rows = database.rows("SELECT source, count(*) AS n FROM price_history GROUP BY 1")
    return {row["source"]: row["n"] for row in rows}


def derived(database: Database) -> list[list[dict[str, Any]]]:
    return [
        database.rows("SELECT * FROM price_1h ORDER BY source, bucket"),
        database.rows("SELECT * FROM price_24h ORDER BY source, bucket"),
        database.rows("SELECT * FROM price_7d ORDER BY source, bucket"),
        database.rows("SELECT * FROM price_latest ORDER BY source"),
    ]


def test_only_raw_quotes_past_their_days_go_and_what_was_derived_stays(market: Database) -> None:
    before = derived(market)
    assert retention.run(market, raw_days=30, demo_days=7) == 10 * 4 * 2 + 33 * 4
    assert raw(market) == {"steam": 30 * 4, "csfloat": 30 * 4, "demo": 7 * 4}
    assert derived(market) == before
    assert integrity.verify(market) == []
    assert retention.run(market, raw_days=30, demo_days=7) == 0


def test_zero_days_keep_real_quotes_for_good(market: Database) -> None:
    assert retention.run(market, raw_days=0, demo_days=7) == 33 * 4
    assert raw(market) == {"steam": 160, "csfloat": 160, "demo": 28}


def test_forgotten_quotes_that_come_again_change_nothing(market: Database, now: datetime) -> None:
    retention.run(market, raw_days=30, demo_days=7)
    before = derived(market)
    assert store(market, "steam", columns(1, now, 40)) == 0
    assert raw(market)["steam"] == 30 * 4
    assert derived(market) == before


def test_an_item_forgotten_whole_still_has_its_newest_price(database: Database, now: datetime) -> None:
    database.execute(
        "INSERT INTO items (id, market, market_hash_name, match_key, slug) VALUES (1, 'steam:730', 'A', 'a', 'a')"
    )
    store(database, "steam", columns(1, now - timedelta(days=100), 5))
    assert retention.run(database, raw_days=30, demo_days=7) == 20
    assert raw(database) == {}
    (latest,) = database.rows("SELECT price FROM price_latest")
    assert latest["price"] == 119
    assert integrity.verify(database) == []


def test_the_record_of_a_cycle_is_kept_for_thirty_days(database: Database, now: datetime) -> None:
    for provider, age in (("old", timedelta(days=30, minutes=1)), ("young", timedelta(days=29, hours=23))):
        ended = now - age
        providers.record_cycle(
            database,
            {"provider": provider, "started_at": ended - timedelta(minutes=5), "finished_at": ended, "error": None}
            | dict.fromkeys(("fetched", "stored", "unchanged", "rejected", "new_items"), 1),
        )
    retention.run(database, raw_days=0, demo_days=7)
    assert database.rows("SELECT provider FROM ingest_cycles") == [{"provider": "young"}]
