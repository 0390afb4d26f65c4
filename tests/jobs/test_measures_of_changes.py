"""A run that looks at what was written since the run before leaves, byte for byte, what a run of everything leaves."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
import redis

from db.core.pool import Database
from db.items import simulated
from db.items.rankings import RUN_KEY
from db.quotes import corrections, raw, writer
from jobs import measures

BEGIN = datetime(2024, 5, 8, 10, 37, 30, tzinfo=UTC)
SOURCES = ("steam", "skinport", "csfloat")
ITEMS = 8
SECOND = 1_000_000
STEPS = [timedelta(seconds=20), timedelta(minutes=1), timedelta(minutes=4), timedelta(minutes=61), timedelta(days=2)]


class Market:
    """A database, a clock that goes on, and dice."""

    def __init__(self, database: Database, client: redis.Redis, seed: int) -> None:
        self.database, self.redis = database, client
        self.dice = np.random.default_rng(seed)
        self.now = BEGIN
        self.kept = measures.Kept()
        self.left = False
        """Whether simulated prices were left behind."""

    def quotes(self, items: Any, times: Any, price: int | None = None) -> writer.QuoteColumns:
        prices = self.dice.integers(80, 9_000, len(items)) if price is None else np.full(len(items), price)
        return writer.QuoteColumns.of(items, times, prices, volume=self.dice.integers(0, 90, len(items)), rolling=0)

    def store(self, source: str, quotes: writer.QuoteColumns) -> None:
        with self.database.connection() as connection:
            writer.make_partitions(connection, quotes)
            with connection.transaction():
                writer.lock_source(connection, source)
                writer.store(connection, source, quotes, heartbeat=timedelta(0))

    def source(self) -> str:
        return str(self.dice.choice(SOURCES))

    def some(self, count: int) -> Any:
        return self.dice.integers(1, ITEMS + 1, count)

    def before_now(self, count: int, span: timedelta) -> Any:
        return int(self.now.timestamp()) * SECOND - self.dice.integers(0, int(span.total_seconds()), count) * SECOND


def live(market: Market) -> None:
    market.store(market.source(), market.quotes(items := market.some(3), market.before_now(len(items), STEPS[1])))


def ahead(market: Market) -> None:
    """Quotes of clocks that are two minutes fast."""
    market.store(
        "steam", market.quotes(items := market.some(2), market.before_now(len(items), STEPS[1]) + 120 * SECOND)
    )


def backfill(market: Market) -> None:
    market.store(
        market.source(), market.quotes(items := market.some(40), market.before_now(len(items), timedelta(days=50)))
    )


def correct(market: Market) -> None:
    newest = "SELECT item_id, source, time FROM price_quotes ORDER BY time DESC, item_id LIMIT 1 OFFSET %s"
    row = market.database.row(newest, [int(market.dice.integers(0, 60))])
    if row is None:
        return
    quotes = market.quotes(np.array([row["item_id"]]), np.array([int(row["time"].timestamp()) * SECOND]))
    with market.database.connection() as connection, connection.transaction():
        writer.lock_source(connection, row["source"])
        corrections.replace_quotes(connection, row["source"], quotes, heartbeat=timedelta(0))


def delete(market: Market) -> None:
    before = market.now - timedelta(minutes=int(market.dice.integers(1, 90)))
    raw.delete_raw(market.database, market.source(), before, sparing=[])


def spike(market: Market) -> None:
    """A sale that is left out as an outlier."""
    market.store("steam", market.quotes(np.array([1]), market.before_now(1, timedelta(hours=30)), price=900_000))


def simulate(market: Market) -> None:
    if not market.left:
        market.store("demo", market.quotes(items := market.some(5), market.before_now(len(items), timedelta(days=1))))


def leave_simulated(market: Market) -> None:
    market.left = True
    with market.database.connection() as connection:
        simulated.forget_simulated(connection, ["demo"])


CHANGES: list[Callable[[Market], None]] = [
    live, live, live, ahead, backfill, correct, delete, spike, simulate, leave_simulated, lambda _: None,
]  # fmt: skip


def everything(database: Database, client: redis.Redis) -> dict[str, Any]:
    """All that measures leave: rows as text, moments, references, and what Redis holds of rankings."""
    rows = database.rows(
        "SELECT item_id, source, \"window\", (to_jsonb(m) - ARRAY['as_of', 'computed_at'])::text AS cells FROM item_metrics m"
    )
    left: dict[str, Any] = {f"{row['item_id']} {row['source']} {row['window']}": row["cells"] for row in rows}
    left["runs"] = {row["window"]: row["as_of"] for row in database.rows('SELECT "window", as_of FROM measure_runs')}
    left["references"] = {
        row["id"]: row["reference_source"] for row in database.rows("SELECT id, reference_source FROM items")
    }
    found: Any = client.keys("rankings:*")
    for key in sorted(set(found) - {RUN_KEY.encode()}):
        kind: Any = client.type(key)
        if kind == b"zset":
            left[key.decode()] = client.zrange(key, 0, -1, withscores=True)
        else:
            left[key.decode()] = client.hgetall(key) if kind == b"hash" else client.get(key)
    return left


def of_a_whole_run(market: Market) -> dict[str, Any]:
    """What a run of everything leaves where nothing was; the job's own results count as the last ones again."""
    market.database.execute("DELETE FROM item_metrics")
    rankings: Any = market.redis.keys("rankings:*")
    if rankings:
        market.redis.delete(*rankings)
    measures.run(market.database, market.redis, market.now)
    if last := market.kept.last:
        market.database.execute("UPDATE measure_writer SET run = %s", [last.run])
        market.redis.set(RUN_KEY, last.run.bytes)
    return everything(market.database, market.redis)


