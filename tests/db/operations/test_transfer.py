"""Everything goes into another database, into plain tables there: the way back from TimescaleDB, and to another server."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest

from db.core import migrate
from db.core.pool import Database, DatabaseDownError
from db.operations import integrity, status, transfer
from db.operations.transfer import Copied, TransferError
from db.quotes import raw
from db.timescale import columnstore
from tests.db.quotes.reference import Tick
from tests.db.quotes.test_months import BORDER, content, drawn, exact, put, quoted
from tests.db.quotes.test_rollup_reference import ITEMS

NOW = datetime.now(UTC)
BATCH = [quoted(7 * at + item, 100 + at * item % 37, item=item) for item in (1, 2, 3) for at in range(300)]
RECENT = [
    Tick(item, NOW - timedelta(hours=5 * at + item), 200 + at % 11, 2, rolling=item == 2)
    for item in (1, 2)
    for at in range(200)
]
ROWS = ("items", "users", "user_watchlist", "portfolios", "portfolio_transactions", "portfolio_past_state", "candles_1m", "candles_1h",
        "provider_state", "item_metrics", "price_latest")  # fmt: skip


@pytest.fixture
def filled(database: Database) -> Database:
    """Packed months, rows, candles, and somebody's account with all that hangs on it; in columns where the server has them."""
    database.execute(ITEMS)
    put(database, "steam", BATCH, BORDER)
    put(database, "steam", RECENT, BORDER)
    database.execute("CALL candle_partitions(now() - interval '40 days', now())")
    for table in ("candles_1m", "candles_1h"):
        database.execute(
            f"INSERT INTO {table} SELECT 1, 'demo', t, 5, 6, 4, 5, 1, 2"  # noqa: S608
            " FROM generate_series(date_trunc('day', now()) - interval '20 days', now(), '1 hour') t"
        )
    database.execute(PEOPLE)
    raw.pack(database, NOW)
    columnstore.compress(database, NOW + timedelta(days=30))
    return database


@pytest.fixture
def empty(database_url: str) -> Iterator[str]:
    """The address of another database of the same server, without anything."""
    name = f"other_{uuid4().hex[:12]}"
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield f"{database_url.rsplit('/', 1)[0]}/{name}?{database_url.split('?', 1)[1]}"
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def rows(database: Database, table: str) -> list[dict[str, object]]:
    return list(database.rows(f"SELECT * FROM {table} t ORDER BY t::text"))  # noqa: S608


def test_everything_is_there_and_answers_the_same(filled: Database, empty: str) -> None:
    told: list[Copied] = []
    assert transfer.transfer(filled.url, empty, told.append) == sum(one.rows for one in told)
    assert {one.relation for one in told} >= set(ROWS)
    other = Database(empty, size=2)
    try:
        assert status.database_data(other)["timescale"] is False
        assert exact(content(other, "steam")) == content(filled, "steam")
        assert drawn(other, "steam") == drawn(filled, "steam")
        for table in ROWS:
            assert rows(other, table) == rows(filled, table), table
        assert integrity.verify(other) == []
        # It goes on from here: identities, partitions and triggers are as they were.
        assert put(other, "steam", [quoted(3.5, 70), Tick(1, NOW, 300, 1, rolling=False)], BORDER).inserted == 2
        added = other.row("INSERT INTO users (name, session_key) VALUES ('Bob', 'b') RETURNING id")
        first = filled.row("SELECT max(id) AS id FROM users")
        assert added
        assert first
        assert added["id"] == first["id"] + 1
        other.execute("UPDATE portfolio_transactions SET quantity = 3")
        assert other.rows("SELECT FROM portfolio_past_state WHERE stale_from IS NOT NULL")
        assert integrity.verify(other) == []
    finally:
        other.close()


def test_a_database_that_holds_something_is_left_alone(filled: Database, empty: str) -> None:
    transfer.transfer(filled.url, empty)
    with pytest.raises(TransferError, match="has to be empty"):
        transfer.transfer(filled.url, empty)
    with pytest.raises(TransferError, match="has to be empty"):
        transfer.transfer(filled.url, filled.url)
    assert len(rows(filled, "users")) == 1


def test_what_breaks_off_leaves_nothing_and_can_be_begun_again(filled: Database, empty: str) -> None:
    def stop(at: Copied) -> None:
        if at.relation == "price_quotes":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        transfer.transfer(filled.url, empty, stop)
    other = Database(empty, size=2)
    try:
        assert rows(other, "items") == []
        assert transfer.transfer(filled.url, empty) > 0
        assert exact(content(other, "steam")) == content(filled, "steam")
    finally:
        other.close()


def test_one_that_cannot_be_reached_is_named(database: Database) -> None:
    with pytest.raises(DatabaseDownError):
        transfer.transfer(database.url, "postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=2")
    assert migrate.missing(database) == []


PEOPLE = """
WITH ann AS (INSERT INTO users (name, session_key) VALUES ('Ann', 'a') RETURNING id),
     main AS (INSERT INTO portfolios (user_id, name) SELECT id, 'Main' FROM ann RETURNING id),
     state AS (INSERT INTO portfolio_past_state (portfolio_id) SELECT id FROM main),
     list AS (INSERT INTO watchlists (user_id, name) SELECT id, 'Watchlist' FROM ann RETURNING id, user_id),
     seen AS (INSERT INTO user_watchlist (user_id, watchlist_id, item_id) SELECT user_id, id, 1 FROM list),
     heard AS (INSERT INTO provider_state (name, cursor) VALUES ('steam', '{"start": 7}'))
INSERT INTO portfolio_transactions (portfolio_id, time, kind, market_hash_name, item_id, quantity, price, currency)
SELECT id, now(), 'buy', 'A', 1, 2, 500, 'USD' FROM main
"""
