import gzip
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
import redis
from click.testing import CliRunner

from app.cli import main
from db.core.pool import Database
from db.embedded.servers import Endpoints
from db.operations import integrity
from db.quotes import writer
from jobs.backfill import blocks, run
from jobs.backfill.points import Rejected
from jobs.backfill.run import Progress, backfill
from tests.conftest import DATA, ROOT

HEADER = "market_hash_name,date,price,volume\n"
TABLES = ("price_history", "price_latest", "price_1h", "price_24h", "price_7d")
DAYS = [f"2024-0{month}-{day:02} 01:00:00" for month in (1, 2, 3) for day in range(1, 29)]


def lines(name: str, first: int = 100) -> str:
    return "".join(f"{name},{day},{first + at}.005,{at}\n" for at, day in enumerate(DAYS))


@pytest.fixture
def history(tmp_path: Path) -> Path:
    path = tmp_path / "history.csv"
    path.write_text(HEADER + "".join(lines(f"AK-47 | Item {at} (Field-Tested)", 100 * at + 1) for at in range(20)))
    return path


def content(database: Database) -> dict[str, list[dict[str, Any]]]:
    """All tables, with names for ids: those depend on the order in which items were first seen."""
    query = "SELECT i.market_hash_name, t.* FROM {} t JOIN items i ON i.id = t.item_id ORDER BY 1, 3, 4"
    found = {name: database.rows(query.format(name)) for name in TABLES}
    for rows in found.values():
        for row in rows:
            del row["item_id"]
            row |= {name: round(row[name], 6) for name in ("average", "stddev") if name in row}
    found["items"] = database.rows("SELECT market_hash_name, weapon, wear, reference_source FROM items ORDER BY 1")
    return found


def refreshed(database: Database) -> dict[str, list[dict[str, Any]]]:
    database.execute("CALL price_refresh('2010-01-01', '2030-01-01')")
    return content(database)


def test_a_file_comes_in_and_again_changes_nothing(database: Database, history: Path) -> None:
    first = backfill(database, [history], "steam")
    assert (first.points, first.new, first.known, first.items, first.new_items) == (1680, 1680, 0, 20, 20)
    assert (first.rejected, first.failed) == ([], [])
    assert first.points_per_second > 0
    assert first.peak_memory > 10_000_000
    before = content(database)
    again = backfill(database, [history], "steam")
    assert (again.points, again.new, again.known, again.items, again.new_items) == (1680, 0, 1680, 20, 0)
    assert content(database) == before == refreshed(database)


def test_what_it_leaves(database: Database, history: Path) -> None:
    backfill(database, [history], "steam")
    kept = content(database)
    (item,) = [row for row in kept["items"] if row["market_hash_name"] == "AK-47 | Item 3 (Field-Tested)"]
    assert (item["weapon"], item["wear"], item["reference_source"]) == ("AK-47", "Field-Tested", "steam")
    (latest,) = [row for row in kept["price_latest"] if row["market_hash_name"] == item["market_hash_name"]]
    assert (latest["price"], latest["volume"], latest["volume_rolling"]) == (38400, 83, False)
    assert latest["time"] == latest["stored_time"] == datetime(2024, 3, 28, 1, tzinfo=UTC)
    (week,) = [
        row
        for row in kept["price_7d"]
        if row["market_hash_name"] == item["market_hash_name"] and row["bucket"] == datetime(2024, 1, 8, tzinfo=UTC)
    ]
    assert (week["samples"], week["volume"], week["volume_rolling"]) == (7, sum(range(7, 14)), False)


def test_small_batches_and_one_large_one_give_the_same(
    database: Database, history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 2000)
    monkeypatch.setattr(blocks, "PACKED_BLOCK", 1000)
    monkeypatch.setattr(run, "BATCH_POINTS", 50)
    steps: list[Progress] = []
    report = backfill(database, [history], "steam", progress=steps.append)
    small = content(database)
    assert len(steps) > 20
    assert [step.points for step in steps] == sorted({step.points for step in steps})
    assert (steps[-1].points, steps[-1].bytes_read) == (report.points, steps[-1].bytes_total)
    assert small == refreshed(database)


