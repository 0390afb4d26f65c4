"""Every command as a person runs it: exit status, output, and one line where something is wrong."""

import csv
import io
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import orjson
import psycopg
import pyarrow.parquet as pq
import pytest
import redis
from click.testing import CliRunner

from app.cli import main
from app.live.publish import price_message
from db.core.price_log import publish_prices
from db.embedded.servers import Endpoints
from tests.commands.support import environment, fails, run
from tests.conftest import ROOT, free_port, wait_for

ITEM = "AK-47 | Redline (Field-Tested)"


@pytest.fixture(scope="module")
def served(endpoints: Endpoints) -> dict[str, str]:
    """Settings of an instance with one cycle of the simulated market and its measures."""
    with psycopg.connect(endpoints.database_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE commands")
    url = endpoints.database_url.replace("/tracera?", "/commands?")
    settings = {"TRACERA_DATABASE_URL": url, "TRACERA_REDIS_URL": endpoints.redis_url.replace("db=0", "db=9")}
    assert run(ROOT, "ingest", **settings).returncode == 0
    return settings


@pytest.mark.slow
def test_ingest_reports_what_each_provider_did(tmp_path: Path, served: dict[str, str]) -> None:
    done = run(tmp_path, "ingest", "--provider", "demo", **served)
    assert done.returncode == 0
    words = next(line.split() for line in done.stdout.splitlines() if line.strip().startswith("demo"))
    assert int(words[1]) == int(words[2]) + int(words[3])  # fetched = stored + unchanged


@pytest.mark.slow
def test_a_cycle_that_fails_altogether_is_a_failure(tmp_path: Path, served: dict[str, str]) -> None:
    broken = {"TRACERA_SKINPORT_URL": f"http://127.0.0.1:{free_port()}", "TRACERA_PROVIDER_TIMEOUT": "5"}
    done = run(tmp_path, "ingest", "--provider", "skinport", **(served | broken))
    assert done.returncode == 1
    assert "no provider answered" in done.stderr


@pytest.mark.slow
def test_metrics_counts_what_it_measured(tmp_path: Path, served: dict[str, str]) -> None:
    done = run(tmp_path, "metrics", **served)
    assert done.returncode == 0
    assert "24h" in done.stdout
    then = run(tmp_path, "metrics", "--as-of", "2024-12-13T00:00:00Z", **served)
    assert then.returncode == 0
    assert "2024-12-13T00:00:00" in then.stdout


@pytest.mark.slow
def test_export_gives_what_backfill_takes(tmp_path: Path, served: dict[str, str]) -> None:
    shown = run(tmp_path, "export", ITEM, "--window", "24h", **served)
    assert shown.returncode == 0
    rows = list(csv.DictReader(io.StringIO(shown.stdout)))
    assert rows
    assert {row["market_hash_name"] for row in rows} == {ITEM}
    file = tmp_path / "history.csv"
    written = run(tmp_path, "export", ITEM, "--window", "24h", "--output", str(file), **served)
    assert (written.returncode, f"{len(rows)} points" in written.stdout) == (0, True)
    taken = run(tmp_path, "backfill", str(file), "--source", "demo", **served)
    assert (taken.returncode, f"{len(rows)} known" in taken.stdout) == (0, True), taken.stdout + taken.stderr


@pytest.mark.slow
def test_export_as_json(tmp_path: Path, served: dict[str, str]) -> None:
    done = run(tmp_path, "export", "1", "--format", "json", "--window", "24h", **served)
    held = orjson.loads(done.stdout)
    assert held["item"]["id"] == 1
    assert isinstance(held["points"][0]["price"], int)
    assert held["points"][0]["time"].endswith("Z")


@pytest.mark.slow
@pytest.mark.parametrize("table", ["history", "measures"])
def test_export_of_all_as_parquet(tmp_path: Path, served: dict[str, str], table: str) -> None:
    assert run(tmp_path, "metrics", **served).returncode == 0
    file = tmp_path / "all.parquet"
    done = run(tmp_path, "export", "--all", "--table", table, "--format", "parquet", "--output", str(file), **served)
    held = pq.read_table(file)
    assert (done.returncode, f"{held.num_rows} " in done.stdout) == (0, True), done.stdout + done.stderr
    assert len(set(held["market_hash_name"].to_pylist())) > 400
    assert set(held["source"].to_pylist()) == {"demo"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["export", "--all", "--source", "nobody"], ["nobody"]),
        (["export", "nothing is called this"], ["nothing is called this"]),
        (["export", "AK-47"], ["may mean"]),
        (["export", "1", "--source", "nobody"], ["nobody", "demo"]),
        (["export", "1", "--output", "/nowhere/x.csv"], ["/nowhere/x.csv"]),
        (["watch", "nothing is called this"], ["nothing is called this"]),
        (["db", "backup", "/nowhere/x"], ["/nowhere/x"]),
        (["db", "restore", "--yes", str(ROOT / "README.md")], ["README.md", "not a backup"]),
        (["serve", "--host", "192.0.2.1"], ["192.0.2.1", "--host"]),
    ],
)
def test_a_failure_is_one_line(tmp_path: Path, served: dict[str, str], arguments: list[str], words: list[str]) -> None:
    fails(run(tmp_path, *arguments, **served), *words)


