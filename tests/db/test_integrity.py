"""`tracera db verify` is silent about sound data and finds every fault planted in it."""

from datetime import UTC, datetime, timedelta
from typing import LiteralString

import numpy as np
import pytest
from click.testing import CliRunner

from app.cli import main
from db import integrity, quotes, status
from db.embedded import Endpoints
from db.pool import Database
from tests.conftest import wait_for

PLANTED: list[tuple[LiteralString, list[str] | None]] = [
    ("DELETE FROM price_latest WHERE item_id = 2", ["1 items and sources with quotes but no latest price"]),
    (
        "UPDATE price_latest SET time = time - interval '1 hour' WHERE item_id = 2",
        ["1 latest prices older than the newest quote", "1 latest prices that differ from the quote of their time"],
    ),
    ("UPDATE price_latest SET price = price + 1", ["3 latest prices that differ from the quote of their time"]),
    (
        "DELETE FROM price_1h WHERE item_id = 1 AND bucket = (SELECT max(bucket) FROM price_1h WHERE item_id = 1)",
        ["1 quotes of the last 30 days missing from price_1h", "1 days that differ from their hours"],
    ),
    (
        "UPDATE price_1h SET close = close + 1 WHERE item_id = 3",
        ["700 hours of the last 30 days whose prices differ from their quotes"],
    ),
    (
        "UPDATE price_24h SET samples = samples + 1 WHERE item_id = 1",
        ["{days} days that differ from their hours", "{weeks} weeks that differ from their days"],
    ),
    ("UPDATE price_24h SET low = low - 1 WHERE item_id = 1 AND bucket = (SELECT max(bucket) FROM price_24h)", None),
    ("DELETE FROM price_7d WHERE item_id = 2", ["{weeks} weeks that differ from their days"]),
    ("UPDATE price_7d SET high = high + 1 WHERE item_id = 1", ["{weeks} weeks that differ from their days"]),
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
    given = quotes.QuoteColumns.of(
        np.repeat([1, 2, 3], hours), np.tile(time, 3), np.arange(3 * hours) + 100, volume=2, rolling=0
    )
    with database.connection() as connection:
        quotes.make_partitions(connection, given)
        with connection.transaction():
            quotes.lock_source(connection, "steam")
            quotes.store(connection, "steam", given, heartbeat=timedelta(0))
    return database


def counted(database: Database, expected: str) -> str:
    row = database.row(
        "SELECT (SELECT count(*) FROM price_24h WHERE item_id = 1) AS days,"
        " (SELECT count(*) FROM price_7d WHERE item_id = 1 OR NOT EXISTS (SELECT 1 FROM price_7d WHERE item_id = 1)) AS weeks"
    )
    assert row
    return expected.format(**row)


def test_sound_data_has_no_findings(market: Database) -> None:
    assert integrity.verify(market) == []


@pytest.mark.parametrize(("fault", "findings"), PLANTED, ids=[fault for fault, _ in PLANTED])
def test_a_planted_fault_is_found(market: Database, fault: LiteralString, findings: list[str] | None) -> None:
    expected = [counted(market, finding) for finding in findings or []]
    market.execute(fault)
    found = integrity.verify(market)
    assert found
    if findings is not None:
        assert found == expected


def test_quotes_of_items_that_do_not_exist(market: Database) -> None:
    market.execute("ALTER TABLE price_latest DROP CONSTRAINT price_latest_item_id_fkey")
    market.execute("DELETE FROM items WHERE id = 2")
    assert integrity.verify(market) == ["1 quotes of items that do not exist"]


def test_a_refresh_repairs_what_verify_found(market: Database) -> None:
    market.execute("UPDATE price_1h SET high = high + 5")
    market.execute("DELETE FROM price_24h WHERE item_id = 1")
    assert integrity.verify(market)
    market.execute("CALL price_refresh(now() - interval '40 days', now())")
    assert integrity.verify(market) == []


def test_the_command_says_what_is_wrong_and_fails(
    market: Database, endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACERA_DATABASE_URL", market.url)
    monkeypatch.setenv("TRACERA_REDIS_URL", endpoints.redis_url)
    sound = CliRunner().invoke(main, ["db", "verify"])
    assert (sound.exit_code, sound.output.strip().splitlines()[-1]) == (0, "all checks passed")
    market.execute("DELETE FROM price_7d")
    faulty = CliRunner().invoke(main, ["db", "verify"])
    assert faulty.exit_code == 1
    assert "weeks that differ from their days" in faulty.output
    assert "1 checks failed" in faulty.output


def test_rows_are_estimated_before_any_analyze_and_unknown_where_statistics_are_lost(market: Database) -> None:
    def rows() -> int | None:
        seen: int | None = status.database_facts(market)["quotes"]
        assert {row["name"]: row for row in integrity.sizes(market)}["price_history"]["rows"] == seen
        return seen

    wait_for(lambda: rows() == 3 * 700, 10, "the statistics do not come")
    market.execute("SELECT pg_stat_reset()")  # as after a crash
    assert rows() is None
    market.execute("ANALYZE")
    assert rows() == 3 * 700
    market.execute("TRUNCATE price_history")
    assert rows() == 0


def test_sizes_count_partitions_with_their_table(market: Database) -> None:
    market.execute("ANALYZE")
    sizes = {row["name"]: row for row in integrity.sizes(market)}
    assert sizes["price_history"]["rows"] == 3 * 700
    assert sizes["price_history"]["bytes"] > 0
    assert not [name for name in sizes if name.startswith("price_history_")]
