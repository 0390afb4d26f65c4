from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.core.pool import Database, DatabaseDownError
from db.operations import integrity
from db.quotes import raw, rollups, writer
from db.quotes.writer import UNKNOWN, QuoteColumns, Stored

START = datetime(2024, 3, 10, 22, 0, tzinfo=UTC)  # Sunday: two hours on is another hour, day and week
ROLLUPS = ("price_1h", "price_24h", "price_7d")
NO_HEARTBEAT = timedelta(0)
SOURCES = count()

Given = tuple[int, int, int, int, int]
"""Item, minutes after START, price, volume, rolling."""


@pytest.fixture
def items(database: Database) -> Database:
    database.execute(
        "INSERT INTO items (id, market, market_hash_name, match_key, slug)"
        " SELECT n, 'steam:730', 'Item ' || n, 'item ' || n, 'item-' || n FROM generate_series(1, 50) n"
    )
    return database


@pytest.fixture
def source() -> str:
    return f"source-{next(SOURCES)}"


def columns(batch: list[Given]) -> QuoteColumns:
    item, minutes, price, volume, rolling = np.array(batch, dtype=np.int64).reshape(-1, 5).T
    time = int(START.timestamp()) * 1_000_000 + minutes * 60_000_000
    return QuoteColumns.of(item, time, price, volume=volume, rolling=rolling)


def store(
    database: Database, source: str, batch: list[Given], heartbeat: timedelta = NO_HEARTBEAT, shard: int | None = None
) -> Stored:
    with database.connection() as connection:
        writer.make_partitions(connection, columns(batch))
        with connection.transaction():
            writer.lock_source(connection, source, shard)
            return writer.store(connection, source, columns(batch), heartbeat=heartbeat)


def table(database: Database, name: str, source: str) -> list[dict[str, Any]]:
    order = {"price_history": "time", "price_latest": "time"}.get(name, "bucket")
    return database.rows(f"SELECT * FROM {name} WHERE source = %s ORDER BY item_id, {order}", [source])  # noqa: S608


def everything(database: Database, source: str) -> list[list[dict[str, Any]]]:
    return [table(database, name, source) for name in ("price_history", "price_latest", *ROLLUPS)]


def refresh(database: Database) -> None:
    database.execute("CALL price_refresh(%s, %s)", [START - timedelta(days=30), START + timedelta(days=60)])


def assert_same_rollups(database: Database, source: str) -> None:
    """What NumPy and the merge made equals what SQL computes from the raw quotes, bucket by bucket."""
    kept = [table(database, name, source) for name in ROLLUPS]
    refresh(database)
    for mine, computed in zip(kept, [table(database, name, source) for name in ROLLUPS], strict=True):
        assert len(mine) == len(computed)
        for row, other in zip(mine, computed, strict=True):
            for name in ("average", "stddev"):
                assert row.pop(name) == pytest.approx(other.pop(name), rel=1e-9, abs=1e-6)
            assert row == other


def test_a_bucket_holds_what_its_quotes_say(items: Database, source: str) -> None:
    store(items, source, [(1, 10, 500, 3, 0), (1, 50, 700, 4, 0), (1, 30, 600, UNKNOWN, 0), (1, 70, 100, 5, 0)])
    hour, next_hour = table(items, "price_1h", source)
    assert [hour[name] for name in ("open", "high", "low", "close", "volume", "samples")] == [500, 700, 500, 700, 7, 3]
    assert hour["average"] == pytest.approx(600)
    assert hour["stddev"] == pytest.approx(81.64965809277261)
    assert hour["open_time"] == START + timedelta(minutes=10)
    assert hour["close_time"] == START + timedelta(minutes=50)
    assert next_hour["bucket"] == START + timedelta(hours=1)
    (week,) = table(items, "price_7d", source)
    assert week["bucket"] == datetime(2024, 3, 4, tzinfo=UTC)
    assert (week["open"], week["close"], week["volume"]) == (500, 100, 12)


def test_unknown_is_null(items: Database, source: str) -> None:
    store(items, source, [(1, 0, 500, UNKNOWN, UNKNOWN)])
    (raw,) = table(items, "price_history", source)
    assert [raw[name] for name in ("volume", "volume_rolling", "listings", "bid", "ask")] == [None] * 5
    (hour,) = table(items, "price_1h", source)
    assert (hour["volume"], hour["volume_rolling"], hour["volume_time"]) == (None, None, None)