@pytest.mark.parametrize(
    "arguments",
    [
        ["nothing"],
        ["serve", "--port", "0"],
        ["serve", "--port", "http"],
        ["serve", "--workers", "0"],
        ["ingest", "--provider", "nobody"],
        ["backfill"],
        ["backfill", "--source", "steam"],
        ["backfill", "--source", "steam", "--symbol", "BTCUSDT"],
        ["backfill", "--source", "demo", "--all"],
        ["backfill", "--source", "binance"],
        ["backfill", "--source", "binance", "--symbol", "BTCUSDT", "--replace"],
        ["backfill", "--source", "binance", "--symbol", "BTCUSDT", "--interval", "3m"],
        ["backfill", "--source", "binance", "--symbol", "BTCUSDT", "--from", "soon"],
        ["backfill", "--source", "binance", "--all", str(ROOT / "README.md")],
        ["backfill", "/nowhere", "--source", "steam"],
        ["backfill", str(ROOT / "README.md")],
        ["metrics", "--as-of", "yesterday"],
        ["db", "nothing"],
        ["db", "backup"],
        ["db", "restore", "/nowhere"],
        ["export"],
        ["export", "1", "--window", "2h"],
        ["export", "1", "--format", "xml"],
        ["export", "1", "--all"],
        ["export", "--all", "--format", "json"],
        ["export", "1", "--table", "measures", "--format", "json"],
        ["export", "1", "--format", "parquet"],
        ["watch"],
        ["status", "now"],
    ],
)
def test_wrong_usage_is_status_2(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str]) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 2
    assert "Usage:" in done.stderr
    assert not (tmp_path / "var").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"TRACERA_PROVIDERS": "demo,nobody"}, ["TRACERA_PROVIDERS", "nobody", "steam"]),
        ({"TRACERA_PROVIDERS": "priceempire"}, ["TRACERA_PRICEEMPIRE_KEY"]),
        ({"TRACERA_THREADS": "many"}, ["TRACERA_THREADS"]),
        ({"TRACERA_LOG_LEVEL": "loud"}, ["TRACERA_LOG_LEVEL", "debug"]),
        ({"TRACERA_BASE_URL": "tracera.example"}, ["TRACERA_BASE_URL", "https://"]),
        ({"TRACERA_BASE_URL": "https://example.org/tracera"}, ["TRACERA_BASE_URL", "without a path"]),
        ({"TRACERA_DATABASE_URL": "mysql://x"}, ["TRACERA_DATABASE_URL", "postgresql://"]),
        ({"TRACERA_REDIS_URL": "localhost:6379"}, ["TRACERA_REDIS_URL", "redis://"]),
        ({"TRACERA_DATABASE_URL": "postgresql://127.0.0.1:9/x"}, ["database does not answer", "127.0.0.1"]),
        ({"TRACERA_DATA_DIR": str(ROOT / "README.md" / "data")}, ["TRACERA_DATA_DIR", "README.md"]),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(tmp_path: Path, settings: dict[str, str], words: list[str]) -> None:
    fails(run(tmp_path, "serve", "--port", str(free_port()), **settings), *words)


