"""The measures job against a real database: its rows equal `app.analytics` on the same closes, its sorted sets its rows."""

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
import redis

from app.analytics import GATES, WINDOWS, Gate, Measures, Window, bucket_edges, measure
from db.core.pool import Database
from db.items.measures import MEASURES, of_item
from db.quotes import writer
from jobs import measures

AS_OF = datetime(2024, 5, 8, 10, 37, 30, tzinfo=UTC)
MINUTE = 60
DAYS = 32
RANKED_WINDOWS = tuple(WINDOWS)

Series = dict[tuple[int, str], np.ndarray[Any, np.dtype[np.int64]]]
"""By item and source: rows of (epoch seconds, price, volume), the oldest first."""


def walk(seed: int, start: int, spread: float, every: int, days: float = DAYS) -> np.ndarray[Any, np.dtype[np.int64]]:
    """A random walk of prices until a day after AS_OF, a quote every so many minutes."""
    random = np.random.default_rng(seed)
    until = int(AS_OF.timestamp()) + 24 * 60 * MINUTE
    seconds = np.arange(until - int(days * 86_400), until, every * MINUTE)
    seconds = seconds + random.integers(0, every * MINUTE, len(seconds))
    price = np.maximum(1, start * np.exp(np.cumsum(random.normal(0, spread, len(seconds))))).astype(np.int64)
    return np.stack([seconds, price, random.integers(0, 60, len(seconds))], axis=1)


@pytest.fixture
def series() -> Series:
    return {
        (1, "steam"): walk(1, 5_000, 0.010, 7),
        (2, "steam"): walk(2, 900, 0.004, 40),
        (2, "skinport"): walk(3, 950, 0.020, 11),
        (3, "steam"): walk(4, 70_000, 0.030, 400),
        (4, "csfloat"): walk(5, 3, 0.001, 15),
        (5, "demo"): walk(6, 2_000, 0.050, 5),
        (5, "csfloat"): walk(7, 2_000, 0.050, 180, days=3),
        (6, "steam"): walk(8, 2_000, 0.050, 30, days=20)[:3],
    }


@pytest.fixture
def market(database: Database, series: Series) -> Database:
    database.execute(
        "INSERT INTO items (id, market, market_hash_name, match_key, slug)"
        " SELECT n, 'steam:730', 'Item ' || n, 'item ' || n, 'item-' || n FROM generate_series(1, 6) n"
    )
    for (item, source), rows in series.items():
        store(database, item, source, rows)
    return database


def store(database: Database, item: int, source: str, rows: np.ndarray[Any, np.dtype[np.int64]]) -> None:
    given = writer.QuoteColumns.of(
        np.full(len(rows), item), rows[:, 0] * 1_000_000, rows[:, 1], volume=rows[:, 2], rolling=0
    )
    with database.connection() as connection:
        writer.make_partitions(connection, given)
        with connection.transaction():
            writer.lock_source(connection, source)
            writer.store(connection, source, given, heartbeat=timedelta(0))


def expected(rows: np.ndarray[Any, np.dtype[np.int64]], window: Window, as_of: datetime) -> Measures | None:
    """`app.analytics` on closes bucketed here, quote by quote; None where nothing was observed."""
    edges = bucket_edges(window, as_of.timestamp())
    close, high, low = (np.full((1, window.buckets), np.nan) for _ in range(3))
    previous = np.array([np.nan])
    for second, price, _ in rows[rows[:, 0] <= as_of.timestamp()].tolist():
        if second < edges[0]:
            reach = 2 * 86_400 if window.name == "1h" else math.inf
            previous[0] = price if second >= edges[0] - reach else np.nan
            continue
        at = (second - int(edges[0])) // window.bucket_seconds
        close[0, at] = price
        high[0, at] = np.fmax(high[0, at], price)
        low[0, at] = np.fmin(low[0, at], price)
    if np.isnan(close).all():
        return None
    return measure(close, bucket_seconds=window.bucket_seconds, previous_close=previous, high=high, low=low)


def kept(database: Database) -> dict[tuple[int, str, str], dict[str, Any]]:
    rows = database.rows('SELECT * FROM item_metrics ORDER BY item_id, source, "window"')
    for row in rows:
        del row["computed_at"]
        row["sparkline"] = [None if math.isnan(value) else value for value in row["sparkline"]]
    return {(row["item_id"], row["source"], row["window"]): row for row in rows}


