"""Candles as stored: every interval is what pandas makes of the minutes, and nothing partial is ever kept."""

import csv
import itertools
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.candles import read, repairs, store, symbols
from db.candles.columns import FIELDS, CandleColumns
from db.candles.intervals import INTERVALS, NAMES, ceil, floor
from db.candles.repairs import Gap
from db.core.pool import Database
from tests.conftest import DATA

SOURCE = "demo"
NUMBER = itertools.count()
MINUTES = DATA / "binance" / "BTCUSDT_1m_2025-06-05_06-08.csv"
RULES = {"5m": "5min", "15m": "15min", "1h": "1h", "4h": "4h", "1d": "1D", "1w": "W-MON"}
MONDAY = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp())


def pair(database: Database, symbol: str = "BTCUSDT") -> int:
    row = symbols.PairRow(symbol, "BTC", "USDT", 100, 100_000, "trading", None)
    with database.connection() as connection, connection.transaction():
        return symbols.save(connection, "binance:spot", SOURCE, [row])[symbol]


def keep(database: Database, item: int, candles: CandleColumns, done: int | None = None) -> int:
    items = np.full(len(candles), item, dtype=np.int64)
    end = int(candles.open_time[-1]) + 60
    with database.connection() as connection:
        store.make_partitions(connection, candles)
        with connection.transaction():
            changed = store.store(connection, SOURCE, items, candles)
            store.roll_up(connection, SOURCE, items, int(candles.open_time[0]), end, end if done is None else done)
    return changed


def minutes(count: int, begin: int = MONDAY, seed: int = 7) -> CandleColumns:
    draw = np.random.default_rng(seed)
    close = 100_000 + np.cumsum(draw.integers(-50, 51, count))
    opens = np.concatenate([[100_000], close[:-1]])
    high, low = (
        np.maximum(opens, close) + draw.integers(0, 20, count),
        np.minimum(opens, close) - draw.integers(0, 20, count),
    )
    time = begin + 60 * np.arange(count)
    return CandleColumns(time, opens, high, low, close, draw.integers(0, 10**9, count), draw.integers(0, 500, count))


def resampled(candles: CandleColumns, interval: str) -> list[tuple[int, ...]]:
    frame = pd.DataFrame(
        {name: getattr(candles, name) for name in FIELDS[1:]}, index=pd.to_datetime(candles.open_time, unit="s")
    )
    if interval == "1w":
        found = frame.resample("W-MON", label="left", closed="left")
    else:
        found = frame.resample(RULES[interval])
    how = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum", "trades": "sum"}
    rows = found.agg(how)[found["open"].count() > 0]
    rows.loc[found["trades"].min() < 0, "trades"] = -1
    return [
        (int(at.timestamp()), *(int(value) for value in row))
        for at, row in zip(rows.index, rows.to_numpy(), strict=True)
    ]


def every(database: Database, item: int, interval: str) -> list[tuple[int, ...]]:
    return read.candles(database, item, SOURCE, interval, since=None, until=None, limit=5_000).rows()


def stored(database: Database, interval: str) -> int:
    row = database.row(f"SELECT count(*) AS n FROM candles_{interval}")  # noqa: S608  # names of ours
    return int(row["n"]) if row else 0


@pytest.mark.skipif(not MINUTES.exists(), reason="recorded minutes are not here")
def test_recorded_minutes_come_back_and_roll_up_as_pandas_does(database: Database) -> None:
    with MINUTES.open() as file:
        rows = list(csv.DictReader(file))
    made = CandleColumns.of([recorded(row) for row in rows])
    item = pair(database)
    assert keep(database, item, made) == 5_000
    assert every(database, item, "1m") == made.rows()
    for interval in NAMES[1:]:
        assert every(database, item, interval) == resampled(made, interval), interval


def recorded(row: dict[str, str]) -> list[int]:
    begin = datetime.fromisoformat(row["datetime"]).replace(tzinfo=UTC)
    prices = [int(Decimal(row[name]) * 100) for name in ("open", "high", "low", "close")]
    return [int(begin.timestamp()), *prices, int(Decimal(row["volume"]) * 100_000), -1]


def test_the_same_again_changes_nothing_and_a_correction_reaches_every_interval(database: Database) -> None:
    item, made = pair(database), minutes(3 * 1440)
    assert keep(database, item, made) == 3 * 1440
    assert keep(database, item, made) == 0
    made.high[100] += 10_000
    assert keep(database, item, made.take(np.array([100])), MONDAY + 3 * 86_400) == 1
    for interval in NAMES:
        expected = made.rows() if interval == "1m" else resampled(made, interval)
        assert every(database, item, interval) == expected, interval


def test_what_still_runs_is_read_but_never_stored(database: Database) -> None:
    item = pair(database)
    keep(database, item, minutes(1440 + 67))
    assert [stored(database, name) for name in NAMES] == [1507, 301, 100, 25, 6, 1, 0]
    assert every(database, item, "1w") == resampled(minutes(1507), "1w")
    assert every(database, item, "4h") == resampled(minutes(1507), "4h")


def test_the_past_filled_in_backwards_gives_the_same(database: Database) -> None:
    item, made = pair(database), minutes(8 * 1440)
    done = MONDAY + 8 * 86_400
    for day in reversed(range(8)):
        keep(database, item, made.take(np.arange(day * 1440, (day + 1) * 1440)), done)
    for interval in NAMES[1:]:
        assert every(database, item, interval) == resampled(made, interval), interval
    assert stored(database, "1w") == 1


