"""Candle store: keeps final candles, and rolls up whatever is over by then into the longer intervals."""

from typing import Final

import numpy as np
import psycopg
from psycopg import sql

from db.candles.columns import CandleColumns
from db.candles.combine import combine
from db.candles.intervals import INTERVALS, NAMES, ORIGIN, ceil, floor, moment
from db.core import binary
from db.core.arrays import Ints
from db.core.pool import Database
from db.portfolio.past import mark_prices

SMALLER: Final = dict(zip(NAMES[1:], NAMES[:-1], strict=True))
"""The interval that each one is rolled up from."""
DAY: Final = "1d"
"""The candles that portfolios' pasts are valued at."""
BULK: Final = 5_000
"""From so many candles on it pays to ask whether anything of their time is there."""


def make_partitions(connection: psycopg.Connection, candles: CandleColumns) -> None:
    """Make the months that candles of a minute fall into; in a transaction of its own."""
    if not len(candles):
        return
    first, last = int(candles.open_time.min()), int(candles.open_time.max())
    while True:
        try:
            with connection.transaction():
                connection.execute("CALL candle_partitions(%s, %s)", [moment(first), moment(last)])
        except psycopg.errors.DuplicateTable:
            # Another transaction made the month just now: waiting for it, this one still had its own view of what there is.
            continue
        return


def store(
    connection: psycopg.Connection, source: str, item_id: Ints, candles: CandleColumns, *, interval: str = "1m"
) -> int:
    """Keep final candles of one source in the caller's transaction; returns how many are new or differ from what was kept.

    `item_id` (n,) names each candle's item. What comes later replaces, so that the same again changes nothing. Of one item's
    doubles in a batch the last counts. A longer candle all of whose minutes are stored stays as it was made of them.
    """
    if not len(candles):
        return 0
    if interval == DAY:
        mark_prices(connection, item_id, candles.open_time * 1_000_000)
    if len(candles) >= BULK and _copied(connection, source, item_id, candles, interval):
        return len(candles)
    keep = _last_of_each(item_id, candles.open_time)
    columns = candles.take(keep).for_copy(item_id[keep], source)
    connection.execute("CREATE TEMPORARY TABLE IF NOT EXISTS arrived_candles (LIKE candles_1m) ON COMMIT DELETE ROWS")
    connection.execute("TRUNCATE arrived_candles")
    binary.copy(connection, "arrived_candles", columns, ("trades",))
    allowed = ALWAYS if interval == NAMES[0] else sql.SQL("NOT {}").format(_covered(interval))
    return connection.execute(UPSERT.format(table=_table(interval), allowed=allowed)).rowcount


def _copied(connection: psycopg.Connection, source: str, item_id: Ints, candles: CandleColumns, interval: str) -> bool:
    """Store candles of a time of which nothing is there yet without comparing them; False where something is, or is there twice."""
    first, last = int(candles.open_time.min()), int(candles.open_time.max())
    parameters = [[int(item) for item in np.unique(item_id)], source, moment(first), moment(last)]
    if connection.execute(ANY_THERE.format(_table(interval)), parameters).fetchone() is not None:
        return False
    try:
        with connection.transaction():
            binary.copy(connection, f"candles_{interval}", candles.for_copy(item_id, source), ("trades",))
    except psycopg.errors.UniqueViolation:  # doubles, or somebody else stored some of them meanwhile
        return False
    return True


def roll_up(
    connection: psycopg.Connection,
    source: str,
    items: Ints,
    since: int,
    until: int,
    done: int,
    *,
    interval: str = "1m",
    longest: str = NAMES[-1],
) -> None:
    """Roll up candles of items from `interval` on, up to `longest`, in the caller's transaction.

    Every longer candle that [since, until) touches is made again from the next shorter interval's if it ends by `done`; one that
    still runs then is left out, so that no partial bar is ever kept. All three in seconds since 1970. One with less volume than
    is stored replaces it only if all its minutes are there: a day that the exchange told stays when a part of it comes in minutes.
    """
    for name in NAMES[NAMES.index(interval) + 1 : NAMES.index(longest) + 1]:
        lo, hi = floor(since, name), min(ceil(until, name), floor(done, name))
        if lo >= hi:
            continue
        if name == DAY:
            mark_prices(connection, items, np.full(len(items), lo * 1_000_000))
        query = ROLL.format(table=_table(name), smaller=_table(SMALLER[name]), covered=_covered(name))
        connection.execute(
            query,
            {
                "width": f"{INTERVALS[name]} seconds",
                "origin": ORIGIN,
                "source": source,
                "items": [int(item) for item in np.unique(items)],
                "lo": moment(lo),
                "hi": moment(hi),
            },
        )


def store_item(
    connection: psycopg.Connection, source: str, item_id: int, candles: CandleColumns, *, interval: str = "1m"
) -> int:
    """Keep ascending candles of one item and roll them up, in the caller's transaction; returns what `store` does."""
    if not len(candles):
        return 0
    items = np.full(len(candles), item_id, dtype=np.int64)
    begin, end = int(candles.open_time[0]), int(candles.open_time[-1]) + INTERVALS[interval]
    if interval == NAMES[0] and len(candles) >= BULK and _copied(connection, source, items, candles, interval):
        changed = len(candles)
        interval = _copied_rolls(connection, source, item_id, candles)
    else:
        changed = store(connection, source, items, candles, interval=interval)
    done = max(end, end_of_minutes(connection, source, item_id))
    roll_up(connection, source, items, begin, end, done, interval=interval)
    return changed


