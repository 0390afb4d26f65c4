"""The way of quotes into PostgreSQL: what is new is decided here, then goes straight in by binary COPY."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg

from db import binary, kept, rollups
from db.binary import UNKNOWN
from db.buckets import HOUR_US, Bools, Ints, Ticks, changes, floor
from db.kept import Latest
from db.quote_columns import NULLS, QuoteColumns

__all__ = ["SHARDS", "UNKNOWN", "Ints", "QuoteColumns", "Stored", "flush", "lock_source", "make_partitions", "relax_commit",
           "shard_of", "store"]  # fmt: skip

SHARDS = 2
"""Items of one source are written by at most so many sessions at once, each with its own share of them."""

STAGING = """
CREATE TEMPORARY TABLE IF NOT EXISTS newest (LIKE price_latest) ON COMMIT DELETE ROWS
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a batch: new in the history, known or unchanged within the heartbeat."""

    inserted: int
    unchanged: int


def lock_source(connection: psycopg.Connection, source: str, shard: int | None = None) -> None:
    """Be the only writer of a source, or of one shard of its items, until the transaction ends; `store` relies on it."""
    for part in range(SHARDS) if shard is None else [shard]:
        connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"store:{source}:{part}"])


def shard_of(item_id: Ints) -> Ints:
    """Which shard's lock covers each item."""
    return item_id % SHARDS


def make_partitions(connection: psycopg.Connection, quotes: QuoteColumns) -> None:
    """Make the months that quotes fall into; in a transaction of its own, since other sessions may wait for them."""
    if len(quotes):
        lo, hi = (
            datetime.fromtimestamp(int(edge) // 1_000_000, UTC) for edge in (quotes.time.min(), quotes.time.max())
        )
        with connection.transaction():
            connection.execute("CALL price_partitions(%s, %s)", [lo, hi])


def store(connection: psycopg.Connection, source: str, quotes: QuoteColumns, *, heartbeat: timedelta) -> Stored:
    """Keep quotes of one source in the caller's transaction: history, latest, roll-ups.

    The caller has made the partitions and holds `lock_source` for these items. The same quotes again change nothing. A
    price that did not change is kept once per heartbeat; a zero heartbeat keeps all.
    """
    if not len(quotes):
        return Stored(0, 0)
    ordered = quotes.in_order()
    latest = kept.latest(connection, source, ordered.item_id[changes(ordered.item_id)])
    news = ordered.take(_news(connection, source, ordered, latest, heartbeat // timedelta(microseconds=1)))
    if len(news):
        binary.copy(connection, "price_history", news.for_copy(source), NULLS)
    _upsert_latest(connection, source, ordered, news, latest)
    ticks = Ticks(news.item_id, news.time, news.price, news.volume, news.rolling)
    rollups.add(connection, source, ticks, lambda item_id: latest.stored_time[latest.at(item_id)])
    return Stored(len(news), len(quotes) - len(news))


def relax_commit(connection: psycopg.Connection) -> None:
    """Let this transaction's commit return before it is on disk; `flush` afterwards. It stays atomic."""
    connection.execute("SET LOCAL synchronous_commit TO off")


def flush(connection: psycopg.Connection) -> None:
    """Wait until every earlier commit is on disk."""
    connection.execute("SELECT pg_logical_emit_message(true, 'tracera', 'flush')")


def _news(connection: psycopg.Connection, source: str, quotes: QuoteColumns, latest: Latest, heartbeat: int) -> Bools:
    """Which quotes are new and worth keeping; `quotes` are in order.

    No quote later than `stored_time` can be in the history, so only earlier ones are looked up.
    """
    at = latest.at(quotes.item_id)
    stored = latest.stored_time[at]
    late = quotes.time < latest.time[at]
    wanted: Bools = late | (quotes.price != latest.price[at]) | (quotes.time - stored >= heartbeat)
    wanted &= quotes.time != stored
    doubtful = np.flatnonzero(wanted & (quotes.time < stored))
    if len(doubtful):
        wanted[doubtful] = _absent(connection, source, quotes.item_id[doubtful], quotes.time[doubtful])
    return wanted


def _absent(connection: psycopg.Connection, source: str, item_id: Ints, time: Ints) -> Bools:
    """Which keys the history lacks; an hour of which raw quotes were deleted already takes no more.

    Of such an hour only the roll-ups are left, and they cannot tell whether a quote is in them.
    """
    hours = floor(time, HOUR_US)
    buckets = kept.existing(connection, "price_1h", source, item_id, hours, hours)
    if not len(buckets):
        return np.ones(len(time), dtype=np.bool_)
    raw = kept.existing(connection, "price_history", source, item_id, hours, hours + HOUR_US - 1)
    asked, had = kept.codes((item_id, time), (raw["item_id"], raw["time"]))
    of_quote, of_raw, of_bucket = kept.codes(
        (item_id, hours), (raw["item_id"], floor(raw["time"], HOUR_US)), (buckets["item_id"], buckets["time"])
    )
    of_raw.sort()
    left = np.searchsorted(of_raw, of_bucket, "right") - np.searchsorted(of_raw, of_bucket)
    closed = of_bucket[left < buckets["samples"]]
    return ~np.isin(asked, had) & ~np.isin(of_quote, closed)


def _upsert_latest(
    connection: psycopg.Connection, source: str, quotes: QuoteColumns, news: QuoteColumns, latest: Latest
) -> None:
    """The newest quote of each item, stored or not, unless a newer one is there; `stored_time` moves with the history."""
    newest = quotes.take(np.append(changes(quotes.item_id)[1:], len(quotes)) - 1)
    stored_time = latest.stored_time.copy()
    last = np.append(changes(news.item_id)[1:], len(news))[: len(news)] - 1
    moved = latest.at(news.item_id[last])
    stored_time[moved] = np.maximum(stored_time[moved], news.time[last])
    # At one time the history keeps the first quote given, and so must this.
    kept_already = newest.time == latest.stored_time
    ahead = (newest.time >= latest.time) & ~kept_already
    chosen = ahead | (stored_time > latest.stored_time)
    if not chosen.any():
        return
    columns = newest.take(chosen).for_copy(source)
    columns["stored_time"] = binary.postgres_time(stored_time[chosen])
    connection.execute(STAGING)
    connection.execute("TRUNCATE newest")
    binary.copy(connection, "newest", columns, NULLS)
    connection.execute(UPSERT_LATEST)
    if not ahead[chosen].all():
        connection.execute(MOVE_STORED_TIME)


UPSERT_LATEST = """
INSERT INTO price_latest AS kept (item_id, source, time, stored_time, price, volume, volume_rolling, listings, bid, ask)
SELECT item_id, source, time, stored_time, price, volume, volume_rolling, listings, bid, ask FROM newest ORDER BY item_id
ON CONFLICT (item_id, source) DO UPDATE SET
    time = excluded.time, stored_time = excluded.stored_time, price = excluded.price, volume = excluded.volume,
    volume_rolling = excluded.volume_rolling, listings = excluded.listings, bid = excluded.bid, ask = excluded.ask
WHERE excluded.time >= kept.time
"""

# A late quote can be newer than the last one stored: the newest one was unchanged and left out.
MOVE_STORED_TIME = """
UPDATE price_latest k SET stored_time = n.stored_time FROM newest n
WHERE k.item_id = n.item_id AND k.source = n.source AND n.time < k.time AND n.stored_time > k.stored_time
"""
