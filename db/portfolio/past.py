"""The past: a portfolio's replayed days as they are stored, how far they are right, and the closes that a replay needs."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, LiteralString

import numpy as np
import psycopg
from psycopg import sql

from db.core import binary
from db.core.arrays import Array, Ints
from db.core.pool import LONG_TIMEOUT, Database, Row

EPOCH: Final = date(2000, 1, 1).toordinal()
"""The day that PostgreSQL counts days from."""
DAY_SECONDS: Final = 86_400
COLUMNS: Final = {
    "day": ">i4", "value": ">i8", "at_cost": ">i8", "growth": ">f8", "deposits": ">i8", "withdrawals": ">i8",
    "priced": ">i4", "unpriced": ">i4", "unknown": ">i4", "stale": ">i4",
}  # fmt: skip
CLOSE: Final = {
    "item_id": ("item_id", "int4"), "source": ("source", "int4"), "time": ("time", "timestamptz"), "close": ("close", "int8"),
}  # fmt: skip
STEPS: Final[dict[int, tuple[LiteralString, LiteralString]]] = {
    86_400: ("price_24h_between", "candles_1d"),
    3_600: ("price_1h_between", "candles_1h"),
}
"""By a bucket's seconds: what its closes are read from, of quotes and of candles."""


@dataclass(frozen=True, slots=True)
class Closes:
    """n closes of items' sources, arrays (n,): `time` is a bucket's start in seconds since 1970, `source` points into `sources`."""

    item_id: Ints
    source: Ints
    time: Ints
    close: Ints
    sources: list[str]


def opened(database: Database, portfolio_id: int) -> Row:
    """How far a portfolio's past is right: `{terms, through, stale_from, marks}`, noted from now on where it was not.

    Whoever replays reads this first, and the transactions and prices after it.
    """
    found = database.row(STATE, [portfolio_id])
    if found is None:
        database.execute(
            "INSERT INTO portfolio_past_state (portfolio_id) SELECT id FROM portfolios WHERE id = %s ON CONFLICT DO NOTHING",
            [portfolio_id],
        )
        found = database.row(STATE, [portfolio_id])
    if found is None:
        raise LookupError(f"portfolio {portfolio_id} is gone")
    return found


def read(database: Database, portfolio_id: int, until: date) -> Array:
    """The stored days to `until`, oldest first: fields as in `COLUMNS`, `day` as the ordinal of its date."""
    with database.connection(answer_within=LONG_TIMEOUT) as connection:
        rows = binary.read(connection, SERIES, {"portfolio": portfolio_id, "until": until}, list(COLUMNS.items()))
    rows["day"] += EPOCH
    return rows


def write(
    connection: psycopg.Connection, portfolio_id: int, since: date, rows: dict[str, Array], marks: int, terms: str, through: date
) -> bool:  # fmt: skip
    """Put days in the place of those from `since` on, if nothing changed since the state of `marks` was read.

    `rows` are arrays (n,) named as `COLUMNS`, `day` as ordinals. Returns whether they were taken.
    """
    with connection.transaction():
        taken = connection.execute(
            "UPDATE portfolio_past_state SET terms = %s, through = %s, stale_from = NULL"
            " WHERE portfolio_id = %s AND marks = %s RETURNING marks",
            [terms, through, portfolio_id, marks],
        ).fetchone()
        if taken is None:
            return False
        connection.execute("DELETE FROM portfolio_past WHERE portfolio_id = %s AND day >= %s", [portfolio_id, since])
        count = len(rows["day"])
        columns = {name: (kind, rows[name] - EPOCH if name == "day" else rows[name]) for name, kind in COLUMNS.items()}
        binary.copy(connection, "portfolio_past", {"portfolio_id": (">i4", np.full(count, portfolio_id)), **columns})
    return True


def to_replay(database: Database, yesterday: date, limit: int) -> list[Row]:
    """Portfolios with transactions whose past is not right to the end of `yesterday`, the longest behind first."""
    return database.rows(TO_REPLAY, {"yesterday": yesterday, "limit": limit})


