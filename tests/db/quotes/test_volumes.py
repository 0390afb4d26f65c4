"""A rolling 24 h volume is the newest figure, never the greatest: in every bucket, also that of the running hour."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import redis

from db.core.binary import UNKNOWN
from db.core.pool import Database
from db.quotes import candles, closes, writer
from jobs import measures

HOUR = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
AS_OF = HOUR + timedelta(minutes=59)
FALLS, SILENT, MIXED, OWN = 1, 2, 3, 4
QUOTES = [
    # item, minute, volume, rolling
    (FALLS, 20, 500, 1), (FALLS, 21, 90, 1), (FALLS, 24, 30, 1),
    (SILENT, 20, 500, 1), (SILENT, 22, 40, 1), (SILENT, 24, UNKNOWN, 1),
    (MIXED, 20, 500, 1), (MIXED, 21, UNKNOWN, 0), (MIXED, 24, 70, 1),
    (OWN, 20, 500, 1), (OWN, 21, 3, 0), (OWN, 24, 4, 0),
]  # fmt: skip
RIGHT = {FALLS: (30, True), SILENT: (40, True), MIXED: (70, True), OWN: (7, False)}


@pytest.fixture
def market(database: Database) -> Database:
    database.execute(
        "INSERT INTO items (id, market, market_hash_name, match_key, slug)"
        " SELECT n, 'steam:730', 'Item ' || n, 'item ' || n, 'item-' || n FROM generate_series(1, 4) n"
    )
    item, minute, volume, rolling = np.array(QUOTES, dtype=np.int64).T
    time = int(HOUR.timestamp()) * 1_000_000 + minute * 60_000_000
    given = writer.QuoteColumns.of(item, time, 100 + minute, volume=volume, rolling=rolling)
    with database.connection() as connection:
        writer.make_partitions(connection, given)
        with connection.transaction():
            writer.lock_source(connection, "steam")
            writer.store(connection, "steam", given, heartbeat=timedelta(minutes=30))
    return database


@pytest.mark.parametrize("table", ["price_1h", "price_24h", "price_7d"])
def test_volumes_of_every_rollup_follow_the_rule(market: Database, table: str) -> None:
    rows = market.rows(f"SELECT item_id, volume, volume_rolling FROM {table}")  # noqa: S608
    assert {row["item_id"]: (row["volume"], row["volume_rolling"]) for row in rows} == RIGHT


@pytest.mark.parametrize("interval", ["5m", "1h", "1d", "1w"])
def test_volumes_of_every_chart_follow_the_rule(market: Database, interval: str) -> None:
    for item, (volume, rolling) in RIGHT.items():
        found = candles.candles(market, item, "steam", interval, since=HOUR - timedelta(days=8))
        assert (found.volume[-1], bool(found.rolling[-1])) == (volume, rolling)


@pytest.mark.parametrize("read", [closes.hourly, closes.five_minutes])
@pytest.mark.parametrize("as_of", [AS_OF, AS_OF + timedelta(hours=1)], ids=["running hour", "closed hour"])
def test_volumes_of_closes_follow_the_rule(
    market: Database, read: Callable[..., closes.Closes], as_of: datetime
) -> None:
    found = read(market, "steam:730", HOUR - timedelta(hours=3), as_of, range(1, 5))
    for row, item in enumerate(found.item_id.tolist()):
        cell = found.cells[found.row == row][-1]
        volume, rolling = RIGHT[item]
        assert (cell["volume"], cell["rolling"]) == (volume, rolling)


def test_volumes_of_stored_measures_follow_the_rule(market: Database, redis_client: redis.Redis) -> None:
    measures.run(market, redis_client, AS_OF)
    rows = market.rows('SELECT item_id, "window", volume, volume_rolling FROM item_metrics')
    assert len(rows) == 4 * 4
    for row in rows:
        assert (row["volume"], row["volume_rolling"]) == RIGHT[row["item_id"]], row