def test_lines_in_any_order(database: Database, history: Path) -> None:
    head, *body = history.read_text().splitlines(keepends=True)
    shuffled = [body[at] for at in np.random.default_rng(7).permutation(len(body))]
    history.write_text(head + "".join(shuffled + shuffled[:100]))
    report = backfill(database, [history], "steam")
    assert (report.points, report.new, report.known) == (1780, 1680, 100)
    assert content(database) == refreshed(database)


def test_history_older_than_what_a_running_instance_has(database: Database, history: Path) -> None:
    backfill(database, [history], "steam")
    (item,) = database.rows("SELECT id FROM items ORDER BY id LIMIT 1")
    now = int(datetime.now(UTC).timestamp()) * 1_000_000
    fresh = writer.QuoteColumns.of(*(np.array([value]) for value in (item["id"], now, 777)), volume=9, rolling=1)
    with database.connection() as connection:
        writer.make_partitions(connection, fresh)
        with connection.transaction():
            writer.lock_source(connection, "steam")
            writer.store(connection, "steam", fresh, heartbeat=timedelta(minutes=30))
    older = history.with_name("older.csv")
    older.write_text(HEADER + history.read_text().removeprefix(HEADER).replace("2024-0", "2019-0"))
    assert backfill(database, [older, history], "steam").new == 1680
    (latest,) = database.rows("SELECT price, volume_rolling FROM price_latest WHERE item_id = %s", [item["id"]])
    assert latest == {"price": 777, "volume_rolling": True}
    assert content(database) == refreshed(database)


def test_a_real_source_takes_over_from_a_simulated_one(database: Database, history: Path) -> None:
    backfill(database, [history], "demo")
    backfill(database, [history], "steam")
    assert {row["reference_source"] for row in content(database)["items"]} == {"steam"}


def test_files_of_several_kinds_and_a_useless_one(database: Database, history: Path) -> None:
    steam = history.with_name("Falchion Case.json")
    points = [["Jul 02 2014 01: +0", 39.268, "1112"], ["Jul 02 2014 02: +0", 0, "1"]]
    steam.write_text(json.dumps({"success": True, "price_prefix": "$", "price_suffix": "", "prices": points}))
    euro = history.with_name("Euro.json")
    euro.write_text(json.dumps({"success": True, "price_prefix": "", "price_suffix": "€", "prices": points}))
    packed = history.with_name("more.csv.gz")
    packed.write_bytes(gzip.compress((HEADER + lines("B") + "C,2024-01-01,x,1\n").encode()))
    report = backfill(database, [euro, steam, packed, history], "steam")
    assert (report.new, report.items) == (1680 + 84 + 1, 22)
    assert report.failed == [f"{euro}: prices are in €, not in $ (USD)"]
    assert report.rejected == [
        Rejected(str(steam), 2, "price 0 is not above zero"),
        Rejected(str(packed), 86, "price 'x' is no number"),
    ]
    assert "C" not in {row["market_hash_name"] for row in content(database)["items"]}


def test_an_item_kept_in_another_currency_takes_nothing(database: Database, tmp_path: Path) -> None:
    database.execute(
        "INSERT INTO items (market, market_hash_name, match_key, slug, currency) VALUES ('steam:730', 'E', 'e', 'e', 'EUR')"
    )
    path = tmp_path / "history.csv"
    path.write_text(HEADER + "A,2024-01-01,1,1\nE,2024-01-01,1,1\nA,2024-01-02,1,1\n")
    report = backfill(database, [path], "steam")
    assert (report.new, report.items) == (2, 1)
    assert report.rejected == [Rejected(str(path), 3, "the item's prices are not kept in USD")]