def assert_row(row: dict[str, Any], values: Measures) -> None:
    for name in MEASURES:
        value = float(getattr(values, name)[0])
        if math.isnan(value):
            assert row[name] is None, name
        else:
            assert row[name] == pytest.approx(value, rel=1e-9, abs=1e-12), name
    assert row["samples"] == int(values.samples[0])
    assert row["coverage"] == pytest.approx(float(values.coverage[0]))


def test_each_row_equals_the_measures_of_the_same_closes(
    market: Database, redis_client: redis.Redis, series: Series
) -> None:
    summary = measures.run(market, redis_client, AS_OF)
    rows = kept(market)
    wanted = {
        (*pair, window.name): values
        for pair, given in series.items()
        for window in WINDOWS.values()
        if (values := expected(given, window, AS_OF)) is not None
    }
    assert rows.keys() == wanted.keys()
    assert len({window for _, _, window in rows}) == len(WINDOWS)
    for key, values in wanted.items():
        assert_row(rows[key], values)
        assert rows[key]["as_of"] == AS_OF
    assert sum(summary.pairs.values()) == summary.changed == len(rows)


def test_last_price_and_volume_are_those_of_the_window(
    market: Database, redis_client: redis.Redis, series: Series
) -> None:
    measures.run(market, redis_client, AS_OF)
    edges = bucket_edges(WINDOWS["24h"], AS_OF.timestamp())
    given = series[1, "steam"]
    inside = given[(given[:, 0] >= edges[0]) & (given[:, 0] <= AS_OF.timestamp())]
    row = kept(market)[1, "steam", "24h"]
    assert (row["last_price"], row["volume"], row["volume_rolling"]) == (inside[-1, 1], inside[:, 2].sum(), False)
    assert row["sparkline"][-1] == inside[-1, 1]


def test_what_came_after_as_of_is_not_seen(market: Database, redis_client: redis.Redis, series: Series) -> None:
    measures.run(market, redis_client, AS_OF)
    with_future = kept(market)
    market.execute("DELETE FROM item_metrics")
    market.execute("TRUNCATE price_quotes, price_latest, price_hours, price_days, price_weeks")
    for (item, source), rows in series.items():
        store(market, item, source, rows[rows[:, 0] <= AS_OF.timestamp()])
    measures.run(market, redis_client, AS_OF)
    assert kept(market) == with_future
    later = AS_OF + timedelta(hours=3)
    measures.run(market, redis_client, later)
    assert {row["as_of"] for row in kept(market).values()} >= {later}
    assert kept(market) != with_future


def test_the_reference_is_the_best_covered_real_source(market: Database, redis_client: redis.Redis) -> None:
    measures.run(market, redis_client, AS_OF)
    references = {key for key, row in kept(market).items() if row["reference"]}
    assert (2, "skinport", "7d") in references
    assert (5, "csfloat", "7d") in references, "a simulated source never speaks for an item that has a real one"
    assert (5, "demo", "30d") not in references
    chosen = market.rows("SELECT id, reference_source FROM items ORDER BY id")
    assert {row["id"]: row["reference_source"] for row in chosen} == {
        1: "steam", 2: "skinport", 3: "steam", 4: "csfloat", 5: "csfloat", 6: None,
    }  # fmt: skip


def ranking(client: redis.Redis, key: str) -> dict[int, float]:
    members: Any = client.zrange(key, 0, -1, withscores=True)
    return {int(member): score for member, score in members}


@pytest.mark.parametrize("window", RANKED_WINDOWS)
def test_sorted_sets_equal_the_rows_that_pass_the_gate(
    market: Database, redis_client: redis.Redis, window: str
) -> None:
    measures.run(market, redis_client, AS_OF)
    rows = [row for row in kept(market).values() if row["window"] == window and row["reference"]]
    days = WINDOWS[window].seconds / 86_400
    listed = 0
    for metric in (*MEASURES, "volume"):
        gate = GATES.get("volatile" if metric == "return_volatility" else metric, Gate())
        passing = {
            row["item_id"]: float(row[metric])
            for row in rows
            if row[metric] is not None
            and row["samples"] >= gate.least_samples
            and row["coverage"] >= gate.least_coverage
            and row["last_price"] / 100 >= gate.least_price
            and row["volume"] / days >= gate.least_volume
        }
        assert ranking(redis_client, f"rankings:{metric}:{window}") == pytest.approx(passing), metric
        listed += len(passing)
    assert listed > 0
    volatile = ranking(redis_client, f"rankings:return_volatility:{window}")
    assert ranking(redis_client, f"rankings:volatile:{window}") == volatile
    assert 4 not in volatile, "three cents are below the least price"
    if window == "24h":
        assert ranking(redis_client, "rankings:volatile") == volatile
    told: Any = redis_client.hgetall(f"rankings:rows:{window}")
    assert {int(item) for item in told} == {row["item_id"] for row in rows}
    for row in rows:
        entry = json.loads(told[str(row["item_id"]).encode()])
        assert entry["source"] == row["source"]
        assert entry["sharpe"] == (None if row["sharpe"] is None else pytest.approx(row["sharpe"]))


