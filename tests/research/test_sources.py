"""The three sources of bars: the same frame from the database, from files and over the API."""

import hashlib
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import numpy as np
import pandas as pd
import pytest
from werkzeug.serving import make_server

from app.items import frames, table_files
from app.research.sources import instance
from app.research.sources.base import COLUMNS, DataError, DataSource, finished
from app.research.sources.database import DatabaseSource
from app.research.sources.files import FileSource, file_frames
from app.research.sources.instance import InstanceSource
from app.runtime import Runtime
from app.web.factory import create_server
from db.core.pool import Database
from db.items import items
from tests.commands.support import fails, run

NOW = datetime.now(UTC)
TODAY = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
NAMES = ["★ Karambit | Doppler (Factory New)", "AK-47 | Redline (Field-Tested)", '=1+2 | "quoted", Trap']
DAYS = 70


@pytest.fixture
def kept(database: Database) -> Database:
    """Three items with gaps, unknown volumes, a second source, and a day that still runs."""
    random = np.random.default_rng(7)
    for number, name in enumerate(NAMES, start=1):
        database.execute(
            "INSERT INTO items (id, market, market_hash_name, match_key, slug, reference_source) VALUES (%s, 'steam:730', %s, %s, %s, 'steam')",
            [number, name, name, f"item-{number}"],
        )
        for source in ("steam", "skinport")[: 2 if number == 1 else 1]:
            database.execute(
                "INSERT INTO price_latest (item_id, source, price, time, stored_time) VALUES (%s, %s, 100, %s, %s)",
                [number, source, NOW, NOW],
            )
            for ago in range(DAYS, -1, -1):
                if ago % 7 == number:
                    continue
                first, low, high, last = (int(value) for value in random.integers(3, 90_000, 4))
                prices = sorted([first, low, high, last])
                database.execute(
                    "INSERT INTO price_24h (item_id, source, bucket, open, high, low, close, average, stddev, volume, volume_rolling,"
                    " samples, open_time, close_time) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 1, %s, false, %s, %s, %s)",
                    [number, source, TODAY - timedelta(days=ago), first, prices[3], prices[0], last, float(first),
                     None if ago % 5 == 0 else ago, ago + 2, TODAY - timedelta(days=ago), TODAY - timedelta(days=ago)],
                )  # fmt: skip
    return database


@pytest.fixture
def address(kept: Database, runtime: Runtime) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, create_server(runtime), threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def exported(database: Database, path: Path, source: str | None = None) -> FileSource:
    write = table_files.write_parquet if path.suffix == ".parquet" else table_files.write_npz
    found = DatabaseSource(database).of_items(items.units(database), source, "1d", None, None)
    file = io.BytesIO()
    write(file, file_frames(found, "1d"), frames.BARS)
    path.write_bytes(file.getvalue())
    return FileSource(path)


def digest(frame: pd.DataFrame) -> str:
    file = io.BytesIO()
    frame.to_parquet(file)
    return hashlib.sha256(file.getvalue()).hexdigest()


def test_the_same_bytes(kept: Database, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instance, "MAX_BARS", 17)  # several requests an item
    with InstanceSource(address) as other:
        sources: list[DataSource] = [
            DatabaseSource(kept), exported(kept, tmp_path / "a.parquet"), exported(kept, tmp_path / "a.npz"), other,
        ]  # fmt: skip
        for names in (NAMES, NAMES[::-1], NAMES[1:2], [NAMES[0]] * 2):
            for start, end in (
                (None, None),
                (TODAY - timedelta(days=30), None),
                (TODAY - timedelta(days=30, hours=3), TODAY - timedelta(days=10)),
                (TODAY + timedelta(days=9), None),
            ):
                found = [source.bars(names, None, "1d", start, end) for source in sources]
                for other_frame in found[1:]:
                    pd.testing.assert_frame_equal(found[0], other_frame, check_exact=True)
                assert len({digest(frame) for frame in found}) == 1


def test_what_a_frame_says(kept: Database) -> None:
    found = DatabaseSource(kept).bars(NAMES[1:2], "steam", "1d", None, None)
    assert tuple(found.columns) == COLUMNS
    assert str(found["time"].dtype) == "datetime64[us, UTC]"
    assert found["time"].iloc[-1] == TODAY - timedelta(days=1)  # today's still runs
    row = kept.row(
        "SELECT open, close, samples FROM price_24h WHERE item_id = 2 AND bucket = %s", [found["time"].iloc[-1]]
    )
    assert row is not None
    last = found.iloc[-1]
    assert (last["open"], last["close"], last["n"]) == (row["open"] / 100, row["close"] / 100, row["samples"])
    assert found["gap"].iloc[0] == 0
    assert set(found["gap"]) == {0, 1}
    gaps = found["time"].diff().iloc[1:].dt.days - 1
    assert (gaps == found["gap"].iloc[1:]).all()
    assert found["volume"].isna().sum() == sum(ago % 5 == 0 and ago % 7 != 2 for ago in range(1, DAYS + 1))


