"""The measures' job on a whole market, with its own PostgreSQL and Valkey: `python -m tests.bench.bench_measures --job`.

Items with one quote in each hour. A first run reads and writes everything; then minutes in which some of the items were quoted
anew, the end of five minutes, and that of an hour, after which every window has other buckets. What the servers work is told apart
from the job's own processor time, and from what it took: on a busy machine the last says little.
"""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import redis

from app.analytics.arrays import Ints
from db.core.pool import Database
from db.quotes import writer
from jobs import measures
from tests.bench.bench_ingest import instance

AT_ONCE = 2_000
SECOND = 1_000_000
SOURCE = "steam"


def run(items: int, hours: int, share: float) -> None:
    """Fill a market and measure it again and again."""
    with instance() as ingest:
        database, client, dice = ingest.database, ingest.redis, np.random.default_rng(1)
        hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        ids = _fill(database, items, hours, hour, dice)
        kept = measures.Kept()
        print(f"{items:,} items x {hours} hourly closes; each run after {share:.0%} of the items were quoted")
        print("                        seconds   own processor time  servers'  changed rows   memory")
        begin = hour + timedelta(minutes=31)
        for name, minutes in (
            ("first: everything", 0.0),
            *((f"minute {minute}", float(minute)) for minute in range(1, 4)),
            ("five minutes are over", 4.0),
            ("an hour is over", 30.0),
            ("a minute of it", 31.0),
        ):
            as_of = begin + timedelta(minutes=minutes)
            some = np.sort(dice.choice(ids, int(len(ids) * share), replace=False))
            _quote(database, some, int(as_of.timestamp()) * SECOND - dice.integers(1, 50, len(some)) * SECOND, dice)
            _measure(database, client, kept, name, as_of)


def _measure(database: Database, client: redis.Redis, kept: measures.Kept, name: str, as_of: datetime) -> None:
    own, servers, begun = time.process_time(), _servers_time(), time.monotonic()
    found = measures.run(database, client, as_of, kept)
    print(
        f"  {name:<22}{time.monotonic() - begun:7.2f} {time.process_time() - own:20.2f} {_servers_time() - servers:9.2f}"
        f" {found.changed:13,} {_resident() >> 20:5} MB",
        flush=True,
    )


def _fill(database: Database, items: int, hours: int, until: datetime, dice: np.random.Generator) -> Ints:
    database.execute(
        "INSERT INTO items (market, market_hash_name, match_key, slug, reference_source)"
        " SELECT 'steam:730', 'Item ' || n, 'item ' || n, 'item-' || n, %s FROM generate_series(1, %s) n",
        [SOURCE, items],
    )
    ids = np.array([row["id"] for row in database.rows("SELECT id FROM items ORDER BY id")], dtype=np.int64)
    first = int((until - timedelta(hours=hours)).timestamp()) * SECOND
    for start in range(0, items, AT_ONCE):
        some = ids[start : start + AT_ONCE]
        at = dice.integers(0, 3_500, (len(some), hours)) * SECOND + np.arange(hours) * 3600 * SECOND + first
        _quote(database, np.repeat(some, hours), at.ravel(), dice)
    database.execute("ANALYZE")
    return ids


def _quote(database: Database, items: Ints, times: Ints, dice: np.random.Generator) -> None:
    prices = (1_000 + items % 997) * dice.integers(90, 110, len(items)) // 100
    quotes = writer.QuoteColumns.of(items, times, prices, volume=dice.integers(0, 60, len(items)), rolling=0)
    with database.connection() as connection:
        writer.make_partitions(connection, quotes)
        with connection.transaction():
            writer.relax_commit(connection)
            writer.lock_source(connection, SOURCE)
            writer.store(connection, SOURCE, quotes, heartbeat=timedelta(0))


def _servers_time() -> float:
    """Processor seconds of all processes below this one, those included that ended and were waited for."""
    ticks = 0
    children: dict[int, list[tuple[int, int]]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:  # it ended meanwhile
            continue
        fields = text.rsplit(")", 1)[1].split()
        children.setdefault(int(fields[1]), []).append((int(stat.parent.name), sum(map(int, fields[11:15]))))
    below = [os.getpid()]
    while below:
        for number, spent in children.get(below.pop(), []):
            ticks += spent
            below.append(number)
    return ticks / 100


def _resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
