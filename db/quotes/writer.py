"""Quote writer: de-duplicates a batch and stores it by binary COPY, with latest prices and roll-ups, in one transaction."""

from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg

from db.core import binary
from db.core.arrays import Bools, Ints
from db.core.binary import UNKNOWN
from db.portfolio.past import mark_prices
from db.quotes import change_log, months, rollups, stored
from db.quotes.buckets import HOUR_US, changes, floor
from db.quotes.columns import NULLS, QuoteColumns
from db.quotes.stored import NEVER, Latest

__all__ = ["SHARDS", "UNKNOWN", "QuoteColumns", "Stored", "flush", "lock_source", "make_months", "make_partitions",
           "relax_commit", "shard_of", "store"]  # fmt: skip

SHARDS = 2
"""Items of one source are written by at most so many sessions at once, each with its own share of them."""

STAGING = """
CREATE TEMPORARY TABLE IF NOT EXISTS newest (LIKE price_latest) ON COMMIT DELETE ROWS
"""


@dataclass(frozen=True, slots=True)
class Known:
    """Quotes whose item and time the history has, or would take no more.

    `at` (n,) are their places among the batch's quotes in order of (item, time), `held` (n,) the quotes stored at those times.
    `closed` (n,) says that other quotes of that hour are deleted. `refused` counts those of which that hour is all that is left.
    """

    at: Ints
    held: QuoteColumns
    closed: Bools
    refused: int

    @classmethod
    def nothing(cls) -> "Known":
        """None at all."""
        empty = np.empty(0, dtype=np.int64)
        return cls(empty, QuoteColumns.of(empty, empty, empty), np.empty(0, dtype=np.bool_), 0)


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a batch: new in the history, known or unchanged within the heartbeat.

    `known` are those that the history was asked for.
    """

    inserted: int
    unchanged: int
    known: Known = field(default_factory=Known.nothing, compare=False, repr=False)


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
        make_months(
            connection,
            *(datetime.fromtimestamp(int(edge) // 1_000_000, UTC) for edge in (quotes.time.min(), quotes.time.max())),
        )


def make_months(connection: psycopg.Connection, first: datetime, last: datetime) -> None:
    """Make the months from one moment to another, likewise."""
    with connection.transaction():
        connection.execute("CALL price_partitions(%s, %s)", [first, last])


def store(
    connection: psycopg.Connection,
    source: str,
    quotes: QuoteColumns,
    *,
    heartbeat: timedelta,
    compare: bool = False,
    packed_before: int = NEVER,
) -> Stored:
    """Keep quotes of one source in the caller's transaction: history, latest, roll-ups.

    With `compare` all those that the history has are in the answer's `known`, also the newest. Quotes earlier than `packed_before`,
    which begins a month, go into packed months; the others are rows.

    The caller has made the partitions and holds `lock_source` for these items. The same quotes again change nothing. A
    price that did not change is stored once per heartbeat, unless something was sold in the quote's own interval; a zero heartbeat
    keeps all.
    """
    if not len(quotes):
        return Stored(0, 0)
    ordered = quotes.in_order()
    latest = _latest(connection, source, ordered.item_id[changes(ordered.item_id)])
    wanted, known = _select_new(
        connection, source, ordered, latest, heartbeat // timedelta(microseconds=1), compare=compare
    )
    news = ordered.take(wanted)
    if len(news):
        until = datetime.fromtimestamp(int(news.time.max()) // 1_000_000 + 1, UTC)
        change_log.note(connection, news.item_id[changes(news.item_id)], until)
    packed = news.time < packed_before
    if not packed.all():
        binary.copy(connection, "price_quotes", news.take(~packed).for_copy(source), NULLS)
    old = news.take(packed)
    months.add(connection, source, old, latest.stored_time[latest.at(old.item_id)])
    _upsert_latest(connection, source, ordered, news, latest)
    rows_since = months.packed_before(datetime.now(UTC))
    rollups.add(
        connection,
        source,
        news.ticks(),
        packed,
        max(rows_since, packed_before),
        lambda item_id: latest.stored_time[latest.at(item_id)],
    )
    mark_prices(connection, news.item_id, news.time)
    return Stored(len(news), len(quotes) - len(news), known)


def relax_commit(connection: psycopg.Connection) -> None:
    """Let this transaction's commit return before it is on disk; `flush` afterwards. It stays atomic."""
    connection.execute("SET LOCAL synchronous_commit TO off")


def flush(connection: psycopg.Connection) -> None:
    """Wait until every earlier commit is on disk."""
    connection.execute("SELECT pg_logical_emit_message(true, 'tracera', 'flush')")


def _latest(connection: psycopg.Connection, source: str, item_id: Ints) -> Latest:
    """The newest quotes of items (sorted, each once): nothing that the history has is later."""
    found = stored.latest(connection, source, item_id)
    absent = item_id[found.stored_time == NEVER]
    if len(absent) and stored.restore_latest(connection, source, absent):
        return stored.latest(connection, source, item_id)
    return found