def test_a_flood_of_bad_lines_is_counted_but_not_kept(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_text(HEADER + "A,2024-01-01,x,1\n" * (run.MAX_REJECTIONS + 5))
    report = backfill(database, [path], "steam")
    assert (len(report.rejected), report.rejected_count) == (run.MAX_REJECTIONS, run.MAX_REJECTIONS + 5)


def test_a_missing_file_stops_it_before_anything_is_stored(database: Database, history: Path) -> None:
    with pytest.raises(FileNotFoundError):
        backfill(database, [history, history.with_name("none.csv")], "steam")
    assert content(database)["items"] == []


KILLED = """
import os, signal, sys
from pathlib import Path
from db.core.pool import Database
from jobs.backfill import blocks, run

blocks.BLOCK, blocks.PACKED_BLOCK, run.BATCH_POINTS = 2000, 1000, 50

def progress(step):
    if step.points > 600:
        os.kill(os.getpid(), signal.SIGKILL)

run.backfill(Database(sys.argv[1]), [Path(sys.argv[2])], "steam", progress=progress)
"""


@pytest.mark.slow
def test_killed_half_way_and_run_again(database: Database, history: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, database.url, str(history)], cwd=ROOT, check=False)
    assert killed.returncode == -9
    half = len(content(database)["price_history"])
    assert 0 < half < 1680
    assert content(database) == refreshed(database)
    assert backfill(database, [history], "steam").new == 1680 - half
    assert len(content(database)["price_history"]) == 1680
    assert content(database) == refreshed(database)


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason="needs the recorded market data beside the project")
def test_the_first_lines_of_a_real_file(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "head.csv"
    with gzip.open(DATA / "steam_pricehistory_1.csv.gz", "rt") as file:
        path.write_text("".join(islice(file, 100_001)))
    report = backfill(database, [path], "steam")
    assert (report.points, report.new, report.rejected_count) == (100_000, 100_000, 0)
    (found,) = database.rows("SELECT sum(price) AS cents, sum(volume) AS sold FROM price_history")
    (rolled,) = database.rows("SELECT sum(samples) AS samples, sum(volume) AS sold FROM price_7d")
    rows = [line.rsplit(",", 2) for line in path.read_text().splitlines()[1:]]
    assert found["sold"] == rolled["sold"] == sum(int(sold) for *_, sold in rows)
    assert abs(int(found["cents"]) - sum(float(price) for _, price, _ in rows) * 100) < 2000
    assert rolled["samples"] == 100_000
    before = content(database)
    assert backfill(database, [path], "steam").new == 0
    assert content(database) == before == refreshed(database)


def written(path: Path, *rows: str) -> Path:
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows))
    return path


CASE = "Fix Me Case,2026-11-20 "


@pytest.fixture
def first(database: Database, tmp_path: Path) -> Path:
    """A history with a mistake in its first line, already kept."""
    path = written(
        tmp_path / "first.csv", f"{CASE}10:00:00,150.00,3", f"{CASE}11:00:00,1.50,3", f"{CASE}11:20:00,1.40,3"
    )
    assert backfill(database, [path], "steam").new == 3
    return path


@pytest.mark.usefixtures("first")
def test_a_line_that_contradicts_a_stored_quote_is_named_and_changes_nothing(
    database: Database, tmp_path: Path
) -> None:
    before = content(database)
    corrected = written(
        tmp_path / "corrected.csv", f"{CASE}10:00:00,1.50,3", f"{CASE}11:00:00,1.50,3", f"{CASE}11:20:00,1.40,4"
    )
    report = backfill(database, [corrected], "steam")
    assert (report.new, report.known, report.conflict_count, report.replaced) == (0, 1, 2, 0)
    assert report.conflicts == [
        f"{corrected}:2: Fix Me Case 2026-11-20T10:00:00Z: price 1.50, volume 3 contradicts what is kept (price 150.00, volume 3)",
        f"{corrected}:4: Fix Me Case 2026-11-20T11:20:00Z: price 1.40, volume 4 contradicts what is kept (price 1.40, volume 3)",
    ]
    assert content(database) == before
    assert integrity.verify(database) == []


@pytest.mark.usefixtures("first")
def test_replace_takes_the_new_value_and_everything_derived_follows(database: Database, tmp_path: Path) -> None:
    corrected = written(
        tmp_path / "corrected.csv", f"{CASE}10:00:00,1.50,3", f"{CASE}11:00:00,1.50,3", f"{CASE}11:20:00,1.45,9"
    )
    report = backfill(database, [corrected], "steam", replace=True)
    assert (report.new, report.known, report.conflict_count, report.replaced) == (0, 1, 2, 2)
    assert " replaces what is kept (price 150.00, volume 3)" in report.conflicts[0]
    kept = content(database)
    assert [row["price"] for row in kept["price_history"]] == [150, 150, 145]
    (day,) = kept["price_24h"]
    assert [day[name] for name in ("open", "high", "low", "close", "volume", "samples")] == [150, 150, 145, 145, 15, 3]
    (latest,) = kept["price_latest"]
    assert (latest["price"], latest["volume"]) == (145, 9)
    assert kept == refreshed(database)
    assert integrity.verify(database) == []
    assert backfill(database, [corrected], "steam", replace=True).replaced == 0


