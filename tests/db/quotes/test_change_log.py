"""Change log: notes do not pile up where nothing measures, and what they stood for is not lost."""

from datetime import UTC, datetime
from threading import Thread

import numpy as np
import pytest

from db.core.pool import Database
from db.quotes import change_log

NOW = datetime(2024, 5, 8, tzinfo=UTC)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_log, "MOST", 5)


def note(database: Database, item: int) -> None:
    with database.connection() as connection, connection.transaction():
        change_log.note(connection, np.array([item]), NOW)


def noted(database: Database) -> list[list[int] | None]:
    return [row["items"] for row in database.rows("SELECT items FROM quote_changes ORDER BY xid")]


def test_up_to_the_bound_items_are_told(database: Database) -> None:
    before = change_log.since(database, None).snapshot
    for item in range(1, 6):
        note(database, item)
    assert change_log.since(database, before).newest == dict.fromkeys(range(1, 6), NOW)


def test_beyond_it_any_item_may_have_changed(database: Database) -> None:
    before = change_log.since(database, None).snapshot
    for item in range(1, 30):
        note(database, item)
        assert len(noted(database)) <= 5
    assert None in noted(database)
    assert change_log.since(database, before).newest is None
    seen = change_log.since(database, None).snapshot
    change_log.forget(database, seen)
    note(database, 7)
    assert change_log.since(database, seen).newest == {7: NOW}


def test_notes_that_a_transaction_takes_back_stay(database: Database) -> None:
    for item in range(1, 6):
        note(database, item)
    with database.connection() as connection, connection.transaction(force_rollback=True):
        change_log.note(connection, np.array([9]), NOW)
        assert connection.execute("SELECT count(*) FROM quote_changes").fetchone() == (1,)
    assert noted(database) == [[item] for item in range(1, 6)]


def test_writers_do_not_wait_for_each_other(database: Database) -> None:
    for item in range(1, 6):
        note(database, item)
    with database.connection() as connection, connection.transaction():
        change_log.note(connection, np.array([8]), NOW)
        other = Thread(target=note, args=[database, 9], daemon=True)
        other.start()
        other.join(60)
        assert not other.is_alive()
    assert noted(database) == [None, None]