def _select_new(
    connection: psycopg.Connection, source: str, quotes: QuoteColumns, latest: Latest, heartbeat: int, *, compare: bool
) -> tuple[Bools, Known]:
    """Which quotes are new and worth keeping, and what the history has of the others; `quotes` are in order.

    No quote later than `stored_time` can be in the history, so only earlier ones are looked up.
    """
    at = latest.at(quotes.item_id)
    stored_time = latest.stored_time[at]
    late = quotes.time < latest.time[at]
    wanted: Bools = late | (quotes.price != latest.price[at]) | (quotes.time - stored_time >= heartbeat)
    wanted |= (quotes.rolling == 0) & (quotes.volume > 0)  # sales of an interval are summed: none may be left out
    doubtful = np.flatnonzero(
        (wanted | compare) & ((quotes.time < stored_time) | (compare & (quotes.time == stored_time)))
    )
    wanted &= quotes.time != stored_time
    if not len(doubtful):
        return wanted, Known.nothing()
    absent, known = _lookup(connection, source, quotes.item_id[doubtful], quotes.time[doubtful])
    wanted[doubtful] = absent
    return wanted, replace(known, at=doubtful[known.at])


def _lookup(connection: psycopg.Connection, source: str, item_id: Ints, time: Ints) -> tuple[Bools, Known]:
    """Which keys the history lacks, and the quotes that it has; an hour of which raw quotes were deleted already takes no more.

    Of such an hour only the roll-ups are left, and they cannot tell whether a quote is in them.
    """
    hours = floor(time, HOUR_US)
    buckets = stored.buckets_between(connection, "price_1h", source, item_id, hours, hours)
    raw = stored.quotes_between(connection, source, item_id, hours, hours + HOUR_US - 1)
    if not len(buckets["item_id"]) and not len(raw):
        return np.ones(len(time), dtype=np.bool_), Known.nothing()
    requested, raw_keys = stored.codes((item_id, time), (raw.item_id, raw.time))
    of_quote, of_raw, of_bucket = stored.codes(
        (item_id, hours), (raw.item_id, floor(raw.time, HOUR_US)), (buckets["item_id"], buckets["time"])
    )
    of_raw.sort()
    left = np.searchsorted(of_raw, of_bucket, "right") - np.searchsorted(of_raw, of_bucket)
    closed = np.isin(of_quote, of_bucket[left < buckets["samples"]])
    order = np.argsort(raw_keys)
    at = np.flatnonzero(there := np.isin(requested, raw_keys))
    held = raw.take(order[np.searchsorted(raw_keys, requested[at], sorter=order)])
    return ~there & ~closed, Known(at, held, closed[at], int(np.count_nonzero(closed & ~there)))


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
    if chosen.sum() <= rollups.FEW and ahead[chosen].all():
        given = newest.take(chosen)
        values = {column.name: binary.literal(getattr(given, column.name)) for column in fields(given)}
        values |= {"source": source, "stored_time": binary.literal(stored_time[chosen])}
        connection.execute(UPSERT_LATEST + GIVEN + TAKE_NEWER, values)
        return
    columns = newest.take(chosen).for_copy(source)
    columns["stored_time"] = binary.postgres_time(stored_time[chosen])
    connection.execute(STAGING)
    connection.execute("TRUNCATE newest")
    binary.copy(connection, "newest", columns, NULLS)
    connection.execute(UPSERT_LATEST + "newest ORDER BY item_id" + TAKE_NEWER)
    if not ahead[chosen].all():
        connection.execute(MOVE_STORED_TIME)


UPSERT_LATEST = """
INSERT INTO price_latest AS kept (item_id, source, time, stored_time, price, volume, volume_rolling, listings, bid, ask)
SELECT item_id, source, time, stored_time, price, volume, volume_rolling, listings, bid, ask FROM """
GIVEN = """(
    SELECT item_id, %(source)s AS source, 'epoch'::timestamptz + us * interval '1 microsecond' AS time,
        'epoch'::timestamptz + stored_us * interval '1 microsecond' AS stored_time, price, nullif(volume, -1) AS volume,
        CASE WHEN rolling >= 0 THEN rolling = 1 END AS volume_rolling, nullif(listings, -1) AS listings, nullif(bid, -1) AS bid,
        nullif(ask, -1) AS ask
    FROM unnest(%(item_id)s::integer[], %(time)s::bigint[], %(stored_time)s::bigint[], %(price)s::bigint[], %(volume)s::bigint[],
        %(rolling)s::integer[], %(listings)s::integer[], %(bid)s::bigint[], %(ask)s::bigint[])
        g (item_id, us, stored_us, price, volume, rolling, listings, bid, ask)) q ORDER BY item_id"""
"""Newest quotes given as arrays."""
TAKE_NEWER = """
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