def test_lines_that_contradict_each_other_are_named_and_equal_repeats_are_not(
    database: Database, tmp_path: Path
) -> None:
    rows = [f"{CASE}10:00:00,1.50,3", f"{CASE}10:00:00,1.50,3", f"{CASE}11:00:00,2.00,1", f"{CASE}10:00:00,1.60,3"]
    path = written(tmp_path / "twice.csv", *rows)
    report = backfill(database, [path], "steam")
    assert (report.new, report.known, report.conflict_count) == (2, 1, 1)
    assert report.conflicts == [
        f"{path}:5: Fix Me Case 2026-11-20T10:00:00Z: price 1.60, volume 3 contradicts line 2 (price 1.50, volume 3)"
    ]
    assert [row["price"] for row in content(database)["price_history"]] == [150, 200]
    again = backfill(database, [path], "steam", replace=True)
    assert [row["price"] for row in content(database)["price_history"]] == [160, 200], "the last one counts"
    assert (again.replaced, again.conflict_count) == (1, 3)
    assert integrity.verify(database) == []


def test_which_lines_contradict_does_not_depend_on_the_batches(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 40)
    monkeypatch.setattr(blocks, "PACKED_BLOCK", 40)
    monkeypatch.setattr(run, "BATCH_POINTS", 1)
    rows = [f"{CASE}10:00:00,1.50,3", f"{CASE}11:00:00,2.00,1", f"{CASE}10:00:00,1.60,3", f"{CASE}10:00:00,1.70,3"]
    path = written(tmp_path / "twice.csv", *rows)
    report = backfill(database, [path], "steam")
    assert [line.partition(": ")[0] for line in report.conflicts] == [f"{path}:4", f"{path}:5"]
    assert content(database)["price_history"][0]["price"] == 150
    backfill(database, [path], "steam", replace=True)
    assert content(database)["price_history"][0]["price"] == 170
    assert integrity.verify(database) == []


def test_a_kept_quote_of_an_hour_that_is_half_deleted_stays(database: Database, first: Path, tmp_path: Path) -> None:
    database.execute("DELETE FROM price_history WHERE time <= '2026-11-20 11:00Z'")
    before = content(database)
    corrected = written(tmp_path / "corrected.csv", f"{CASE}11:20:00,9.00,3")
    assert backfill(database, [first], "steam").refused == 2
    report = backfill(database, [corrected], "steam", replace=True)
    assert (report.replaced, report.refused, report.conflict_count) == (0, 0, 1)
    assert report.conflicts[0].endswith(", which stays: other quotes of its hour are deleted")
    assert content(database) == before


def test_by_hand_with_measures_and_redis(
    database: Database, endpoints: Endpoints, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TRACERA_DATABASE_URL", database.url)
    monkeypatch.setenv("TRACERA_REDIS_URL", endpoints.redis_url)
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    rows = [f"A,{now - timedelta(hours=hours):%Y-%m-%d %H:%M:%S},{{}},3" for hours in (3, 2, 1)]
    prices = ("1.50", "1.60", "1.70"), ("1.50", "1.60", "2.70")
    wrong, right = (
        written(tmp_path / f"{at}.csv", *(row.format(price) for row, price in zip(rows, given, strict=True)))
        for at, given in enumerate(prices)
    )

    def load(*options: str) -> str:
        done = CliRunner().invoke(main, ["backfill", *options, "--source", "steam"])
        assert done.exit_code == 0, done.output
        return done.output

    load(str(wrong))
    named = load(str(right))
    assert (
        f"{right}:4: A {now - timedelta(hours=1):%Y-%m-%dT%H:%M:%S}Z: price 2.70, volume 3 contradicts what is kept"
        in named
    )
    assert "0 new, 2 known, 1 contradicting (0 replaced), 0 rejected" in named
    assert "--replace takes what the files say" in named
    assert "1 contradicting (1 replaced)" in load(str(right), "--replace")
    (item,) = database.rows("SELECT id FROM items")
    assert orjson.loads(str(redis_client.get(f"price:latest:{item['id']}"), "utf-8"))["price"] == 270  # type: ignore[arg-type]
    measured = database.rows("SELECT last_price FROM item_metrics WHERE \"window\" = '24h'")
    assert measured == [{"last_price": 270}]
