"""Candle repairs: which candles are missing, and what came of asking for them again."""

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from db.candles.intervals import INTERVALS, moment
from db.core.pool import Database, Row

MINUTE = INTERVALS["1m"]
BACKFILL = "backfill"
"""The cause of those that filled in a past; they mend nothing."""


@dataclass(frozen=True, slots=True)
class Gap:
    """The time [since, until) of an item that no candle covers, in seconds since 1970."""

    item_id: int
    since: int
    until: int


def last_final(database: Database, source: str, items: Sequence[int]) -> dict[int, int]:
    """Open time of the newest final minute of each item that has one, in seconds."""
    with database.connection() as connection, connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(LAST, {"source": source, "items": list(items)})
        return dict(cursor.fetchall())


def gaps(database: Database, source: str, items: Sequence[int], since: int, until: int) -> list[Gap]:
    """Missing minutes in [since, until) between an item's candles and after its last one, oldest first.

    Those that an earlier repair found to be empty are not among them, nor is what is before an item's first candle.
    """
    parameters = {"source": source, "items": list(items), "since": moment(since), "until": moment(until)}
    with database.connection() as connection, connection.cursor(row_factory=tuple_row) as cursor:
        found = [Gap(*row) for row in cursor.execute(GAPS, parameters)]
        known = [Gap(*row) for row in cursor.execute(KNOWN, parameters)]
    asked: dict[int, list[Gap]] = {}
    for repair in known:
        asked.setdefault(repair.item_id, []).append(repair)
    return [
        gap
        for gap in found
        if not any(one.since <= gap.since and gap.until <= one.until for one in asked.get(gap.item_id, ()))
    ]


def missing(database: Database, source: str, item_id: int, interval: str, since: int, until: int) -> list[Gap]:
    """What no candle of an interval covers in [since, until), oldest first; both on the interval's grid.

    Other than with `gaps`, what is before the first candle counts. What was asked for before, an hour after its end, and did not
    come is left out.
    """
    parameters = {
        "item": item_id,
        "source": source,
        "interval": interval,
        "since": moment(since),
        "until": moment(until),
        "width": f"{INTERVALS[interval]} seconds",
    }
    query = MISSING.format(sql.Identifier(f"candles_{interval}"))
    with database.connection() as connection, connection.cursor(row_factory=tuple_row) as cursor:
        found = [Gap(item_id, *row) for row in cursor.execute(query, parameters)]
        asked = [Gap(item_id, *row) for row in cursor.execute(ASKED, parameters)]
    return [rest for gap in found for rest in _without(gap, asked)]


def _without(gap: Gap, asked: Sequence[Gap]) -> list[Gap]:
    """What is left of a gap; `asked` are ascending."""
    left: list[Gap] = []
    begin = gap.since
    for one in asked:
        if begin < one.since < gap.until:
            left.append(Gap(gap.item_id, begin, one.since))
        begin = max(begin, one.until) if one.since <= gap.until else begin
    return [*left, Gap(gap.item_id, begin, gap.until)] if begin < gap.until else left


def save(
    connection: psycopg.Connection, source: str, gap: Gap, cause: str, candles: int, *, interval: str = "1m"
) -> None:
    """List a repair: how many candles came for a gap."""
    connection.execute(
        'INSERT INTO candle_repairs (item_id, source, since, until, cause, candles, "interval")'
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        [gap.item_id, source, moment(gap.since), moment(gap.until), cause, candles, interval],
    )


def newest(database: Database, limit: int = 20) -> list[Row]:
    """The last repairs, newest first; without those that filled in a past."""
    return database.rows(
        "SELECT i.market_hash_name AS symbol, r.source, r.since, r.until, r.cause, r.candles, r.repaired_at FROM candle_repairs r"
        " JOIN items i ON i.id = r.item_id WHERE r.cause <> %s ORDER BY r.id DESC LIMIT %s",
        [BACKFILL, limit],
    )


LAST = """
SELECT i.id, extract(epoch FROM c.open_time)::bigint FROM unnest(%(items)s::integer[]) i (id)
CROSS JOIN LATERAL (
    SELECT open_time FROM candles_1m WHERE item_id = i.id AND source = %(source)s ORDER BY open_time DESC LIMIT 1
) c
"""
GAPS = """
SELECT item_id, extract(epoch FROM open_time)::bigint + 60, extract(epoch FROM following)::bigint FROM (
    SELECT item_id, open_time, lead(open_time, 1, %(until)s) OVER (PARTITION BY item_id ORDER BY open_time) AS following
    FROM candles_1m WHERE item_id = ANY(%(items)s) AND source = %(source)s AND open_time >= %(since)s AND open_time < %(until)s
) c WHERE following > open_time + interval '1 minute' ORDER BY 1, 2
"""
KNOWN = """
SELECT item_id, extract(epoch FROM since)::bigint, extract(epoch FROM until)::bigint FROM candle_repairs
WHERE item_id = ANY(%(items)s) AND source = %(source)s AND "interval" = '1m' AND until > %(since)s AND since < %(until)s
    AND repaired_at > until + interval '1 hour'
"""
MISSING = sql.SQL("""
SELECT extract(epoch FROM open_time + %(width)s::interval)::bigint, extract(epoch FROM following)::bigint FROM (
    SELECT open_time, lead(open_time, 1, %(until)s) OVER (ORDER BY open_time) AS following FROM (
        SELECT %(since)s::timestamptz - %(width)s::interval AS open_time
        UNION ALL
        SELECT open_time FROM {} WHERE item_id = %(item)s AND source = %(source)s AND open_time >= %(since)s AND open_time < %(until)s
    ) c
) c WHERE following > open_time + %(width)s::interval ORDER BY 1
""")
ASKED = """
SELECT extract(epoch FROM since)::bigint, extract(epoch FROM until)::bigint FROM candle_repairs
WHERE item_id = %(item)s AND source = %(source)s AND "interval" = %(interval)s AND until > %(since)s AND since < %(until)s
    AND repaired_at > until + interval '1 hour' ORDER BY since
"""