def _copied_rolls(connection: psycopg.Connection, source: str, item_id: int, minutes: CandleColumns) -> str:
    """Roll up one item's ascending minutes, all that there are of their time, without reading them; returns what interval is made.

    That is the next one, or that of the minutes where something of it is there already. Its candles at both ends, of which other
    minutes may be stored, are made from what is stored.
    """
    name = NAMES[1]
    begin, end = int(minutes.open_time[0]), int(minutes.open_time[-1]) + INTERVALS[NAMES[0]]
    lo, hi = ceil(begin, name), floor(end, name)
    inside = minutes.take((minutes.open_time >= lo) & (minutes.open_time < hi))
    made = combine(inside, name)
    items = np.full(len(made), item_id, dtype=np.int64)
    if not len(made) or not _copied(connection, source, items, made, name):
        return NAMES[0]
    done = max(end, end_of_minutes(connection, source, item_id))
    for since, until in ((begin, lo), (hi, end)):
        roll_up(connection, source, items, since, until, done, longest=name)
    return name


def end_of_minutes(connection: psycopg.Connection, source: str, item_id: int) -> int:
    """When an item's newest stored minute ends, in seconds; 0 where it has none."""
    query = "SELECT extract(epoch FROM max(open_time))::bigint + 60 FROM candles_1m WHERE item_id = %s AND source = %s"
    row = connection.execute(query, [item_id, source]).fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def first_open(database: Database, source: str, item_id: int, interval: str, since: int) -> int | None:
    """When the first candle of an item opens from `since` on, in seconds; None where there is none."""
    query = sql.SQL(
        "SELECT extract(epoch FROM min(open_time))::bigint FROM {} WHERE item_id = %s AND source = %s AND open_time >= %s"
    ).format(_table(interval))
    with database.connection() as connection:
        row = connection.execute(query, [item_id, source, moment(since)]).fetchone()
    return int(row[0]) if row and row[0] is not None else None


def count(database: Database, source: str, item_id: int, interval: str, since: int, until: int) -> int:
    """How many candles of an item open in [since, until), in seconds."""
    query = sql.SQL(
        "SELECT count(*) FROM {} WHERE item_id = %s AND source = %s AND open_time >= %s AND open_time < %s"
    ).format(_table(interval))
    with database.connection() as connection:
        row = connection.execute(query, [item_id, source, moment(since), moment(until)]).fetchone()
    return int(row[0]) if row else 0


def _table(interval: str) -> sql.Identifier:
    return sql.Identifier(f"candles_{interval}")


def _covered(interval: str) -> sql.Composed:
    """Whether all minutes of the stored candle `k` are there."""
    width = INTERVALS[interval]
    return COVERED.format(width=sql.Literal(f"{width} seconds"), minutes=sql.Literal(width // INTERVALS[NAMES[0]]))


def _last_of_each(item_id: Ints, open_time: Ints) -> Ints:
    """Places of the last candle given of each (item, open time), in order of both."""
    order = np.lexsort((np.arange(len(item_id)), open_time, item_id))
    items, times = item_id[order], open_time[order]
    last = np.append((items[1:] != items[:-1]) | (times[1:] != times[:-1]), True)
    found: Ints = order[last]
    return found


ALWAYS: Final = sql.SQL("true")
COVERED: Final = sql.SQL("""
((SELECT count(*) FROM candles_1m m WHERE m.item_id = k.item_id AND m.source = k.source AND m.open_time >= k.open_time
    AND m.open_time < k.open_time + {width}::interval) = {minutes})
""")

ANY_THERE: Final = sql.SQL(
    "SELECT FROM {} WHERE item_id = ANY(%s) AND source = %s AND open_time >= %s AND open_time <= %s LIMIT 1"
)
UPSERT: Final = sql.SQL("""
INSERT INTO {table} AS k (item_id, source, open_time, open, high, low, close, volume, trades)
SELECT item_id, source, open_time, open, high, low, close, volume, trades FROM arrived_candles ORDER BY item_id, open_time
ON CONFLICT (item_id, source, open_time) DO UPDATE SET
    open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
    volume = excluded.volume, trades = excluded.trades
WHERE (k.open, k.high, k.low, k.close, k.volume, k.trades) IS DISTINCT FROM
    (excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume, excluded.trades) AND {allowed}
""")

# In order, so that two processes that store the same candles wait for each other instead of locking each other out.
ROLL: Final = sql.SQL("""
INSERT INTO {table} AS k (item_id, source, open_time, open, high, low, close, volume, trades)
SELECT item_id, source, date_bin(%(width)s::interval, open_time, %(origin)s),
    (array_agg(open ORDER BY open_time))[1], max(high), min(low), (array_agg(close ORDER BY open_time))[count(*)],
    sum(volume)::bigint, CASE WHEN count(trades) = count(*) THEN sum(trades)::bigint END
FROM {smaller} WHERE item_id = ANY(%(items)s) AND source = %(source)s AND open_time >= %(lo)s AND open_time < %(hi)s
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
ON CONFLICT (item_id, source, open_time) DO UPDATE SET
    open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
    volume = excluded.volume, trades = excluded.trades
WHERE (k.open, k.high, k.low, k.close, k.volume, k.trades) IS DISTINCT FROM
    (excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume, excluded.trades)
    AND (excluded.volume >= k.volume OR {covered})
""")