def test_rows_with_and_without_unknowns_stay_apart(items: Database, source: str) -> None:
    store(items, source, [(1, 0, 500, UNKNOWN, 1), (2, 0, 600, 7, UNKNOWN), (3, 0, 700, 0, 0)])
    found = [
        (row["item_id"], row["price"], row["volume"], row["volume_rolling"])
        for row in table(items, "price_history", source)
    ]
    assert found == [(1, 500, None, True), (2, 600, 7, None), (3, 700, 0, False)]


def test_the_same_again_changes_nothing(items: Database, source: str) -> None:
    batch = [(item, minutes, 500 + item + minutes, 2, 0) for item in (1, 2) for minutes in range(0, 5000, 35)]
    assert store(items, source, batch) == Stored(len(batch), 0)
    before = everything(items, source)
    assert store(items, source, batch) == Stored(0, len(batch))
    assert store(items, source, batch[5:50]) == Stored(0, 45)
    assert everything(items, source) == before


def test_of_two_quotes_at_one_time_the_first_stays(items: Database, source: str) -> None:
    assert store(items, source, [(1, 5, 500, 2, 0), (1, 0, 400, 2, 0), (1, 5, 900, 2, 0)]) == Stored(2, 1)
    assert [row["price"] for row in table(items, "price_history", source)] == [400, 500]
    assert [row["price"] for row in table(items, "price_latest", source)] == [500]
    assert store(items, source, [(1, 5, 900, 2, 0)]) == Stored(0, 1)
    assert [row["price"] for row in table(items, "price_latest", source)] == [500]


def test_late_quotes_go_where_they_belong(items: Database, source: str) -> None:
    store(items, source, [(1, 40, 500, 2, 0), (1, 200, 510, 2, 0)])
    assert store(items, source, [(1, 20, 480, 3, 0), (1, -3000, 400, 1, 0), (1, 40, 999, 9, 0)]) == Stored(2, 1)
    first, hour, last = table(items, "price_1h", source)
    assert (first["close"], last["close"]) == (400, 510)
    assert [hour[name] for name in ("open", "close", "low", "volume", "samples")] == [480, 500, 480, 5, 2]
    (latest,) = table(items, "price_latest", source)
    assert (latest["price"], latest["time"]) == (510, START + timedelta(minutes=200))
    assert_same_rollups(items, source)


def test_a_price_that_did_not_change_is_kept_once_per_heartbeat(items: Database, source: str) -> None:
    hour = timedelta(hours=1)
    assert store(items, source, [(1, 0, 500, 2, 1)], hour).inserted == 1
    assert store(items, source, [(1, 30, 500, 3, 1)], hour) == Stored(0, 1)
    (latest,) = table(items, "price_latest", source)
    assert (latest["time"], latest["stored_time"]) == (START + timedelta(minutes=30), START)
    assert latest["volume"] == 3
    assert store(items, source, [(1, 45, 501, 3, 1)], hour).inserted == 1
    assert store(items, source, [(1, 105, 501, 3, 1)], hour).inserted == 1


def test_sales_of_an_unchanged_price_are_not_lost(items: Database, source: str) -> None:
    hour = timedelta(hours=1)
    assert store(items, source, [(1, 0, 500, 2, 0)], hour).inserted == 1
    assert store(items, source, [(1, 10, 500, 3, 0), (1, 20, 500, 0, 0), (1, 30, 500, UNKNOWN, 0)], hour) == Stored(
        1, 2
    )
    (bucket,) = table(items, "price_1h", source)
    assert (bucket["volume"], bucket["samples"]) == (5, 2)


def test_a_late_quote_newer_than_the_last_one_stored_is_known_the_second_time(items: Database, source: str) -> None:
    hour = timedelta(hours=1)
    store(items, source, [(1, 0, 500, 2, 1)], hour)
    store(items, source, [(1, 50, 500, 2, 1)], hour)  # unchanged: newest, but not stored
    assert store(items, source, [(1, 30, 490, 2, 1)], hour).inserted == 1
    assert store(items, source, [(1, 30, 490, 2, 1)], hour) == Stored(0, 1)
    (latest,) = table(items, "price_latest", source)
    assert latest["stored_time"] == START + timedelta(minutes=30)
    assert (latest["price"], latest["time"]) == (500, START + timedelta(minutes=50))


def test_rolling_volumes_are_never_summed_and_intervals_are(items: Database, source: str) -> None:
    store(items, source, [(1, 10, 500, 90, 1), (1, 20, 500, 95, 1), (2, 10, 500, 90, 0), (2, 20, 500, 95, 0)])
    store(items, source, [(1, 15, 500, 30, 1), (2, 15, 500, 30, 0)])
    rolling, summed = table(items, "price_1h", source)
    assert (rolling["volume"], rolling["volume_rolling"]) == (95, True)
    assert (summed["volume"], summed["volume_rolling"]) == (215, False)


