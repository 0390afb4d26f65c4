"""The database at a size: how it fills, answers, is measured and checked, beside a bare COPY of the same rows.

    python -m tests.bench.bench_db [--points 1000000] [--items 30000] [--timescale postgresql://…]

Each item has hourly quotes of up to a week and daily ones before, which random walks made. They come in as a backfill's do, item by item, and
all but the last of them are packed or compressed as the hourly job does it. Then a cycle brings every item's price twice, at first with all
of them changed, and once more with 2 % of them. With --timescale a database on that server is made and dropped.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import numpy as np
import psycopg
import redis

from app.analytics.arrays import Ints
from app.providers.base import Batch as Cycle
from app.providers.base import Quote
from db.core import binary
from db.core.pool import Database
from db.embedded.servers import Embedded
from db.operations import integrity
from db.quotes import candles, raw
from db.quotes.columns import NULLS, QuoteColumns
from db.timescale import columnstore, overlay
from jobs import measures
from jobs.backfill.writers import Batch, Writers
from jobs.ingest import Ingest, Report

HOURS = 168
HOUR = 3_600_000_000
BATCH_POINTS = 200_000
SHOWN, BARS, ROUNDS = 200, 600, 3
SOURCE = "steam"
T = TypeVar("T")
FLOOR = (
    "CREATE TABLE plain (item_id integer, source text, time timestamptz, price bigint, volume bigint, volume_rolling boolean,"
    " listings integer, bid bigint, ask bigint)"
)
ITEMS = (
    "INSERT INTO items (id, market, market_hash_name, match_key, slug, weapon_type, reference_source)"
    " SELECT i, 'steam:730', 'Item ' || i, 'item ' || i, 'item-' || i, 'Case', 'steam' FROM generate_series(1, %s) i"
)
SIZE = "SELECT pg_database_size(current_database()) AS bytes"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--items", type=int, default=30_000)
    parser.add_argument("--timescale", help="address of a server with TimescaleDB, where databases may be made")
    options = parser.parse_args()
    with servers(options.timescale) as (database, client):
        kind = "TimescaleDB" if columnstore.state(database) else "plain"
        print(f"== {options.points:,} points of {options.items:,} items, {kind}", flush=True)
        database.execute(ITEMS, [options.items])
        now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        batches = list(history(options.items, options.points // options.items, now))
        fill(database, batches)
        names = [f"Item {item}" for item in range(1, options.items + 1)]
        live(database, client, names)
        charts(database, options.items)
        measure(database, client, names)
        seconds, found = timed(lambda: integrity.check(database))
        say("db verify", seconds, f"{found.differences} differences")
        print(
            f"{'memory of this process':<34}{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:10,.0f} MB at most"
        )


@contextmanager
def servers(timescale: str | None) -> Iterator[tuple[Database, redis.Redis]]:
    """An empty database, here or on a server with TimescaleDB, and an empty Valkey."""
    name = f"bench_{uuid4().hex[:12]}"
    with tempfile.TemporaryDirectory(prefix="tracera-bench-") as folder:
        embedded = Embedded(Path(folder) / "data", postgres=timescale is None).start()
        try:
            url = embedded.endpoints().database_url
            if timescale:
                with psycopg.connect(timescale, autocommit=True) as connection:
                    connection.execute(f"CREATE DATABASE {name}")
                url = f"{timescale.rsplit('/', 1)[0]}/{name}?connect_timeout=10"
            overlay.upgrade(url)
            database = Database(url, size=4)
            yield database, redis.Redis.from_url(embedded.endpoints().redis_url)
            database.close()
        finally:
            if timescale:
                with psycopg.connect(timescale, autocommit=True) as connection:
                    connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            embedded.stop()


def timed(run: Callable[[], T]) -> tuple[float, T]:
    """Seconds that a call takes, and what it returns."""
    begun = time.perf_counter()
    found = run()
    return time.perf_counter() - begun, found


def say(what: str, seconds: float, more: str = "") -> None:
    print(f"{what:<34}{seconds:10.2f} s   {more}".rstrip(), flush=True)


def history(items: int, each: int, now: datetime) -> Iterator[QuoteColumns]:
    """`each` quotes of every item, the newest two hours old, in batches of whole items."""
    rng = np.random.default_rng(730)
    last = int(now.timestamp()) * 1_000_000 - 2 * HOUR
    hours = min(each, HOURS)
    steps = np.concatenate([np.arange(hours), hours + 24 * np.arange(1, each - hours + 1)])
    times = np.sort(last - steps * HOUR)
    at_once = max(1, BATCH_POINTS // each)
    for first in range(1, items + 1, at_once):
        ids = np.arange(first, min(first + at_once, items + 1))
        shape = (len(ids), each)
        price = 1_000 * np.exp(np.cumsum(rng.normal(0, 0.01, shape), axis=1))
        volume = rng.integers(1, 60, shape)
        offset = (ids % 3_000)[:, None] * 1_000_000  # no two items are quoted at the same moment

        def flat(matrix: Ints) -> Ints:
            return np.ascontiguousarray(matrix, dtype=np.int64).reshape(-1)

        yield QuoteColumns.of(
            flat(np.repeat(ids, each)), flat(times + offset), flat(np.maximum(price, 1)), volume=flat(volume), rolling=0
        )


def fill(database: Database, batches: list[QuoteColumns]) -> None:
    """A bare COPY, then a backfill of the same quotes, and what they take once they are packed."""
    points = sum(len(batch) for batch in batches)

    def copy() -> None:
        with database.connection() as connection:
            connection.execute(FLOOR)
            for batch in batches:
                binary.copy(connection, "plain", batch.for_copy(SOURCE), NULLS)

    seconds, _ = timed(copy)
    say("bare COPY, no key", seconds, f"{points / seconds:,.0f} rows/s")
    database.execute("DROP TABLE plain")
    before = size(database)

    def backfill() -> None:
        with Writers(database, SOURCE, replace=False, heartbeat=timedelta(minutes=30)) as writers:
            for batch in batches:
                writers.store(Batch(batch, np.arange(len(batch))))
        if writers.outcome.new != points:
            raise SystemExit(f"{writers.outcome.new:,} of {points:,} points were stored")

    floor = seconds
    seconds, _ = timed(backfill)
    say("backfill", seconds, f"{points / seconds:,.0f} rows/s, {floor / seconds:.2f} of the COPY")
    seconds, _ = timed(
        lambda: (raw.pack(database, datetime.now(UTC)), columnstore.compress(database, datetime.now(UTC)))
    )
    with database.connection() as connection:
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE")
    say("packing and compression", seconds, f"{(size(database) - before) / points:.1f} bytes a point")


def size(database: Database) -> int:
    row = database.row(SIZE)
    return int(row["bytes"]) if row else 0


def live(database: Database, client: redis.Redis, names: list[str]) -> None:
    """A cycle of every item: names matched, stored, rolled up, published."""
    ingest = Ingest(database, client, heartbeat=timedelta(minutes=30))
    for what, often in (("live cycle, all changed", 1), ("live cycle, 2 % changed", 50)):
        seconds, report = timed(partial(cycle, ingest, names, often))
        say(what, seconds, f"{report.stored:,} stored; {report.database_seconds:.2f} s in the database")


def cycle(ingest: Ingest, names: list[str], often: int) -> Report:
    """Every item's price; of a second cycle one in `often` is another."""
    now = datetime.now(UTC)
    quotes = [Quote(name, SOURCE, 900 + at % 400 + (1 if at % often else often), now) for at, name in enumerate(names)]
    report = Report(SOURCE, now)
    ingest.store(None, Cycle(quotes), report)
    return report


