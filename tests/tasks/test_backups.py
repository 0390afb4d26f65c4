"""Scheduled backups: put in once a slot, written while prices arrive, pruned, restored elsewhere; a failed one says why."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import LiteralString

import numpy as np
import psycopg
import pytest
import redis
from structlog.testing import capture_logs

from app.tasks import kinds
from app.tasks.kinds import BACKUP
from app.tasks.worker import TaskWorker, WorkerOptions
from db.core.pool import Database
from db.embedded.servers import Endpoints
from db.operations import backup, backups, integrity
from db.quotes import writer
from db.tasks import details
from jobs import backups as jobs_backups
from jobs.backups import BackupPlan
from tests.conftest import made_database, wait_for
from tests.tasks.conftest import Work, ends, state

DAY = timedelta(days=1)
NOW = datetime(2026, 5, 4, 13, 20, tzinfo=UTC)
COUNTS: LiteralString = (
    "SELECT (SELECT count(*) FROM items) AS items, (SELECT count(*) FROM price_latest) AS newest,"
    " (SELECT count(*) FROM price_history) AS quotes"
)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another try comes at once."""
    monkeypatch.setitem(kinds.KINDS, BACKUP.name, replace(BACKUP, most=2, pause=0.05))


def plan(folder: Path, keep: int = 2, every: timedelta = DAY, at: time = time(3)) -> BackupPlan:
    return BackupPlan(folder, every, at, keep)


def put_in(database: Database, made: BackupPlan, now: datetime = NOW) -> int:
    task_id = jobs_backups.put_in(database, made, now)
    assert task_id is not None
    return task_id


@pytest.mark.parametrize(
    ("now", "every", "at", "due"),
    [
        (NOW, DAY, time(3), datetime(2026, 5, 4, 3, tzinfo=UTC)),
        (NOW.replace(hour=2), DAY, time(3), datetime(2026, 5, 3, 3, tzinfo=UTC)),
        (NOW.replace(hour=3, minute=0), DAY, time(3), datetime(2026, 5, 4, 3, tzinfo=UTC)),
        (NOW, DAY / 4, time(3, 30), datetime(2026, 5, 4, 9, 30, tzinfo=UTC)),
        (NOW, DAY / 96, time(0), datetime(2026, 5, 4, 13, 15, tzinfo=UTC)),
    ],
)
def test_what_is_due_is_counted_from_the_time_of_day(now: datetime, every: timedelta, at: time, due: datetime) -> None:
    assert plan(Path(), every=every, at=at).slot(now) == int(due.timestamp())


def test_two_clocks_put_in_one_backup_a_day(database: Database, tmp_path: Path) -> None:
    made = plan(tmp_path)
    first = put_in(database, made)
    assert jobs_backups.put_in(database, made, NOW + timedelta(minutes=1)) is None
    assert jobs_backups.put_in(database, made, NOW + DAY) is None  # the last one still waits
    database.execute("UPDATE tasks.procrastinate_jobs SET status = 'succeeded' WHERE id = %s", [first])
    assert jobs_backups.put_in(database, made, NOW + timedelta(hours=2)) is None
    assert put_in(database, made, NOW + DAY) > first


def test_old_ones_go_once_a_new_one_is_whole(database: Database, database_url: str, work: Work, tmp_path: Path) -> None:
    folder = tmp_path / "made" / "here"
    work(backup=partial(jobs_backups.run, database_url, plan(folder)))
    folder.mkdir(parents=True)
    kept = [f"tracera-2026010{day}T030000Z.dump" for day in range(1, 5)]
    others = ["notes.txt", "tracera-old.dump", "tracera-20260101T030000Z.dump.txt"]
    left_behind = ".tracera-20260105T030000Z.dump.0a1b2c3d.partial"
    for name in (*kept, *others, left_behind):
        (folder / name).write_text("x")
    task_id = put_in(database, plan(folder))
    assert ends(database, task_id) == "done"
    wait_for(lambda: not (folder / kept[2]).exists(), 10, "old files stay")
    found = backups.read(database)
    assert found.good
    assert found.good == found.newest
    file = Path(found.good["path"])
    assert {path.name for path in folder.iterdir()} == {kept[3], file.name, *others}
    assert (file.stat().st_size, file.stat().st_mode & 0o777) == (found.good["bytes"], 0o600)
    assert not found.overdue(datetime.now(UTC), DAY)
    assert found.overdue(datetime.now(UTC) + 2 * DAY, DAY)