def test_config_shows_what_is_in_force_and_no_secret(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2" * 6, encoding="utf-8")
    settings = {
        "TRACERA_DATABASE_URL": "postgresql://me:sesame42@db/tracera",
        "TRACERA_SESSION_SECRET_FILE": str(secret),
        "TRACERA_THREDS": "3",
    }
    done = run(tmp_path, "config", **settings)
    assert done.returncode == 0, done.stderr
    assert "db/tracera" in done.stdout
    assert f"file {secret}" in done.stdout
    assert "nearest=TRACERA_THREADS" in done.stderr
    rows = orjson.loads(run(tmp_path, "config", "--json", **settings).stdout)
    assert {"variable": "TRACERA_PROVIDERS", "value": "demo", "origin": "default"} in rows
    assert "sesame42" not in done.stdout + str(rows)
    assert "hunter2" not in done.stdout + str(rows)


@pytest.mark.slow
def test_a_data_folder_that_may_not_be_written(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    (closed / "owner.lock").mkdir()  # root may write anywhere, but nobody may open a folder as a file
    fails(run(tmp_path, "db", "status", TRACERA_DATA_DIR=str(closed)), "TRACERA_DATA_DIR", str(closed))


@pytest.mark.slow
def test_the_database_commands(tmp_path: Path, served: dict[str, str]) -> None:
    for arguments, words in (
        (["upgrade"], "up to date"),
        (["status"], "price_history"),
        (["verify"], "all checks passed"),
    ):
        done = run(tmp_path, "db", *arguments, **served)
        assert (done.returncode, words in done.stdout) == (0, True), done.stdout + done.stderr


def quotes(url: str) -> list[tuple[object, ...]]:
    query = "SELECT item_id, source, time, price, volume FROM price_history ORDER BY 1, 2, 3"
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.slow
def test_backup_and_restore_round_trip(tmp_path: Path, served: dict[str, str]) -> None:
    url, file = served["TRACERA_DATABASE_URL"], tmp_path / "a backup"
    kept = quotes(url)
    assert run(tmp_path, "db", "backup", str(file), **served).returncode == 0
    with psycopg.connect(url) as connection:
        connection.execute("DELETE FROM price_history WHERE item_id < 100")
        connection.execute("CREATE TABLE later (one integer)")
    assert quotes(url) != kept
    asked = run(tmp_path, "db", "restore", str(file), typed="n\n", **served)
    assert asked.returncode == 1
    assert quotes(url) != kept
    done = run(tmp_path, "db", "restore", str(file), typed="y\n", **served)
    assert done.returncode == 0, done.stderr
    assert quotes(url) == kept
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT to_regclass('later')").fetchone() == (None,)
    assert run(tmp_path, "db", "verify", **served).returncode == 0
    again = run(tmp_path, "db", "restore", "--yes", str(file), **served)
    assert (again.returncode, quotes(url) == kept) == (0, True), again.stderr


@pytest.mark.slow
def test_half_a_backup_changes_nothing(tmp_path: Path, served: dict[str, str]) -> None:
    file = tmp_path / "whole"
    assert run(tmp_path, "db", "backup", str(file), **served).returncode == 0
    kept = quotes(served["TRACERA_DATABASE_URL"])
    half = tmp_path / "half"
    half.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    fails(run(tmp_path, "db", "restore", "--yes", str(half), **served))
    assert quotes(served["TRACERA_DATABASE_URL"]) == kept


@pytest.mark.slow
def test_verify_finds_what_does_not_agree(tmp_path: Path, served: dict[str, str]) -> None:
    url = served["TRACERA_DATABASE_URL"]
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE price_24h SET samples = samples + 1 WHERE item_id = 1")
    done = run(tmp_path, "db", "verify", **served)
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE price_24h SET samples = samples - 1 WHERE item_id = 1")
    assert done.returncode == 1
    assert "price_24h.samples: " in done.stdout


@pytest.mark.slow
def test_status_reports_every_part(tmp_path: Path, served: dict[str, str]) -> None:
    assert run(tmp_path, "ingest", **served).returncode == 0
    done = run(tmp_path, "status", **served)
    assert done.returncode == 0, done.stdout + done.stderr
    for part in ("database", "redis", "migrations", "ingestion", "provider demo"):
        assert part in done.stdout
    down = run(tmp_path, "status", **(served | {"TRACERA_REDIS_URL": "redis://127.0.0.1:9"}))
    assert down.returncode == 1
    assert "not ok" in down.stdout


@pytest.mark.slow
def test_watch_shows_prices_until_it_is_interrupted(tmp_path: Path, served: dict[str, str]) -> None:
    output = tmp_path / "output"
    with output.open("w") as file:
        command = [sys.executable, "-m", "app.cli", "watch", *map(str, range(1, 60))]
        process = subprocess.Popen(command, cwd=tmp_path, env=environment(served), stdout=file, stderr=file)
    try:
        deadline = time.monotonic() + 60
        while "USD" not in output.read_text():
            assert time.monotonic() < deadline, "no price was shown"
            assert run(tmp_path, "ingest", **served).returncode == 0
        with redis.Redis.from_url(served["TRACERA_REDIS_URL"]) as client:
            client.client_kill_filter(_type="pubsub")
            publish_prices(client, [price_message(1, 123_456_789, None, "demo", datetime.now(UTC))])
        wait_for(lambda: "1,234,567.89" in output.read_text(), 10, "what was said while it was cut off is missing")
        process.send_signal(signal.SIGINT)
        wait_for(lambda: process.poll() is not None, 10, "watch goes on")
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    assert "(demo)" in output.read_text()
