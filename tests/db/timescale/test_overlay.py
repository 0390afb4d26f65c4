"""The history in TimescaleDB answers as plain tables do, and a plain one moves there with every row."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from db.core import migrate
from db.core.pool import Database
from db.operations import backup, integrity, status
from db.quotes import corrections, raw
from db.quotes.columns import QuoteColumns
from db.timescale import columnstore, move, overlay
from tests.db.quotes.reference import Tick
from tests.db.quotes.test_months import BORDER, NEVER, START, content, drawn, exact, put, quoted
from tests.db.quotes.test_rollup_reference import ITEMS, as_ticks

pytestmark = pytest.mark.timescale
NOW = datetime.now(UTC)
BATCH = [quoted(7 * at + item, 100 + at * item % 37, item=item) for item in (1, 2, 3) for at in range(300)]
RECENT = [
    Tick(item, NOW - timedelta(hours=5 * at + item), 200 + at % 11, 2, rolling=item == 2)
    for item in (1, 2)
    for at in range(200)
]


@pytest.fixture
def plain(database_url: str) -> Iterator[Database]:
    """A database of the same server with the plain schema alone, and a history of packed months, rows and candles."""
    name = f"plain_{uuid4().hex[:12]}"
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    url = f"{database_url.rsplit('/', 1)[0]}/{name}?{database_url.split('?', 1)[1]}"
    migrate.upgrade(url)
    held = Database(url, size=4)
    held.execute(ITEMS)
    put(held, "steam", BATCH, BORDER)
    put(held, "steam", RECENT, BORDER)
    held.execute("CALL candle_partitions(now() - interval '40 days', now())")
    held.execute(
        "INSERT INTO candles_1m SELECT 1, 'demo', t, 5, 6, 4, 5, 1, 2"
        " FROM generate_series(date_trunc('day', now()) - interval '20 days', now(), '1 hour') t"
    )
    yield held
    held.close()
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def minutes(database: Database) -> list[object]:
    return list(database.rows("SELECT * FROM candles_1m ORDER BY open_time"))


def test_a_new_database_is_kept_by_timescale_and_has_every_name(database: Database) -> None:
    assert status.database_data(database)["timescale"] is True
    assert {kept.relation for kept in columnstore.state(database)} == {
        "price_quotes", "price_archive", "price_hours", "price_days", "candles_1m", "candles_5m", "candles_15m", "candles_1h",
    }  # fmt: skip
    overlay.upgrade(database.url)
    assert integrity.verify(database) == []


def test_a_plain_history_with_rows_stays_plain_until_it_is_moved(plain: Database) -> None:
    assert overlay.upgrade(plain.url) == []
    assert status.database_data(plain)["timescale"] is False
    assert columnstore.state(plain) == []
    assert columnstore.compress(plain, NOW) == 0


def test_a_history_moves_with_every_row_and_answers_the_same(plain: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    before, asked, candles = content(plain, "steam"), drawn(plain, "steam"), minutes(plain)
    monkeypatch.setattr(move, "ROWS_AT_ONCE", 100)
    told: list[move.Progress] = []
    assert move.move(plain.url, told.append) > len(BATCH) + len(RECENT) + len(candles)
    assert all(at.done <= at.total for at in told)
    assert {at.relation: at.total for at in told if at.done == at.total}["price_months"] == len(BATCH)
    for _ in range(2):
        assert exact(content(plain, "steam")) == before
        assert drawn(plain, "steam") == asked
        assert minutes(plain) == candles
        assert integrity.verify(plain) == []
        columnstore.compress(plain, NOW)
    assert {kept.relation: kept.columns for kept in columnstore.state(plain)}["price_archive"] == 1
    assert columnstore.compress(plain, NOW) == 0
    assert move.move(plain.url) == 0


def test_what_is_written_while_it_moves_is_moved_too_and_it_goes_on_where_it_stopped(
    plain: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(move, "ROWS_AT_ONCE", 100)

    def write(at: move.Progress) -> None:
        """A late quote of a packed month that is moved already, a new one, and a correction."""
        if at.relation == "price_quotes":
            late = [quoted(7 * 4 + 2, 77), Tick(1, NOW, 300, 1, rolling=False)]
            put(plain, "steam", late, BORDER)
            ticks = as_ticks([BATCH[0]])
            quotes = QuoteColumns.of(
                ticks.item_id, ticks.time, ticks.price + 5, volume=ticks.volume, rolling=ticks.rolling
            )
            with plain.connection() as connection, connection.transaction():
                corrections.replace_quotes(connection, "steam", quotes, heartbeat=timedelta(0))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        move.move(plain.url, write)
    assert status.database_data(plain)["timescale"] is False
    before = content(plain, "steam")
    assert len(before["price_history"]) == len(BATCH) + len(RECENT) + 2
    told: list[move.Progress] = []
    move.move(plain.url, told.append)
    assert "price_months" not in {at.relation for at in told}, "they were moved before"
    assert exact(content(plain, "steam")) == before
    assert integrity.verify(plain) == []


def test_a_missing_row_refuses_the_end(plain: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(move, "TABLES", move.TABLES[1:])
    with pytest.raises(move.MoveError, match=f"{len(BATCH)} packed quotes are not moved yet"):
        move.move(plain.url)
    assert status.database_data(plain)["timescale"] is False
    assert integrity.verify(plain) == []


def test_columns_take_late_quotes_corrections_and_retention(database: Database) -> None:
    database.execute(ITEMS)
    for source, border in (("packed", BORDER), ("rows", NEVER)):
        put(database, source, BATCH, border)
        put(database, source, RECENT, border)
    assert columnstore.compress(database, NOW + timedelta(days=60)) > 4
    late = [quoted(7 * at + 0.1, 50 + at) for at in range(0, 300, 9)]
    for source, border in (("packed", BORDER), ("rows", NEVER)):
        assert put(database, source, late, border).inserted == len(late)
    assert exact(content(database, "packed")) == content(database, "rows")
    assert integrity.verify(database) == []
    raw.pack(database, NOW)
    columnstore.compress(database, NOW)
    assert exact(content(database, "packed")) == content(database, "rows")
    before = content(database, "packed")["price_24h"]
    deleted = raw.delete_raw(database, "packed", START + timedelta(days=60), sparing=[])
    assert deleted > 0
    assert exact({"price_24h": content(database, "packed")["price_24h"]})["price_24h"] == before
    assert integrity.verify(database) == []


def test_a_backup_comes_back_all_of_it(plain: Database, tmp_path: Path) -> None:
    move.move(plain.url)
    before = content(plain, "steam")
    backup.backup(plain.url, tmp_path / "all")
    plain.execute("DELETE FROM price_months")
    backup.restore(plain.url, tmp_path / "all")
    assert exact(content(plain, "steam")) == before
    assert put(plain, "steam", [quoted(3.5, 70)], BORDER).inserted == 1
    assert integrity.verify(plain) == []
    assert columnstore.compress(plain, NOW) > 0