def mark_prices(connection: psycopg.Connection, item_id: Ints, time_us: Ints) -> None:
    """Note that prices of items (n,) came or changed at times (n,), microseconds since 1970; those of today change no past."""
    late = time_us < time.time() // DAY_SECONDS * DAY_SECONDS * 1_000_000
    if not late.any():
        return
    items, place = np.unique(item_id[late], return_inverse=True)
    first = np.full(len(items), np.iinfo(np.int64).max)
    np.minimum.at(first, place, time_us[late])
    days = [date.fromordinal(int(day)) for day in first // (DAY_SECONDS * 1_000_000) + date(1970, 1, 1).toordinal()]
    connection.execute("SELECT portfolio_past_by_prices(%s::integer[], %s::date[])", [items.tolist(), days])


def closes(
    database: Database, ids: Sequence[int], price_source: str, sources: Sequence[str], first: datetime, end: datetime, step: int
) -> Closes:  # fmt: skip
    """Closes of buckets of `step` seconds from `first` to before `end`, and of each source the last one before `first`.

    Of each item those of the price source (see `app.analytics.portfolio.pricing`), with "best" those of all `sources`; of an
    exchange's pair always its exchange's.
    """
    names = sorted({*sources, price_source})
    quotes, candles = STEPS[step]
    query = sql.SQL(CLOSES.replace("{quotes}", quotes).replace("{candles}", candles))
    parameters = {"ids": list(ids), "mode": price_source, "names": list(sources), "first": first, "end": end}
    with database.connection(answer_within=LONG_TIMEOUT) as connection:
        found = connection.execute(
            "SELECT array_agg(DISTINCT reference_source) FROM items WHERE id = ANY(%s) AND reference_source IS NOT NULL",
            [list(ids)],
        ).fetchone()
        names = sorted({*names, *((found and found[0]) or [])})
        rows = binary.read_packed(connection, query, {**parameters, "places": names}, CLOSE)
    return Closes(rows["item_id"], rows["source"] - 1, rows["time"] // 1_000_000, rows["close"], names)


STATE = "SELECT terms, through, stale_from, marks FROM portfolio_past_state WHERE portfolio_id = %s"
SERIES = sql.SQL("""
SELECT day, value, at_cost, growth, deposits, withdrawals, priced, unpriced, unknown, stale
FROM portfolio_past WHERE portfolio_id = %(portfolio)s AND day <= %(until)s ORDER BY day
""")
TO_REPLAY = """
SELECT p.id, p.user_id, p.name, p.currency, p.price_source, p.cost_method, p.includes_steam
FROM portfolios p LEFT JOIN portfolio_past_state s ON s.portfolio_id = p.id
WHERE (s.portfolio_id IS NULL OR s.through < %(yesterday)s OR s.stale_from <= s.through)
  AND EXISTS (SELECT FROM portfolio_transactions t WHERE t.portfolio_id = p.id AND t.time < %(yesterday)s::date + 1)
ORDER BY least(s.through, s.stale_from) NULLS FIRST, p.id LIMIT %(limit)s
"""
# The last close before `first`: of the rows, and of the newest packed quote, whose day has no row where it is its only quote.
CLOSES: LiteralString = """(
WITH wanted AS MATERIALIZED (
    SELECT i.id AS item_id, i.reference_source AS source FROM items i
    WHERE i.id = ANY(%(ids)s) AND i.reference_source IS NOT NULL
      AND (%(mode)s = 'reference' OR EXISTS (SELECT FROM symbols s WHERE s.item_id = i.id))
    UNION SELECT i.id, %(mode)s FROM items i WHERE i.id = ANY(%(ids)s) AND %(mode)s NOT IN ('reference', 'best')
    UNION SELECT l.item_id, l.source FROM price_latest l
    WHERE %(mode)s = 'best' AND l.item_id = ANY(%(ids)s) AND l.source = ANY(%(names)s)
)
SELECT w.item_id, array_position(%(places)s::text[], w.source) AS source, b.time, b.close
FROM wanted w CROSS JOIN LATERAL (
    SELECT k.bucket AS time, k.close FROM {quotes}(%(first)s, %(end)s) k
    WHERE k.item_id = w.item_id AND k.source = w.source AND k.bucket >= %(first)s AND k.bucket < %(end)s
    UNION ALL SELECT c.open_time, c.close FROM {candles} c
    WHERE c.item_id = w.item_id AND c.source = w.source AND c.open_time >= %(first)s AND c.open_time < %(end)s
    UNION ALL (SELECT e.time, e.close FROM (
        (SELECT d.bucket AS time, d.close, 0 AS packed FROM price_days d
         WHERE d.item_id = w.item_id AND d.source = w.source AND d.bucket < %(first)s ORDER BY d.bucket DESC LIMIT 1)
        UNION ALL (SELECT date_bin('1 day', q.time, '2000-01-03 00:00:00+00'), q.price, 1 FROM (
            SELECT m.times, m.prices FROM price_months m
            WHERE m.item_id = w.item_id AND m.source = w.source AND m.month < %(first)s AND m.first_time < %(first)s
            ORDER BY m.month DESC LIMIT 1) m CROSS JOIN LATERAL unnest(m.times, m.prices) q (time, price)
         WHERE q.time < %(first)s ORDER BY q.time DESC LIMIT 1)
        UNION ALL (SELECT c.open_time, c.close, 2 FROM candles_1d c
         WHERE c.item_id = w.item_id AND c.source = w.source AND c.open_time < %(first)s ORDER BY c.open_time DESC LIMIT 1)) e
     ORDER BY e.time DESC, e.packed LIMIT 1)
) b) closes
"""