def test_a_failed_one_says_why_is_tried_again_and_deletes_nothing(
    database: Database, database_url: str, work: Work, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for day in range(1, 5):
        (folder / f"tracera-2026010{day}T030000Z.dump").write_text("x")
    gone = psycopg.conninfo.make_conninfo(database_url, dbname="no_such_database")
    with capture_logs() as heard:
        work(backup=partial(jobs_backups.run, gone, plan(folder)))
        task_id = put_in(database, plan(folder))
        assert ends(database, task_id) == "failed"
    assert [line["event"] for line in heard if line["log_level"] == "error"] == ["task failed for good"]
    letter = details.letter(database, task_id)
    assert letter
    assert "no_such_database" in letter["error"]["message"]
    rows = database.rows("SELECT bytes, error FROM backups")
    assert [row["bytes"] for row in rows] == [None, None]
    found = backups.read(database)
    assert (found.good, "no_such_database" in str(found.error)) == (None, True)
    assert len(list(folder.iterdir())) == 4


def test_a_process_that_ends_stops_it_and_hands_it_back(
    database: Database, database_url: str, work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "CHECK_EVERY", 0.02)
    with psycopg.connect(database_url) as lock:
        lock.execute("LOCK TABLE items IN ACCESS EXCLUSIVE MODE")
        worker = work(backup=partial(jobs_backups.run, database_url, plan(tmp_path)))
        task_id = put_in(database, plan(tmp_path))
        wait_for(lambda: list(tmp_path.glob("*.partial")) or list(tmp_path.glob(".*.partial")), 20, "it does not begin")
        worker.stop()
        wait_for(lambda: not list(tmp_path.iterdir()), 10, "something is left over")
        assert state(database, task_id) == "waiting"
    assert backups.read(database).newest is None
    work(backup=partial(jobs_backups.run, database_url, plan(tmp_path)))
    assert ends(database, task_id) == "done"


@contextmanager
def prices_arriving(database: Database) -> Iterator[None]:
    """Prices of fifty items, a second apart, as fast as they can be stored."""
    for item in range(1, 51):
        database.execute(
            "INSERT INTO items (id, market, market_hash_name, match_key, slug) VALUES (%(n)s, 'steam:730', %(t)s, %(t)s, %(t)s)",
            {"n": item, "t": str(item)},
        )
    stop, begun = threading.Event(), threading.Event()

    def arrive() -> None:
        moment, price = int(datetime.now(UTC).timestamp()) - 7_200, 100
        while not stop.is_set():
            moment, price = moment + 1, price + 1
            times = np.full(50, moment * 1_000_000)
            quotes = writer.QuoteColumns.of(np.arange(1, 51), times, np.full(50, price), volume=3, rolling=0)
            with database.connection() as connection:
                writer.make_partitions(connection, quotes)
                with connection.transaction():
                    writer.lock_source(connection, "steam")
                    writer.store(connection, "steam", quotes, heartbeat=timedelta(0))
            begun.set()

    thread = threading.Thread(target=arrive)
    thread.start()
    try:
        assert begun.wait(20)
        yield
    finally:
        stop.set()
        thread.join()


def test_one_made_while_prices_arrive_is_restored_elsewhere(
    database: Database, database_url: str, redis_client: redis.Redis, work: Work, tmp_path: Path,
    endpoints: Endpoints, template: str,
) -> None:  # fmt: skip
    worker = work(backup=partial(jobs_backups.run, database_url, plan(tmp_path)))
    with prices_arriving(database):
        task_id = put_in(database, plan(tmp_path))
        assert ends(database, task_id) == "done"
    worker.stop()
    good = backups.read(database).good
    assert good
    file = Path(good["path"])
    content = file.read_bytes()
    with made_database(endpoints, template) as other_url:
        backup.restore(other_url, file)
        other = Database(other_url, size=4)
        there = other.row(COUNTS)
        assert there
        assert (there["items"], there["newest"]) == (50, 50)
        assert there["quotes"] >= 50
        report = integrity.check(other)
        assert (report.differences, report.unrepaired) == (0, 0), report.tally.named()
        # The backup's own task runs in it as when it was made: it is made again there, into another file.
        options = WorkerOptions(other_url, "restored:1", 1, silent=1.0)
        second = {BACKUP.name: partial(jobs_backups.run, other_url, plan(tmp_path))}
        restored = TaskWorker(other, redis_client, second, options)
        restored.start()
        try:
            assert ends(other, task_id) == "done"
        finally:
            restored.stop()
            other.close()
        assert file.read_bytes() == content
        assert len(list(tmp_path.glob("tracera-*.dump"))) == 2