def test_a_second_run_changes_nothing_and_publishes_nothing(market: Database, redis_client: redis.Redis) -> None:
    measures.run(market, redis_client, AS_OF)
    before = kept(market)
    listener = redis_client.pubsub()  # type: ignore[no-untyped-call]
    listener.subscribe("volatility")
    assert measures.run(market, redis_client, AS_OF).changed == 0
    heard = [message for _ in range(5) if (message := listener.get_message(timeout=0.1))]
    listener.close()
    assert [message["type"] for message in heard] == ["subscribe"]
    assert kept(market) == before


def test_an_item_no_longer_observed_loses_its_measures_and_rank(market: Database, redis_client: redis.Redis) -> None:
    measures.run(market, redis_client, AS_OF)
    assert (6, "steam", "30d") in kept(market)
    measures.run(market, redis_client, AS_OF + timedelta(days=60))
    assert kept(market) == {}
    assert ranking(redis_client, "rankings:volatile") == {}


def test_measures_are_stored_without_redis(market: Database) -> None:
    nowhere = redis.Redis.from_url("unix:///nonexistent/valkey.sock")
    assert measures.run(market, nowhere, AS_OF).changed > 0
    assert kept(market)


def hourly(seconds: list[int], prices: list[int]) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.stack([np.array(seconds), np.array(prices), np.zeros(len(prices), dtype=np.int64)], axis=1)


def test_every_measure_is_that_of_the_run_even_where_only_the_range_differs(
    database: Database, redis_client: redis.Redis
) -> None:
    """Closes, their number and their spread are the same at both moments; high, low, ATR and Parkinson's are not."""
    database.execute(
        "INSERT INTO items (id, market, market_hash_name, match_key, slug) VALUES (1, 'steam:730', 'A', 'a', 'a')"
    )
    hour = int(AS_OF.timestamp()) // 3600 * 3600
    before = [hour - 3600 * back for back in range(40, 0, -1)]
    closes = [1_000 + 7 * (back % 5) for back in range(40)]
    store(database, 1, "steam", hourly([*before, hour, hour + 600, hour + 1_200], [*closes, 1_000, 1_300, 1_000]))
    later, earlier = (datetime.fromtimestamp(hour + seconds, UTC) for seconds in (1_500, 300))
    measures.run(database, redis_client, later)
    stale = kept(database)
    measures.run(database, redis_client, earlier)
    rerun = kept(database)
    database.execute("DELETE FROM item_metrics")
    measures.run(database, redis_client, earlier)
    assert rerun == kept(database)
    assert rerun[1, "steam", "7d"]["atr"] != stale[1, "steam", "7d"]["atr"]
    assert rerun[1, "steam", "7d"]["rolling_stddev"] == stale[1, "steam", "7d"]["rolling_stddev"]


def test_as_of_and_computed_at_are_those_of_the_last_run_where_nothing_changed(
    market: Database, redis_client: redis.Redis
) -> None:
    measures.run(market, redis_client, AS_OF)
    begun = datetime.now(UTC)
    later = AS_OF + timedelta(milliseconds=1)
    assert measures.run(market, redis_client, later).changed == 0
    rows = [of_item(market, item, window, source) or {} for item, source, window in kept(market)]
    assert {row["as_of"] for row in rows} == {later}
    assert min(row["computed_at"] for row in rows) >= begun
    assert redis_client.get("rankings:as_of:24h") == json.dumps(later.isoformat().replace("+00:00", "Z")).encode()


def test_a_source_that_fell_silent_loses_its_measures_though_another_goes_on(
    market: Database, redis_client: redis.Redis
) -> None:
    measures.run(market, redis_client, AS_OF)
    assert {(2, "steam", "24h"), (2, "skinport", "24h")} <= kept(market).keys()
    later = AS_OF + timedelta(days=1, hours=20)
    store(market, 2, "steam", hourly([int(later.timestamp()) - 600], [905]))
    measures.run(market, redis_client, later)
    left = kept(market)
    assert [key for key in left if key[0] == 2 and key[2] == "1h"] == [(2, "steam", "1h")]
    assert left[2, "steam", "1h"]["reference"]