def test_a_rolling_figure_is_the_newest_known_one_not_that_of_the_close(items: Database, source: str) -> None:
    store(items, source, [(1, 10, 500, 90, 1), (1, 50, 510, UNKNOWN, 1)])
    store(items, source, [(1, 30, 505, 70, 1)])
    (hour,) = table(items, "price_1h", source)
    assert (hour["close"], hour["volume"], hour["volume_time"]) == (510, 70, START + timedelta(minutes=30))


def test_sums_win_over_rolling_figures(items: Database, source: str) -> None:
    store(items, source, [(1, 10, 500, 90, 1)])
    store(items, source, [(1, 5, 500, 4, 0)])
    store(items, source, [(1, 20, 500, 80, 1)])
    (hour,) = table(items, "price_1h", source)
    assert (hour["volume"], hour["volume_rolling"], hour["volume_time"]) == (4, False, None)
    assert_same_rollups(items, source)


@pytest.mark.parametrize("few", [0, 5_000])
@pytest.mark.parametrize("packed", [False, True])
def test_quotes_of_items_whose_newest_prices_are_forgotten_join_their_history(
    items: Database, source: str, monkeypatch: pytest.MonkeyPatch, few: int, *, packed: bool
) -> None:
    """As of a simulated market that was left behind and is chosen again, whose history stayed."""
    monkeypatch.setattr(rollups, "FEW", few)
    held = [(item, minutes, 100 + minutes, 2, 0) for item in (1, 2) for minutes in range(0, 300, 50)]
    store(items, source, held)
    newest = table(items, "price_latest", source)
    if packed:
        raw.pack(items, datetime.now(UTC))
    items.execute("DELETE FROM price_latest WHERE source = %s", [source])
    assert store(items, source, held).inserted == 0
    assert table(items, "price_latest", source) == newest
    items.execute("DELETE FROM price_latest WHERE source = %s", [source])
    late, next_one, new = (1, 125, 7, 1, 0), (2, 310, 900, 1, 0), (3, 40, 50, 1, 0)
    assert store(items, source, [*held, late, next_one, new]).inserted == 3
    assert [(row["item_id"], row["price"]) for row in table(items, "price_latest", source)] == [
        (1, 350),
        (2, 900),
        (3, 50),
    ]
    assert integrity.verify(items) == []


