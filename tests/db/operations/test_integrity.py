"""`tracera db verify` is silent about sound data and finds every fault planted in it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import LiteralString

import numpy as np
import orjson
import pytest
import redis
from click.testing import CliRunner, Result

from app.cli import main
from db.core.pool import Database
from db.embedded.servers import Endpoints
from db.operations import integrity, status
from db.quotes import writer
from jobs import cache_rebuild
from tests.conftest import wait_for

STRAY_MEASURES: LiteralString = """
INSERT INTO item_metrics (item_id, source, "window", reference, samples, coverage, as_of, computed_at)
VALUES (1, 'none', '24h', false, 1, 1, now(), now())
"""
PLANTED: list[tuple[LiteralString, list[str]]] = [
    (
        "DELETE FROM price_latest WHERE item_id = 2",
        ["price_latest: item 2 steam: row: kept no row, expected price 1499 at"],
    ),
    (
        "UPDATE price_latest SET time = time - interval '1 hour' WHERE item_id = 2",
        ["price_latest: item 2 steam: time: kept "],
    ),
    (
        "UPDATE price_latest SET time = time + interval '1 hour' WHERE item_id = 2",
        ["price_latest: item 2 steam: time: kept "],
    ),
    (
        "UPDATE price_latest SET stored_time = stored_time - interval '1 hour' WHERE item_id = 2",
        ["price_latest: item 2 steam: stored_time: kept "],
    ),
    (
        "UPDATE price_latest SET price = price + 1",
        [
            f"price_latest: item {item} steam: price: kept {99 + 700 * item + 1}, expected {99 + 700 * item}"
            for item in (1, 2, 3)
        ],
    ),
    (
        "UPDATE price_latest SET volume = NULL WHERE item_id = 3",
        ["price_latest: item 3 steam: volume: kept null, expected 2"],
    ),
    (
        "UPDATE price_latest SET volume_rolling = true WHERE item_id = 3",
        ["price_latest: item 3 steam: volume_rolling: kept True, expected False"],
    ),
    (
        "UPDATE price_latest SET listings = 7 WHERE item_id = 3",
        ["price_latest: item 3 steam: listings: kept 7, expected null"],
    ),
    ("UPDATE price_latest SET bid = 7 WHERE item_id = 3", ["price_latest: item 3 steam: bid: kept 7, expected null"]),
    ("UPDATE price_latest SET ask = 7 WHERE item_id = 3", ["price_latest: item 3 steam: ask: kept 7, expected null"]),
    (
        "INSERT INTO price_latest (item_id, source, time, stored_time, price) VALUES (1, 'none', now(), now(), 5)",
        ["price_latest: item 1 none: row: kept price 5 at "],
    ),
    (
        STRAY_MEASURES,
        ["item_metrics: item 1 none: row: kept window 24h, expected no row"],
    ),
]


@pytest.fixture
def market(database: Database) -> Database:
    """Three items with a quote an hour for 29 days, of prices that go up by a cent."""
    database.execute(
        "INSERT INTO items (id, market, market_hash_name, match_key, slug)"
        " SELECT n, 'steam:730', 'Item ' || n, 'item ' || n, 'item-' || n FROM generate_series(1, 3) n"
    )
    hours = 700
    newest = datetime.now(UTC).replace(minute=30, second=0, microsecond=0) - timedelta(hours=1)
    oldest = int(newest.timestamp()) - (hours - 1) * 3600
    time = (oldest + np.arange(hours) * 3600) * 1_000_000
    given = writer.QuoteColumns.of(
        np.repeat([1, 2, 3], hours), np.tile(time, 3), np.arange(3 * hours) + 100, volume=2, rolling=0
    )
    with database.connection() as connection:
        writer.make_partitions(connection, given)
        with connection.transaction():
            writer.lock_source(connection, "steam")
            writer.store(connection, "steam", given, heartbeat=timedelta(0))
    return database


def test_sound_data_has_no_findings(market: Database) -> None:
    assert integrity.verify(market) == []


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "findings"), PLANTED, ids=[fault for fault, _ in PLANTED])
def test_a_planted_fault_is_named_and_repaired(market: Database, fault: LiteralString, findings: list[str]) -> None:
    tables = ("price_latest", "item_metrics", "price_1h")
    query = "SELECT * FROM {} ORDER BY item_id, source"
    before = [market.rows(query.format(name)) for name in tables]
    market.execute(fault)
    found = [str(difference) for difference in integrity.check(market).tally.named()]
    assert len(found) == len(findings)
    assert [line[: len(start)] for line, start in zip(sorted(found), findings, strict=True)] == findings
    assert integrity.check(market, repair=True).unrepaired == 0
    assert [market.rows(query.format(name)) for name in tables] == before


def test_rows_of_items_that_do_not_exist_are_named_and_kept(market: Database) -> None:
    market.execute("ALTER TABLE price_latest DROP CONSTRAINT price_latest_item_id_fkey")
    market.execute("DELETE FROM items WHERE id = 2")
    tables = ("price_history", "price_1h", "price_24h", "price_7d")
    report = integrity.check(market, repair=True)
    assert set(report.tally.counts) == {(name, "item_id") for name in tables} | {("price_latest", "row")}
    assert report.unrepaired == 4
    assert market.rows("SELECT count(*) AS n FROM price_history WHERE item_id = 2") == [{"n": 700}]


def test_an_unchanged_price_within_the_heartbeat_is_no_fault_and_another_one_is(market: Database) -> None:
    market.execute("UPDATE price_latest SET time = time + interval '20 minutes', volume = 9")
    report = integrity.check(market)
    assert (report.differences, report.unchecked["price_latest"]) == (0, 3)
    market.execute("UPDATE price_latest SET price = price - 1 WHERE item_id = 1")
    assert integrity.verify(market) == ["price_latest.price: 1 not as expected"]


def test_a_detached_partition_is_named(market: Database) -> None:
    market.execute("CREATE TABLE price_quotes_2012 (LIKE price_quotes INCLUDING ALL)")
    assert integrity.verify(market) == ["price_quotes_2012.partition: 1 not as expected"]


def test_two_reference_sources_of_one_item_are_named(market: Database) -> None:
    market.execute(
        "INSERT INTO price_latest SELECT item_id, 'other', time, stored_time, price FROM price_latest WHERE item_id = 1"
    )
    market.execute(
        "INSERT INTO price_history SELECT item_id, 'other', time, price FROM price_latest WHERE source = 'other'"
    )
    integrity.check(market, repair=True)
    market.execute(
        'INSERT INTO item_metrics (item_id, source, "window", reference, samples, coverage, as_of, computed_at)'
        " SELECT 1, source, '24h', true, 1, 1, now(), now() FROM price_latest WHERE item_id = 1"
    )
    assert integrity.verify(market) == ["item_metrics.reference: 1 not as expected"]
    assert integrity.check(market, repair=True).unrepaired == 0
    assert integrity.verify(market) == []


def test_a_refresh_repairs_what_verify_found(market: Database) -> None:
    market.execute("UPDATE price_1h SET high = high + 5")
    market.execute("DELETE FROM price_24h WHERE item_id = 1")
    assert integrity.verify(market)
    market.execute("CALL price_refresh(now() - interval '40 days', now())")
    assert integrity.verify(market) == []


@pytest.fixture
def command(market: Database, endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """`tracera db verify` with options."""
    monkeypatch.setenv("TRACERA_DATABASE_URL", market.url)
    monkeypatch.setenv("TRACERA_REDIS_URL", endpoints.redis_url)
    monkeypatch.setattr(cache_rebuild, "RECHECK_DELAY", 0.01)
    market.execute("UPDATE items SET reference_source = 'steam'")
    return lambda *options: CliRunner().invoke(main, ["db", "verify", *options])


def test_the_command_says_what_is_wrong_and_repairs_it(
    market: Database, redis_client: redis.Redis, command: Callable[..., Result]
) -> None:
    cache_rebuild.rebuild_latest(market, redis_client)
    sound = command()
    assert (sound.exit_code, sound.output.strip().splitlines()[-1]) == (0, "all checks passed")
    assert "compared: price_history 2,100 rows, price_1h 2,100 rows" in sound.output
    market.execute("UPDATE price_1h SET close = close + 1 WHERE item_id = 3")
    market.execute("DELETE FROM price_7d WHERE item_id = 1")
    faulty = command("--show", "3")
    assert faulty.exit_code == 1
    assert "price_1h: item 3 steam " in faulty.output
    assert "price_1h.close: 700 not as expected" in faulty.output
    assert " more\n" in faulty.output
    assert "differences" in faulty.output.splitlines()[-1]
    repaired = command("--repair")
    assert repaired.exit_code == 0, repaired.output
    assert "repaired: price_1h 700 rows" in repaired.output
    assert command().exit_code == 0
    assert market.rows("SELECT count(*) AS n FROM item_metrics WHERE \"window\" = '30d'") == [{"n": 3}], (
        "measures follow"
    )


def test_the_command_compares_price_latest_in_redis_too(
    market: Database, redis_client: redis.Redis, command: Callable[..., Result]
) -> None:
    cache_rebuild.rebuild_latest(market, redis_client)
    redis_client.delete("price:latest:1")
    redis_client.set("price:latest:2", "nonsense")
    redis_client.set("price:latest:99", orjson.dumps({"price": 1}))
    faulty = command()
    assert faulty.exit_code == 1
    assert "price:latest.key: 3 not as expected" in faulty.output
    assert "price:latest: item 1: key: kept no row, expected price 799, volume 2, source steam" in faulty.output
    assert command("--repair").exit_code == 0
    assert command().exit_code == 0
    assert redis_client.get("price:latest:99") is None


def test_a_refresh_erases_nothing_whose_quotes_are_deleted(market: Database) -> None:
    tables = ("price_1h", "price_24h", "price_7d")
    query = "SELECT item_id, bucket, open, high, low, close, volume, samples FROM {} ORDER BY 1, 2"
    before = [market.rows(query.format(name)) for name in tables]
    market.execute("DELETE FROM price_history WHERE time < now() - interval '10 days'")
    market.execute("UPDATE price_1h SET close = close + 1 WHERE bucket > now() - interval '5 days'")
    market.execute("CALL price_refresh(now() - interval '40 days', now())")
    assert [market.rows(query.format(name)) for name in tables] == before


@pytest.mark.timescale
def test_timescale_estimates_rows_once_they_are_analysed(market: Database) -> None:
    market.execute("ANALYZE")
    assert status.database_data(market)["quotes"] == 3 * 700


@pytest.mark.plain  # TimescaleDB's own estimate knows of no row before an ANALYZE
def test_rows_are_estimated_before_any_analyze_and_unknown_where_statistics_are_lost(market: Database) -> None:
    def rows() -> int | None:
        # In this order: statistics that come between the two are in the second.
        size = {row["name"]: row for row in integrity.sizes(market)}["price_history"]["rows"]
        seen: int | None = status.database_data(market)["quotes"]
        assert size in {seen, None}
        return seen

    wait_for(lambda: rows() == 3 * 700, 10, "the statistics do not come")
    market.execute("SELECT pg_stat_reset()")  # as after a crash
    assert rows() is None
    market.execute("ANALYZE")
    assert rows() == 3 * 700
    market.execute("TRUNCATE price_quotes")
    assert rows() == 0


def test_sizes_count_partitions_with_their_table(market: Database) -> None:
    market.execute("ANALYZE")
    sizes = {row["name"]: row for row in integrity.sizes(market)}
    assert sizes["price_history"]["rows"] == 3 * 700
    assert sizes["price_history"]["bytes"] > 0
    assert not [name for name in sizes if name.startswith("price_history_")]