@pytest.fixture
def items(database: Database) -> Database:
    database.execute(
        "INSERT INTO items (id, market, market_hash_name, match_key, slug)"
        " SELECT n, 'steam:730', 'Item ' || n, 'item ' || n, 'item-' || n FROM generate_series(1, %s) n",
        [ITEMS],
    )
    return database


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_runs_of_changes_leave_what_a_whole_run_leaves(items: Database, redis_client: redis.Redis, seed: int) -> None:
    market = Market(items, redis_client, seed)
    for _ in range(3):
        backfill(market)
    measures.run(items, redis_client, market.now, market.kept)
    built_upon = 0
    for step in range(14):
        for change in market.dice.choice(np.array(CHANGES, dtype=object), 2):
            change(market)
        market.now += STEPS[market.dice.choice(5, p=[0.3, 0.3, 0.2, 0.15, 0.05])]
        measures.run(items, redis_client, market.now, market.kept)
        left = everything(items, redis_client)
        assert market.kept.last is not None
        built_upon += market.kept.last.checked < market.now
        assert left == of_a_whole_run(market), (seed, step)
    assert built_upon >= 3


@pytest.fixture
def market(items: Database, redis_client: redis.Redis) -> Market:
    """Measured once."""
    market = Market(items, redis_client, 1)
    for _ in range(3):
        backfill(market)
    measures.run(items, redis_client, market.now, market.kept)
    return market


def test_what_nobody_noted_is_found_by_the_run_that_trusts_nothing(market: Market) -> None:
    before = everything(market.database, market.redis)
    market.database.execute("DELETE FROM price_hours WHERE item_id = 1")
    market.now += timedelta(seconds=20)
    assert measures.run(market.database, market.redis, market.now, market.kept).changed == 0
    assert any(name.startswith("1 ") for name in before)
    market.now += measures.CHECK_EVERY
    assert measures.run(market.database, market.redis, market.now, market.kept).changed > 0
    found = everything(market.database, market.redis)
    assert not any(name.startswith("1 ") for name in found)
    assert found == of_a_whole_run(market)


def test_after_another_one_wrote_measures_all_are_written(market: Market) -> None:
    whole = everything(market.database, market.redis)
    measures.run(market.database, market.redis, market.now + timedelta(days=20))
    assert everything(market.database, market.redis) != whole
    measures.run(market.database, market.redis, market.now, market.kept)
    assert everything(market.database, market.redis) == whole


def test_a_redis_that_lost_its_data_gets_all_rankings(market: Market) -> None:
    whole = everything(market.database, market.redis)
    market.redis.flushall()
    measures.run(market.database, market.redis, market.now, market.kept)
    assert everything(market.database, market.redis) == whole


def test_after_a_run_without_redis_all_rankings_are_written(market: Market) -> None:
    live(market)
    market.now += timedelta(seconds=20)
    nowhere = redis.Redis.from_url("unix:///nonexistent/valkey.sock")
    measures.run(market.database, nowhere, market.now, market.kept)
    measures.run(market.database, market.redis, market.now, market.kept)
    assert everything(market.database, market.redis) == of_a_whole_run(market)


def test_what_a_run_has_read_is_not_noted_any_longer(market: Market) -> None:
    live(market)
    assert market.database.row("SELECT 1 FROM quote_changes")
    measures.run(market.database, market.redis, market.now, market.kept)
    assert market.database.row("SELECT 1 FROM quote_changes") is None


def test_a_transaction_that_ends_after_a_run_is_seen_by_the_next(market: Market) -> None:
    """Its notes are older than the run's look, and were not visible then."""
    with market.database.connection() as connection:
        quotes = market.quotes(np.array([2, 3]), market.before_now(2, STEPS[1]))
        writer.make_partitions(connection, quotes)
        with connection.transaction():
            writer.lock_source(connection, "steam")
            writer.store(connection, "steam", quotes, heartbeat=timedelta(0))
            market.store("skinport", market.quotes(np.array([5]), market.before_now(1, STEPS[1])))
            measures.run(market.database, market.redis, market.now, market.kept)
    measures.run(market.database, market.redis, market.now, market.kept)
    assert everything(market.database, market.redis) == of_a_whole_run(market)