def charts(database: Database, items: int) -> None:
    """The newest 600 candles of two hundred items, each once."""
    chosen = np.random.default_rng(1).integers(1, items + 1, SHOWN).tolist()
    for interval in ("1h", "1d"):
        ask = partial(candles.candles, database, source=SOURCE, interval=interval, limit=BARS)
        taken = [1_000 * timed(partial(ask, item_id=item))[0] for item in chosen]
        middle, worst = np.percentile(taken, [50, 99])
        print(f"{f'{BARS} candles of {interval}':<34}{middle:10.1f} ms  p99 {worst:.1f} ms", flush=True)


def measure(database: Database, client: redis.Redis, names: list[str]) -> None:
    """Measures of all windows, from the database to rankings in Redis: of everything, and after 2 % of the items have changed."""
    kept = measures.Kept()
    now = datetime.now(UTC)
    seconds, found = timed(lambda: measures.run(database, client, now, kept))
    say("measures, everything", seconds, f"{found.changed:,} rows")
    ingest = Ingest(database, client, heartbeat=timedelta(minutes=30))
    for turn in range(ROUNDS):
        quotes = [Quote(name, SOURCE, 700 + at % 90 + turn, datetime.now(UTC)) for at, name in enumerate(names[::50])]
        ingest.store(None, Cycle(quotes), Report(SOURCE, now))
        seconds, found = timed(lambda: measures.run(database, client, datetime.now(UTC), kept))
        say("measures, 2 % changed", seconds, f"{found.changed:,} rows")


if __name__ == "__main__":
    main()