@pytest.mark.parametrize("few", [0, 5_000])
def test_late_quotes_of_the_last_days_find_rows_or_make_them(
    items: Database, source: str, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """Nothing so recent is packed: no row is looked for before it is merged."""
    monkeypatch.setattr(rollups, "FEW", few)
    noon = (datetime.now(UTC) - timedelta(days=1)).replace(hour=12, minute=0, second=0, microsecond=0)
    begin = (noon - START) // timedelta(minutes=1)
    store(items, source, [(1, begin, 100, 3, 0), (1, begin + 180, 130, 2, 0), (2, begin + 5, 7, 1, 1)])
    late_in_a_row, late_without, late_day = (
        (1, begin + 10, 90, 1, 0),
        (1, begin + 70, 500, 4, 0),
        (2, begin - 1440, 9, 1, 0),
    )
    fresh, new = (1, begin + 300, 110, 1, 0), (3, begin + 1, 40, 1, 0)
    assert store(items, source, [late_in_a_row, late_without, late_day, fresh, new]).inserted == 5
    assert len(table(items, "price_1h", source)) == 7
    assert integrity.verify(items) == []


def test_hours_whose_raw_quotes_are_gone_take_no_more(items: Database, source: str) -> None:
    batch = [(1, minutes, 500 + minutes, 2, 0) for minutes in range(0, 600, 20)]
    store(items, source, batch)
    items.execute("DELETE FROM price_history WHERE time < %s", [START + timedelta(minutes=130)])
    before = [table(items, name, source) for name in ROLLUPS]
    assert store(items, source, batch) == Stored(0, len(batch))
    assert [table(items, name, source) for name in ROLLUPS] == before
    assert store(items, source, [(1, 135, 1, 1, 0), (1, 185, 7, 1, 0)]) == Stored(1, 1)  # 00:15 is cut, 01:05 is whole


def test_sources_and_shards_do_not_meet(items: Database, source: str) -> None:
    store(items, source, [(1, 0, 500, 2, 0)], shard=1)
    store(items, source + "b", [(1, 0, 900, 2, 0)])
    store(items, source, [(2, 0, 700, 2, 0)], shard=0)
    assert [row["close"] for row in table(items, "price_24h", source)] == [500, 700]


def test_the_shards_are_written_at_once_and_a_whole_source_waits_for_both(items: Database, source: str) -> None:
    with items.connection() as one, items.connection() as other, one.transaction():
        writer.lock_source(one, source, 0)
        with other.transaction():
            writer.lock_source(other, source, 1)
        other.execute("SET lock_timeout = '100ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable), other.transaction():
            writer.lock_source(other, source)
        other.execute("RESET lock_timeout")


def test_a_session_killed_in_its_transaction_changes_nothing(items: Database, source: str) -> None:
    store(items, source, [(1, 0, 500, 2, 0)])
    before = everything(items, source)
    batch = [(1, -100, 400, 2, 0), (1, 5, 600, 2, 0), (2, 0, 700, 2, 0)]

    def interrupted() -> None:
        with items.connection() as connection, connection.transaction():
            writer.lock_source(connection, source)
            assert writer.store(connection, source, columns(batch), heartbeat=NO_HEARTBEAT).inserted == 3
            items.execute("SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])

    with pytest.raises(DatabaseDownError):
        interrupted()
    assert everything(items, source) == before
    assert store(items, source, batch).inserted == 3


quote = st.tuples(
    st.integers(1, 4),
    st.one_of(st.integers(0, 400), st.integers(-20_000, 60_000)),
    st.one_of(st.integers(1, 2_000), st.integers(10**9, 10**9 + 5)),
    st.sampled_from([UNKNOWN, 0, 1, 7, 500]),
    st.sampled_from([UNKNOWN, 0, 1]),
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(quote, min_size=1, max_size=40), min_size=1, max_size=4))
def test_rollups_equal_a_recompute_whatever_comes_in_whatever_order(
    items: Database, batches: list[list[Given]]
) -> None:
    source = f"random-{next(SOURCES)}"
    for batch in batches:
        store(items, source, batch)
    newest = {}
    for row in table(items, "price_history", source):
        newest[row["item_id"]] = (row["time"], row["price"])
    latest = table(items, "price_latest", source)
    assert {row["item_id"]: (row["time"], row["price"]) for row in latest} == newest
    assert all(row["time"] == row["stored_time"] for row in latest)
    assert_same_rollups(items, source)


def months(database: Database) -> Iterator[str]:
    query = "SELECT relname FROM pg_class WHERE relname ^@ 'price_quotes_' AND relkind = 'r' ORDER BY 1"
    return (row["relname"] for row in database.rows(query))


@pytest.mark.plain
def test_past_years_have_one_partition_and_this_year_has_months(database: Database) -> None:
    now = datetime.now(UTC)
    database.execute(
        "CALL price_partitions(%s, %s)", [datetime(2014, 5, 1, tzinfo=UTC), datetime(2015, 2, 1, tzinfo=UTC)]
    )
    database.execute("CALL price_partitions(%s, %s)", [now, now])
    database.execute(
        "CALL price_partitions(%s, %s)", [datetime(2014, 1, 1, tzinfo=UTC), datetime(2014, 2, 1, tzinfo=UTC)]
    )
    assert list(months(database)) == ["price_quotes_2014", "price_quotes_2015", f"price_quotes_{now:%Y_%m}"]


@pytest.mark.plain
def test_a_past_year_that_began_with_months_goes_on_with_them(database: Database) -> None:
    database.execute(
        "CREATE TABLE price_quotes_2015_03 PARTITION OF price_quotes FOR VALUES FROM ('2015-03-01') TO ('2015-04-01')"
    )
    database.execute(
        "CALL price_partitions(%s, %s)", [datetime(2015, 2, 1, tzinfo=UTC), datetime(2015, 4, 9, tzinfo=UTC)]
    )
    assert list(months(database)) == [f"price_quotes_2015_0{month}" for month in (2, 3, 4)]


def test_making_partitions_does_not_wait_for_readers(items: Database, source: str) -> None:
    store(items, source, [(1, 0, 500, 2, 0)])
    with items.connection() as reader, reader.transaction():
        reader.execute("SELECT count(*) FROM price_history")
        with items.connection() as maker:
            maker.execute("SET lock_timeout = '300ms'")
            maker.execute("CALL price_partitions('2010-01-01', '2010-02-01')")
            maker.execute("RESET lock_timeout")
