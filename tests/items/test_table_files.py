"""Histories and measures as CSV and Parquet, from a real database and read back by pandas."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from app.items import frames, table_files
from app.items.frames import HISTORY, MEASURED, history_frames, measures_frame
from db.core.pool import Database
from db.quotes import export

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
HOUR = timedelta(hours=1)
# name, market, currency, scale, reference source
ITEMS = [
    (1, '=1+2 | Trap, "quoted" (Factory New)', "steam:730", "USD", 100, "steam"),
    (2, "★ Karambit | Doppler (Factory New)", "steam:730", "USD", 100, "steam"),
    (3, "BTCUSDT", "binance:spot", "USDT", 100_000_000, "binance"),
    (4, "Nobody asks for it", "steam:730", "USD", 100, None),
]  # fmt: skip
BIG = 98_765_43210987  # 987,654.32 and eight digits
# item, source, hours ago, price, volume
CLOSES = [
    (1, "steam", 2, 5, None),
    (1, "steam", 1, 1234, 7),
    (1, "other", 1, 999, 1),
    (2, "steam", 1, 100, 0),
    (3, "binance", 1, BIG, 12),
]


@pytest.fixture
def kept(database: Database) -> Database:
    for item, name, market, currency, scale, source in ITEMS:
        database.execute(
            "INSERT INTO items (id, market, market_hash_name, match_key, slug, currency, price_scale, reference_source)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            [item, market, name, name, f"item-{item}", currency, scale, source],
        )
    for item, source, ago, price, volume in CLOSES:
        at = NOW - ago * HOUR
        database.execute(
            "INSERT INTO price_1h (item_id, source, bucket, open, high, low, close, average, stddev, volume, volume_rolling, samples,"
            " open_time, close_time) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 0, %s, false, 1, %s, %s)",
            [item, source, at, price, price, price, price, float(price), volume, at, at + timedelta(microseconds=ago)],
        )
    return database


def text(database: Database, source: str | None = None, item: int | None = None) -> str:
    file = io.BytesIO()
    table_files.write_csv(
        file, history_frames(export.histories(database, "all", source, None if item is None else [item])), HISTORY
    )
    return file.getvalue().decode()


def stamp(ago: int) -> str:
    return f"{NOW - ago * HOUR:%Y-%m-%dT%H:%M:%S}.{ago:06}Z"


def test_csv_has_exact_prices_and_guarded_names(kept: Database) -> None:
    assert text(kept).split("\r\n")[0] == "market_hash_name,date,price,volume,source,currency,price_minor,price_scale"
    rows = list(csv.reader(io.StringIO(text(kept), newline="")))[1:]
    trap = "'" + ITEMS[0][1]
    assert rows == [
        [trap, stamp(2), "0.05", "", "steam", "USD", "5", "100"],
        [trap, stamp(1), "12.34", "7", "steam", "USD", "1234", "100"],
        [ITEMS[1][1], stamp(1), "1.00", "0", "steam", "USD", "100", "100"],
        ["BTCUSDT", stamp(1), f"{Decimal(BIG).scaleb(-8)}", "12", "binance", "USDT", str(BIG), "100000000"],
    ]


def test_one_item_and_one_source(kept: Database) -> None:
    assert [row["price"] for row in csv.DictReader(io.StringIO(text(kept, item=2)))] == ["1.00"]
    assert [row["price"] for row in csv.DictReader(io.StringIO(text(kept, "other")))] == ["9.99"]
    assert list(csv.DictReader(io.StringIO(text(kept, "nobody")))) == []


def test_parquet_has_types_and_nulls(kept: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "ROWS", 2)  # so that there are several row groups
    path = tmp_path / "history.parquet"
    with path.open("wb") as file:
        rows = table_files.write_parquet(file, history_frames(export.histories(kept, "all", None, None)), HISTORY)
    assert (rows, pq.ParquetFile(path).num_row_groups) == (4, 2)
    table = pq.read_table(path)
    assert {name: str(table.schema.field(name).type) for name in ("date", "price", "volume", "price_minor")} == {
        "date": "timestamp[us, tz=UTC]", "price": "decimal128(29, 8)", "volume": "int64", "price_minor": "int64",
    }  # fmt: skip
    assert table["price"].to_pylist() == [Decimal("0.05"), Decimal("12.34"), Decimal(1), Decimal(BIG).scaleb(-8)]
    assert table["volume"].to_pylist() == [None, 7, 0, 12]
    assert table["date"].to_pylist()[0] == NOW - 2 * HOUR + timedelta(microseconds=2)
    read = pd.read_parquet(path)
    assert read["market_hash_name"].tolist()[0] == ITEMS[0][1]  # a formula is harmless here
    assert read["price_minor"].tolist() == [5, 1234, 100, BIG]


def test_measures_keep_unknown_unknown(kept: Database, tmp_path: Path) -> None:
    for window, price, sharpe in (("24h", 1234, 1.5), ("7d", None, None)):
        kept.execute(
            'INSERT INTO item_metrics (item_id, source, "window", reference, last_price, samples, coverage, sharpe, as_of, computed_at)'
            " VALUES (1, 'steam', %s, true, %s, 3, 0.5, %s, %s, now())",
            [window, price, sharpe, NOW],
        )
    path = tmp_path / "measures.parquet"
    with path.open("wb") as file:
        found = (measures_frame(rows) for rows in export.measures(kept, None, None, None))
        assert table_files.write_parquet(file, found, MEASURED) == 2
    rows = pq.read_table(path).to_pylist()
    picked = [
        {name: row[name] for name in ("window", "price", "price_minor", "sharpe", "atr", "volume_rolling")}
        for row in rows
    ]
    assert picked == [
        {"window": "24h", "price": Decimal("12.34"), "price_minor": 1234, "sharpe": 1.5, "atr": None, "volume_rolling": None},
        {"window": "7d", "price": None, "price_minor": None, "sharpe": None, "atr": None, "volume_rolling": None},
    ]  # fmt: skip
    assert rows[0]["as_of"] == NOW
    file_csv = io.BytesIO()
    found = (measures_frame(part) for part in export.measures(kept, "7d", "steam", [1]))
    table_files.write_csv(file_csv, found, MEASURED)
    (row,) = csv.DictReader(io.StringIO(file_csv.getvalue().decode()))
    assert (row["price"], row["sharpe"], row["coverage"], row["as_of"]) == ("", "", "0.5", f"{NOW:%Y-%m-%dT%H:%M:%S}Z")