def test_what_is_not_there(kept: Database, address: str, tmp_path: Path) -> None:
    with InstanceSource(address) as other:
        sources: list[DataSource] = [DatabaseSource(kept), exported(kept, tmp_path / "a.npz"), other]
        for source in sources:
            with pytest.raises(DataError, match="Nobody"):
                source.bars(["Nobody"], None, "1d", None, None)
            with pytest.raises(DataError, match="bazaar"):
                source.bars(NAMES[:1], "bazaar", "1d", None, None)
            with pytest.raises(DataError, match="allowed: 1h, 1d, 1w"):
                source.bars(NAMES[:1], None, "5m", None, None)
    with pytest.raises(DataError, match="no bars of 1h"):
        sources[1].bars(NAMES[:1], None, "1h", None, None)
    (tmp_path / "b.npz").write_bytes(b"nothing")
    np.savez(tmp_path / "c.npz", other=np.arange(3))
    pd.DataFrame({"other": [1]}).to_parquet(tmp_path / "e.parquet")
    (tmp_path / "d.parquet").write_bytes(b"nothing")
    for name in ("b.npz", "c.npz", "d.parquet", "e.parquet"):
        with pytest.raises(DataError, match=name):
            FileSource(tmp_path / name)


def test_bars_that_are_over() -> None:
    wednesday = datetime(2024, 12, 11, 13, 45, tzinfo=UTC)
    assert finished("1h", wednesday) == datetime(2024, 12, 11, 13, tzinfo=UTC)
    assert finished("1d", wednesday) == datetime(2024, 12, 11, tzinfo=UTC)
    assert finished("1w", wednesday) == datetime(2024, 12, 9, tzinfo=UTC)


@pytest.mark.slow
def test_export_and_backtest_from_the_command_line(
    kept: Database, runtime: Runtime, address: str, tmp_path: Path
) -> None:
    settings = {"TRACERA_DATABASE_URL": runtime.database_url, "TRACERA_REDIS_URL": runtime.redis_url}
    file = tmp_path / "bars.npz"
    done = run(tmp_path, "export", "2", "1", "--table", "bars", "--format", "npz", "--output", str(file), **settings)
    assert (done.returncode, " bars of 2 items" in done.stdout) == (0, True), done.stdout + done.stderr
    assert FileSource(file).names() == NAMES[:2]
    asked = ("backtest", "moving_average_cross", "--set", "fast=2", "--set", "slow=5", "--json", "--share", "0")
    answers = [
        run(tmp_path, *asked, *where, **settings)
        for where in (("2", "1"), ("--from", str(file), NAMES[1], NAMES[0]), ("--from", address, NAMES[1], NAMES[0]))
    ]
    for answer in answers:
        assert answer.returncode == 0, answer.stderr
    assert len({answer.stdout for answer in answers}) == 1
    held = json.loads(answers[0].stdout)
    assert held["rules"]["fills"] == "at the open of the item's next bar"
    assert held["trades"]
    shown = run(
        tmp_path,
        "backtest",
        "moving_average_cross",
        "--from",
        str(file),
        "--try",
        "fast=2,3",
        "--try",
        "slow=5,9",
        **settings,
    )
    assert (shown.returncode, "best_of_as_many_worthless" in shown.stdout) == (0, True), shown.stderr
    walked = run(
        tmp_path,
        "backtest",
        "moving_average_cross",
        "--from",
        str(file),
        "--try",
        "fast=2,3",
        "--walk",
        "20,10",
        "--set",
        "slow=7",
        "--json",
    )
    assert walked.returncode == 0, walked.stderr
    assert len(json.loads(walked.stdout)["folds"]) == 5
    fails(run(tmp_path, "backtest", "buy_and_hold", "--from", str(tmp_path / "none.npz")), "none.npz")
    fails(run(tmp_path, "backtest", "buy_and_hold", "--from", str(file), "--set", "x=1"), "no parameter 'x'")
    assert run(tmp_path, "backtest", "buy_and_hold", **settings).returncode == 2