@pytest.mark.parametrize("order", ["plain", "doubled"])
def test_many_minutes_between_others_give_the_same(database: Database, order: str) -> None:
    item, made = pair(database), minutes(store.BULK + 700, MONDAY + 7 * 60)
    done = int(made.open_time[-1]) + 60
    for few in (made.take(np.arange(3)), made.take(np.arange(store.BULK + 600, len(made)))):
        keep(database, item, few, done)
    many = np.arange(3, store.BULK + 600)
    if order == "doubled":
        many = np.sort(np.append(many, many[5:50]))
    for changed in (store.BULK + 597, 0):
        with database.connection() as connection:
            store.make_partitions(connection, made)
            with connection.transaction():
                assert store.store_item(connection, SOURCE, item, made.take(many)) == changed
        for interval in NAMES:
            expected = made.rows() if interval == "1m" else resampled(made, interval)
            assert every(database, item, interval) == expected[-5_000:], interval


def test_a_part_in_minutes_replaces_no_fuller_candle_and_all_minutes_are_replaced_by_none(database: Database) -> None:
    item, made = pair(database), minutes(1440)
    day = CandleColumns.of(resampled(made, "1d"))
    told = CandleColumns.of([(MONDAY, *day.rows()[0][1:5], int(day.volume[0]) + 5, 9)])
    with database.connection() as connection, connection.transaction():
        assert store.store_item(connection, SOURCE, item, told, interval="1d") == 1
    keep(database, item, made.take(np.arange(700)), MONDAY + 86_400)
    assert every(database, item, "1d") == told.rows()
    keep(database, item, made, MONDAY + 86_400)
    assert every(database, item, "1d") == day.rows()
    with database.connection() as connection, connection.transaction():
        assert store.store_item(connection, SOURCE, item, told, interval="1d") == 0
    assert every(database, item, "1d") == day.rows()


def test_what_an_exchange_did_not_have_is_not_missing_any_more(database: Database) -> None:
    item, made = pair(database), minutes(60)
    keep(database, item, made.take(np.r_[10:20, 30:60]))
    begin, until = MONDAY - 600, MONDAY + 3_600 + 600
    holes = [(begin, MONDAY + 600), (MONDAY + 1_200, MONDAY + 1_800), (MONDAY + 3_600, until)]
    assert repairs.missing(database, SOURCE, item, "1m", begin, until) == [Gap(item, *hole) for hole in holes]
    with database.connection() as connection:
        for since, end in ((begin, MONDAY), (MONDAY + 60, MONDAY + 1_260), (MONDAY + 3_700, MONDAY + 3_900)):
            repairs.save(connection, SOURCE, Gap(item, since, end), repairs.BACKFILL, 0)
        repairs.save(connection, SOURCE, Gap(item, begin, until), repairs.BACKFILL, 0, interval="1d")
    left = [
        (MONDAY, MONDAY + 60),
        (MONDAY + 1_260, MONDAY + 1_800),
        (MONDAY + 3_600, MONDAY + 3_700),
        (MONDAY + 3_900, until),
    ]
    assert repairs.missing(database, SOURCE, item, "1m", begin, until) == [Gap(item, *hole) for hole in left]
    assert repairs.newest(database) == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 90)), min_size=1, max_size=8), st.integers(0, 2**31))
def test_minutes_in_any_order_with_holes_and_doubles(
    database: Database, parts: list[tuple[int, int]], seed: int
) -> None:
    item = pair(database, f"P{next(NUMBER)}USDT")
    made = minutes(500, seed=seed)
    done = MONDAY + 500 * 60
    wanted = sorted({at for begin, length in parts for at in range(begin, min(500, begin + length))})
    for begin, length in parts:
        keep(database, item, made.take(np.arange(begin, min(500, begin + length))), done)
    expected = made.take(np.array(wanted))
    for interval in NAMES:
        known = expected.rows() if interval == "1m" else resampled(expected, interval)
        assert every(database, item, interval) == known, interval


def test_reading_a_span_and_a_limit(database: Database) -> None:
    item, made = pair(database), minutes(600)
    keep(database, item, made)
    begin = MONDAY + 3_600
    got = read.candles(database, item, SOURCE, "5m", since=begin, until=begin + 3_600, limit=500)
    assert got.rows() == [row for row in resampled(made, "5m") if begin <= row[0] < begin + 3_600]
    assert (
        read.candles(database, item, SOURCE, "15m", since=None, until=None, limit=3).rows()
        == resampled(made, "15m")[-3:]
    )
    assert read.candles(database, item, SOURCE, "1m", since=None, until=MONDAY + 120, limit=9).rows() == made.rows()[:2]
    assert read.intervals(database, item, SOURCE) == list(NAMES)
    assert read.intervals(database, item, "other") == []


def test_gaps_are_found_once(database: Database) -> None:
    item, made = pair(database), minutes(60)
    keep(database, item, made.take(np.r_[0:10, 13:20, 30:60]))
    until = MONDAY + 3_600
    holes = [Gap(item, MONDAY + 600, MONDAY + 780), Gap(item, MONDAY + 1_200, MONDAY + 1_800)]
    assert repairs.gaps(database, SOURCE, [item], MONDAY, until) == holes
    with database.connection() as connection:
        repairs.save(connection, SOURCE, holes[0], "hourly", 0)
    assert repairs.gaps(database, SOURCE, [item], MONDAY, until) == holes[1:]
    assert repairs.last_final(database, SOURCE, [item]) == {item: MONDAY + 59 * 60}
    assert repairs.newest(database)[0]["cause"] == "hourly"


@given(st.integers(0, 4_000_000_000), st.sampled_from(NAMES))
def test_bounds_of_intervals(seconds: int, interval: str) -> None:
    low, high = floor(seconds, interval), ceil(seconds, interval)
    assert low <= seconds <= high
    assert high - low in {0, INTERVALS[interval]}
    if interval == "1w":
        assert datetime.fromtimestamp(low, UTC).weekday() == 0
