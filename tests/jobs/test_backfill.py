import gzip
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from db import quotes
from db.pool import Database
from jobs import backfill as job
from jobs import history_bytes
from jobs.backfill import Progress, backfill
from jobs.history_points import Rejected
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
    monkeypatch.setattr(history_bytes, "BLOCK", 2000)
    monkeypatch.setattr(history_bytes, "PACKED_BLOCK", 1000)
    monkeypatch.setattr(job, "ENOUGH", 50)
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
    fresh = quotes.QuoteColumns.of(*(np.array([value]) for value in (item["id"], now, 777)), volume=9, rolling=1)
    with database.connection() as connection:
        quotes.make_partitions(connection, fresh)
        with connection.transaction():
            quotes.lock_source(connection, "steam")
            quotes.store(connection, "steam", fresh, heartbeat=timedelta(minutes=30))
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
    path.write_text(HEADER + "A,2024-01-01,x,1\n" * (job.KEPT_REJECTIONS + 5))
    report = backfill(database, [path], "steam")
    assert (len(report.rejected), report.rejected_count) == (job.KEPT_REJECTIONS, job.KEPT_REJECTIONS + 5)


def test_a_missing_file_stops_it_before_anything_is_stored(database: Database, history: Path) -> None:
    with pytest.raises(FileNotFoundError):
        backfill(database, [history, history.with_name("none.csv")], "steam")
    assert content(database)["items"] == []


KILLED = """
import os, signal, sys
from pathlib import Path
from db.pool import Database
from jobs import backfill, history_bytes

history_bytes.BLOCK, history_bytes.PACKED_BLOCK, backfill.ENOUGH = 2000, 1000, 50

def progress(step):
    if step.points > 600:
        os.kill(os.getpid(), signal.SIGKILL)

backfill.backfill(Database(sys.argv[1]), [Path(sys.argv[2])], "steam", progress=progress)
"""


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
