from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from click.testing import CliRunner

from app.cli import main
from db.core import migrate
from db.core.pool import Database, DatabaseDownError
from db.embedded.servers import Endpoints

SCHEMA = """
SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2
"""


@pytest.fixture
def empty_url(database_url: str) -> str:
    """A database without any table."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS public, tasks CASCADE")
        connection.execute("CREATE SCHEMA public")
    return database_url


def schema(url: str) -> list[tuple[str, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(SCHEMA).fetchall()


def test_an_empty_database_gets_everything_in_order_and_a_second_time_nothing(empty_url: str) -> None:
    assert migrate.upgrade(empty_url) == list(migrate.names())
    once = schema(empty_url)
    assert {"items", "price_history", "price_latest", "price_1h", "item_metrics"} <= {name for name, *_ in once}
    assert migrate.upgrade(empty_url) == []
    assert schema(empty_url) == once


def test_every_number_stands_once() -> None:
    numbers = [int(name[:4]) for name in migrate.names()]
    assert numbers == sorted(set(numbers))


def test_what_is_missing_is_named_until_it_is_applied(empty_url: str) -> None:
    assert migrate.upgrade(empty_url)
    database = Database(empty_url, size=1)
    assert migrate.missing(database) == []
    last = migrate.names()[-1]
    database.execute("DELETE FROM _yoyo_migration WHERE migration_id = %s", [last])
    assert migrate.missing(database) == [last]
    database.close()


def test_several_processes_may_ask_at_once(empty_url: str) -> None:
    with ThreadPoolExecutor(3) as threads:
        applied = list(threads.map(migrate.upgrade, [empty_url] * 3))
    assert sorted(applied, key=len) == [[], [], list(migrate.names())]


def test_rows_outlive_another_upgrade(database: Database) -> None:
    database.execute(
        "INSERT INTO items (market, market_hash_name, match_key, slug) VALUES ('steam:730', 'A', 'a', 'a')"
    )
    assert migrate.upgrade(database.url) == []
    assert len(database.rows("SELECT 1 FROM items")) == 1


def test_without_a_database_missing_says_so() -> None:
    nowhere = Database("postgresql://nobody@/nothing?host=/nonexistent", size=1, wait=0.2)
    with pytest.raises(DatabaseDownError):
        migrate.missing(nowhere)
    nowhere.close()


def test_upgrade_and_status_by_hand(empty_url: str, endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACERA_DATABASE_URL", empty_url)
    monkeypatch.setenv("TRACERA_REDIS_URL", endpoints.redis_url)
    for _ in range(2):
        upgraded = CliRunner().invoke(main, ["db", "upgrade"])
        assert upgraded.exit_code == 0, upgraded.output
        assert "schema is up to date" in upgraded.output
    status = CliRunner().invoke(main, ["db", "status"])
    assert status.exit_code == 0, status.output
    assert "missing: none" in " ".join(status.output.split())
    assert "price_history" in status.output
