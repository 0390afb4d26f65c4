"""What the measures job leaves out: closes that are outliers, and base closes that are too old."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
import redis

from app.analytics import WINDOWS, bucket_edges
from db.core.pool import Database, Row
from db.items.measures import MEASURES
from db.quotes import writer
from jobs import measures

AS_OF = datetime(2024, 5, 8, 10, 37, 30, tzinfo=UTC)
HOUR = 3_600
NOW = int(AS_OF.timestamp()) // HOUR * HOUR
SPIKE = 45_000


@pytest.fixture
def market(database: Database) -> Database:
    database.execute(
        "INSERT INTO items (id, market, market_hash_name, match_key, slug, price_scale)"
        " SELECT n, 'steam:730', 'Item ' || n, 'item ' || n, 'item-' || n, CASE n WHEN 3 THEN 100000000 ELSE 100 END"
        " FROM generate_series(1, 3) n"
    )
    return database


def store(database: Database, item: int, rows: list[tuple[int, int, int]]) -> None:
    """Quotes as (hours before the last full hour, price, sales)."""
    hours, prices, sales = (np.array(column, dtype=np.int64) for column in zip(*sorted(rows)[::-1], strict=True))
    given = writer.QuoteColumns.of(
        np.full(len(rows), item), (NOW - hours * HOUR) * 1_000_000, prices, volume=sales, rolling=0
    )
    with database.connection() as connection:
        writer.make_partitions(connection, given)
        with connection.transaction():
            writer.lock_source(connection, "steam")
            writer.store(connection, "steam", given, heartbeat=timedelta(0))


def steady(hours: int, **changed: tuple[int, int]) -> list[tuple[int, int, int]]:
    """Forty sales an hour near 1,000; `h26=(price, sales)` says otherwise of 26 hours before."""
    found = {hour: (1_000 + (0, 3, 1, 4, 2)[hour % 5], 40) for hour in range(hours)}
    found |= {int(name[1:]): value for name, value in changed.items()}
    return [(hour, price, sales) for hour, (price, sales) in found.items()]


def kept(database: Database, item: int, window: str) -> Row:
    row = database.row('SELECT * FROM item_metrics WHERE item_id = %s AND "window" = %s', [item, window])
    assert row
    return row


def scores(client: redis.Redis, metric: str, window: str) -> dict[int, float]:
    members: Any = client.zrange(f"rankings:{metric}:{window}", 0, -1, withscores=True)
    return {int(member): score for member, score in members}


def test_one_sale_at_45_times_the_price_leads_no_ranking(market: Database, redis_client: redis.Redis) -> None:
    store(market, 1, steady(650, h100=(SPIKE, 1)))
    store(market, 2, [(hour, 1_000 + 40 * (hour % 2), 40) for hour in range(650)])
    measures.run(market, redis_client, AS_OF)
    for window in ("7d", "30d"):
        for metric in ("return_volatility", "coefficient_of_variation", "max_drawdown", "ewma_volatility", "atr"):
            found = scores(redis_client, metric, window)
            assert found[2] > found[1] > 0, (metric, window)
        row = kept(market, 1, window)
        at = datetime.fromtimestamp(NOW - 100 * HOUR, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        assert row["outliers"] == [{"time": at, "price": SPIKE}]
        assert row["unscreened"]["samples"] == row["samples"] + 1 == min(650, WINDOWS[window].buckets)
        assert row["unscreened"]["max_drawdown"] > 0.97
        assert row["max_drawdown"] < 0.005
        assert set(row["unscreened"]) == {*MEASURES, "samples", "coverage"}
        entry = json.loads(redis_client.hget(f"rankings:rows:{window}", "1"))  # type: ignore[arg-type]
        assert {name: entry[name] for name in MEASURES} == {name: row[name] for name in MEASURES}
        assert entry["outliers"] == 1
    assert kept(market, 1, "24h")["outliers"] is None
    assert kept(market, 2, "30d")["unscreened"] is None


@pytest.mark.parametrize("hours", [2, 5, 21, 22, 23])
def test_the_first_closes_of_a_window_have_neighbours_before_it(
    market: Database, redis_client: redis.Redis, hours: int
) -> None:
    store(market, 1, steady(60, **{f"h{hours}": (SPIKE, 1)}))
    measures.run(market, redis_client, AS_OF)
    for window in ("24h", "7d", "30d"):
        row = kept(market, 1, window)
        assert row["outliers"]
        assert max(value for value in row["sparkline"] if value == value) < SPIKE  # noqa: PLR0124 - NaN


def test_a_change_does_not_count_from_an_outlier(market: Database, redis_client: redis.Redis) -> None:
    store(market, 1, steady(60, h24=(SPIKE, 1)))
    measures.run(market, redis_client, AS_OF)
    row = kept(market, 1, "24h")
    assert row["percent_change"] == pytest.approx((1_000 - 1_003) / 1_003 * 100, abs=0.5)
    assert row["unscreened"]["percent_change"] == pytest.approx((1_000 - SPIKE) / SPIKE * 100)
    assert [outlier["price"] for outlier in row["outliers"]] == [SPIKE]
    assert row["samples"] == row["unscreened"]["samples"] == 24


def test_rows_are_the_same_in_the_next_run(market: Database, redis_client: redis.Redis) -> None:
    store(market, 1, steady(650, h100=(SPIKE, 1)))
    assert measures.run(market, redis_client, AS_OF).changed == 4
    assert measures.run(market, redis_client, AS_OF).changed == 0
    store(market, 1, [(100, 1_002, 39)])  # a quote of the same time as the spike is a duplicate and changes nothing
    assert measures.run(market, redis_client, AS_OF).changed == 0


@pytest.mark.slow
@pytest.mark.parametrize(("window", "days"), [("1h", 2), ("24h", 2), ("7d", 7), ("30d", 30)])
@pytest.mark.parametrize("inside", [1, 2])
@pytest.mark.parametrize("over", [-1, 1])
def test_a_change_needs_a_close_not_long_before_the_window(
    market: Database, redis_client: redis.Redis, window: str, days: int, inside: int, over: int
) -> None:
    edge = int(bucket_edges(WINDOWS[window], AS_OF.timestamp())[0])
    base = edge - days * 86_400 - over * HOUR
    times = [base // HOUR * HOUR, *[int(AS_OF.timestamp()) - 60 * back for back in range(inside, 0, -1)]]
    rows = writer.QuoteColumns.of(
        np.full(len(times), 1), np.array(times) * 1_000_000, np.array([500, *[1_000] * inside])
    )
    with market.connection() as connection:
        writer.make_partitions(connection, rows)
        with connection.transaction():
            writer.lock_source(connection, "steam")
            writer.store(connection, "steam", rows, heartbeat=timedelta(0))
    measures.run(market, redis_client, AS_OF)
    assert kept(market, 1, window)["percent_change"] == (100 if over < 0 else None)


def test_without_any_earlier_close_the_first_of_the_window_is_the_base(
    market: Database, redis_client: redis.Redis
) -> None:
    store(market, 1, [(3, 1_000, 1), (1, 1_100, 1)])
    measures.run(market, redis_client, AS_OF)
    assert [kept(market, 1, window)["percent_change"] for window in ("24h", "7d", "30d")] == [pytest.approx(10)] * 3


def test_the_least_price_is_in_units_of_the_items_own_scale(market: Database, redis_client: redis.Redis) -> None:
    """0.001 of a coin is 100,000 of its hundred millionths, and below the least price of 0.10."""
    store(market, 1, steady(60))
    store(market, 3, [(hour, price * 100, sales) for hour, price, sales in steady(60)])
    measures.run(market, redis_client, AS_OF)
    assert set(scores(redis_client, "return_volatility", "24h")) == {1}


def test_an_outlier_too_old_for_a_base_is_neither_reported_nor_used(
    market: Database, redis_client: redis.Redis
) -> None:
    """Days without a sale lie between the spike and the window."""
    old = [(hour, price, sales) for hour, price, sales in steady(140) if hour > 100]
    store(market, 1, [*old, (100, SPIKE, 1), *steady(20)])
    measures.run(market, redis_client, AS_OF)
    day, week = kept(market, 1, "24h"), kept(market, 1, "7d")
    assert (day["percent_change"], day["outliers"], day["samples"]) == (None, None, 20)
    assert [outlier["price"] for outlier in week["outliers"]] == [SPIKE]
