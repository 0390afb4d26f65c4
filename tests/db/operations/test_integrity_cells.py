"""Whatever cell of whatever roll-up is spoiled, at whatever age: it is found, named, and put right."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString

import numpy as np
import pytest
from psycopg import sql

from db.core.pool import Database
from db.operations import integrity
from db.quotes import writer
from db.quotes.buckets import WIDTHS_US

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
MIDNIGHT = NOW.replace(hour=0)
FORGOTTEN = 50
"""Days after which raw quotes are deleted here."""
AGES = {"recent": 3, "over a month old": 40, "without raw quotes": 62}
CELLS = {
    "open": "open + 1",
    "high": "high + 1",
    "low": "low - 1",
    "close": "close + 1",
    "average": "average + 0.001",
    "stddev": "stddev + 0.001",
    "volume": "volume + 1",
    "volume ": "NULL",
    "volume_rolling": "NOT volume_rolling",
    "samples": "samples + 1",
    "samples ": "samples - 1",
    "open_time": "open_time + interval '1 second'",
    "close_time": "close_time - interval '1 second'",
    "volume_time": "coalesce(volume_time, open_time) + interval '1 second'",
}
OWN, ROLLING, SELDOM = 1, 2, 3
"""Items: volumes of their own intervals, rolling volumes, and one quoted in one hour a day."""


def history() -> Iterator[tuple[int, datetime, int, int, int]]:
    random = np.random.default_rng(5)
    for day in range(70, 0, -1):
        for hour in (2, 3, 9, 23):
            for item in (OWN, ROLLING, SELDOM):
                if item == SELDOM and hour != 9:
                    continue
                for minute in (10, 25, 50):
                    at = MIDNIGHT - timedelta(days=day) + timedelta(hours=hour, minutes=minute)
                    yield item, at, int(random.integers(100, 5000)), int(random.integers(1, 90)), int(item == ROLLING)


@pytest.fixture
def market(database: Database) -> Database:
    database.execute(
        "INSERT INTO items (id, market, market_hash_name, match_key, slug)"
        " SELECT n, 'steam:730', 'Item ' || n, 'item ' || n, 'item-' || n FROM generate_series(1, 4) n"
    )
    rows = list(history())
    time = np.array([int(at.timestamp()) * 1_000_000 for _, at, *_ in rows])
    item, price, volume, rolling = (np.array([row[at] for row in rows]) for at in (0, 2, 3, 4))
    given = writer.QuoteColumns.of(item, time, price, volume=volume, rolling=rolling)
    with database.connection() as connection:
        writer.make_partitions(connection, given)
        with connection.transaction():
            writer.lock_source(connection, "steam")
            writer.store(connection, "steam", given, heartbeat=timedelta(0))
    database.execute("DELETE FROM price_history WHERE time < %s", [MIDNIGHT - timedelta(days=FORGOTTEN)])
    return database


def content(database: Database) -> dict[str, list[dict[str, Any]]]:
    query = "SELECT * FROM {} ORDER BY source, item_id, {}"
    found = {name: database.rows(query.format(name, "bucket")) for name in WIDTHS_US}
    found["price_latest"] = database.rows(query.format("price_latest", "time"))
    for row in (row for rows in found.values() for row in rows):
        row |= {name: pytest.approx(row[name], rel=1e-9, abs=1e-6) for name in ("average", "stddev") if name in row}
    return found


def plain(database: Database) -> dict[str, list[dict[str, Any]]]:
    """The same without tolerance, for the left side of a comparison."""
    found = content(database)
    for row in (row for rows in found.values() for row in rows):
        row |= {name: row[name].expected for name in ("average", "stddev") if name in row}
    return found


def spoil(database: Database, table: str, column: str, value: str, item: int, age: str) -> None:
    at = MIDNIGHT - timedelta(days=AGES[age]) + timedelta(hours=9, minutes=10)
    width = timedelta(microseconds=WIDTHS_US[table])
    query = sql.SQL(
        "UPDATE {table} SET {column} = {value} WHERE item_id = %s AND source = 'steam' AND bucket = date_bin(%s, %s, '2000-01-03Z')"
    ).format(table=sql.Identifier(table), column=sql.Identifier(column.strip()), value=sql.SQL(value))
    with database.connection() as connection:
        assert connection.execute(query, [item, width, at]).rowcount == 1


def test_sound_data_has_no_findings_and_says_what_it_could_not_recompute(market: Database) -> None:
    report = integrity.check(market)
    assert report.differences == 0
    forgotten = market.row(
        "SELECT count(*) AS n FROM price_1h WHERE bucket < %s", [MIDNIGHT - timedelta(days=FORGOTTEN)]
    )
    assert forgotten
    assert report.unchecked["price_1h"] == forgotten["n"] > 0
    assert report.rows["price_24h"] == 3 * 70


@pytest.mark.slow
@pytest.mark.parametrize("age", AGES)
@pytest.mark.parametrize("table", WIDTHS_US)
def test_every_spoiled_cell_is_named_and_repaired(market: Database, table: str, age: str) -> None:
    before = content(market)
    market.execute("CREATE TABLE saved AS TABLE price_1h")
    deleted = age == "without raw quotes" and table == "price_1h"
    for column, value in CELLS.items():
        for item in (SELDOM,) if deleted else (OWN, ROLLING):
            spoil(market, table, column, value, item, age)
            report = integrity.check(market)
            found = report.tally.examples
            assert report.differences, (column, item)
            if not deleted:
                (named,) = found[table, column.strip()]
                assert (named.item_id, named.source) == (item, "steam")
                assert named.stored != named.expected
                repaired = integrity.check(market, repair=True)
                assert (repaired.unrepaired, repaired.repaired[table]) == (0, 1), (column, item)
                assert integrity.verify(market) == []
            else:
                # No repair can know the hour.
                market.execute("TRUNCATE price_hours")
                market.execute("INSERT INTO price_hours TABLE saved")
            assert plain(market) == before, (column, item)


CHANGES: dict[str, LiteralString] = {
    "gone": "DELETE FROM {table} WHERE {row}",
    "misplaced": "UPDATE {table} SET bucket = bucket + interval '7 minutes' WHERE {row}",
    "another item's": "UPDATE {table} SET item_id = 4 WHERE {row}",
    "another source's": "UPDATE {table} SET source = 'other' WHERE {row}",
}
RESTORABLE = [(table, age) for table in WIDTHS_US for age in AGES if (table, age) != ("price_1h", "without raw quotes")]
ROW = sql.SQL("item_id = 1 AND source = 'steam' AND bucket = date_bin(%s, %s, '2000-01-03Z')")


def change(database: Database, table: str, age: str, text: LiteralString) -> None:
    """Change one row of item OWN."""
    at = MIDNIGHT - timedelta(days=AGES[age]) + timedelta(hours=9, minutes=10)
    query = sql.SQL(text).format(table=sql.Identifier(table), row=ROW)
    with database.connection() as connection:
        assert connection.execute(query, [timedelta(microseconds=WIDTHS_US[table]), at]).rowcount == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize(("table", "age"), RESTORABLE)
def test_a_row_that_is_gone_or_should_not_be_there_is_found_and_the_right_one_comes_back(
    market: Database, table: str, age: str, name: str
) -> None:
    before = content(market)
    change(market, table, age, CHANGES[name])
    assert integrity.check(market).differences
    integrity.check(market, repair=True)
    after = plain(market)
    for (
        rows
    ) in after.values():  # rows of their own without any quote: what is all that is left of quotes is never erased
        rows[:] = [row for row in rows if row["item_id"] != 4 and row["source"] != "other"]
    assert after == before


def test_an_hour_that_is_gone_with_its_quotes_is_found_and_nothing_above_it_is_lost(market: Database) -> None:
    before = content(market)
    change(market, "price_1h", "without raw quotes", CHANGES["gone"])
    assert integrity.check(market, repair=True).unrepaired > 0
    after = plain(market)
    for table in ("price_24h", "price_7d", "price_latest"):
        assert after[table] == before[table]


@pytest.mark.slow
@pytest.mark.parametrize("days", AGES.values(), ids=AGES)
def test_a_planted_hour_is_found_and_removed_or_nothing_follows_it(market: Database, days: int) -> None:
    before = content(market)
    at = MIDNIGHT - timedelta(days=days) + timedelta(hours=15)
    market.execute(
        "INSERT INTO price_1h VALUES (1, 'steam', %s, 5, 5, 5, 5, 5, 0, NULL, NULL, 1, %s, %s, NULL)", [at, at, at]
    )
    assert integrity.verify(market)
    report = integrity.check(market, repair=True)
    if days > FORGOTTEN:  # the day and the week say that an hour is wrong, but not which
        assert report.unrepaired == 1
        market.execute("DELETE FROM price_1h WHERE bucket = %s", [at])
    assert plain(market) == before


def test_many_faults_at_once_are_counted_in_full_and_named_in_part(market: Database) -> None:
    market.execute(
        "UPDATE price_1h SET close = close + 1, volume = volume + 1 WHERE bucket > %s", [MIDNIGHT - timedelta(days=45)]
    )
    report = integrity.check(market)
    row = market.row("SELECT count(*) AS n FROM price_1h WHERE bucket > %s", [MIDNIGHT - timedelta(days=45)])
    assert row
    assert report.tally.counts["price_1h", "close"] == report.tally.counts["price_1h", "volume"] == row["n"] > 100
    assert len(report.tally.examples["price_1h", "close"]) == 20
    text = str(report.tally.examples["price_1h", "close"][0])
    assert text.startswith("price_1h: item 1 steam ")
    assert ": close: kept " in text
