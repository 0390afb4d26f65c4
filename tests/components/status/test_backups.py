"""What the Status page and Prometheus tell of backups: the owner all of it, others nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dash import html
from flask import Flask

from app.commands.diagnosis.backups import judge
from app.runtime import Runtime
from app.settings import Settings
from app.web.factory import create_server
from components.status.backups import backup_cards, backup_problems
from components.status.data import StatusData
from db.core.pool import Database
from db.embedded.servers import Endpoints
from db.operations import backups
from db.operations.backups import Attempt, Backups

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@pytest.fixture
def server(database_url: str, endpoints: Endpoints, tmp_path: Path) -> Iterator[Flask]:
    settings = Settings(
        _env_file=None, database_url=database_url, redis_url=endpoints.redis_url, backup_dir=tmp_path, backup_hours=24
    )
    runtime = Runtime(settings)
    yield create_server(runtime)
    runtime.stop()


def add(database: Database, age: timedelta, *, size: int | None = None, error: str | None = None) -> None:
    with database.connection() as connection:
        backups.add(
            connection, Attempt(datetime.now(UTC) - age, "host", f"/backups/{age.days}"), size=size, error=error
        )


def words(parts: list[html.Section]) -> str:
    return " ".join(str(part) for part in parts)


def test_the_owner_sees_the_newest_good_one_and_why_the_last_failed(server: Flask, database: Database) -> None:
    with server.app_context():
        data = StatusData(datetime.now(UTC), owner=True, backups=backups.read(database))
        assert "none went well yet" in words(backup_cards(data))
        assert backup_problems(data) == []  # the first may be under way
        add(database, 3 * DAY, size=12_300_000)
        late = StatusData(datetime.now(UTC), owner=True, backups=backups.read(database))
        assert [problem.what for problem in backup_problems(late)] == ["No backup was made for a while"]
        add(database, DAY, error="No space left on device")
        data = StatusData(datetime.now(UTC), owner=True, backups=backups.read(database))
        (problem,) = backup_problems(data)
        assert (problem.what, problem.detail) == ("The newest backup failed", "No space left on device")
        shown = words(backup_cards(data))
        for part in ("3 d", "12.3 MB", "host:/backups/3", "1 d", "No space left on device"):
            assert part in shown.replace(r"\xa0", " "), shown
        data.owner = False
        assert (backup_cards(data), backup_problems(data)) == ([], [])


def test_prometheus_gets_the_age(server: Flask, database: Database) -> None:
    def figures() -> dict[str, float]:
        lines = server.test_client().get("/api/v1/metrics").text.splitlines()
        return {line.split()[0]: float(line.split()[1]) for line in lines if line.startswith("tracera_backup_")}

    assert figures() == {"tracera_backup_interval_seconds": 86_400, "tracera_backup_failed": 0}
    add(database, 2 * DAY, size=5_000)
    add(database, DAY, error="gone")
    found = figures()
    assert found["tracera_backup_failed"] == 1
    assert found["tracera_backup_bytes"] == 5_000
    assert found["tracera_backup_age_seconds"] == pytest.approx(2 * 86_400, abs=600)
    assert found["tracera_backup_duration_seconds"] > 0


def test_known_ones_are_forgotten_in_time(database: Database) -> None:
    add(database, 91 * DAY, size=1)
    add(database, 89 * DAY, size=2)
    assert backups.forget_old(database) == 1
    good = backups.read(database).good
    assert good
    assert good["bytes"] == 2


@pytest.mark.parametrize(
    ("good", "newest", "state", "part"),
    [
        (None, None, "warning", "TRACERA_BACKUP_DIR"),
        ({"begun_at": NOW - DAY, "error": None}, None, "ok", "24.0 h old"),
        ({"begun_at": NOW - 3 * DAY, "error": None}, None, "warning", "72.0 h old"),
        ({"begun_at": NOW - DAY, "error": None}, {"error": "no room"}, "warning", "no room; the newest good one is 24.0 h"),
    ],
)  # fmt: skip
def test_the_doctor_judges_the_newest(
    good: dict[str, object] | None, newest: dict[str, object] | None, state: str, part: str
) -> None:
    finding = judge(Backups(good, newest or good), NOW, DAY)
    assert finding.state == state
    assert part in f"{finding.seen} {finding.remedy}"
