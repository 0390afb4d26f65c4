"""Price data for valuation: newest quotes, 24 h base prices and daily closes in bulk."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from psycopg import sql
from psycopg.rows import tuple_row

from db.core import binary
from db.core.arrays import Bools, Floats, Ints
from db.core.pool import LONG_TIMEOUT, Database, Row
from db.items.base_price import BASE_PRICE
from db.portfolio.currency_rates import DOLLAR_TOKENS

EPOCH = 946_684_800
QUOTE = [("item_id", ">i4"), ("source", ">i4"), ("price", ">i8"), ("time", ">i8"), ("reference", "i1"), ("sole", "i1")]
DAY = [("item_id", ">i4"), ("day", ">i4"), ("close", ">i8"), ("volume", ">i8")]


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest quote of n (item, source) pairs, by item. `source` points into `sources`; `time` is in seconds since 1970.

    `sole` are prices of exchanges' pairs: no other source has one.
    """

    item_id: Ints
    source: Ints
    price: Ints
    time: Ints
    reference: Bools
    sole: Bools
    sources: list[str]


def latest(database: Database, simulated: Sequence[str], ids: Sequence[int] | None = None) -> Latest:
    """The newest quotes of some items, or of all; those of `simulated` sources only where there are no others."""
    return _quotes(database, LATEST, simulated, {"ids": None if ids is None else list(ids)})


def bases(database: Database, ids: Sequence[int]) -> dict[tuple[int, str], int]:
    """By item and source, the price that the change of 24 hours counts from (see `db.items.base_price`)."""
    rows = database.fetch(BASES, [list(ids)], factory=tuple_row)
    return {(item, source): price for item, source, price in rows}


def _quotes(database: Database, query: sql.SQL, simulated: Sequence[str], parameters: dict[str, Any]) -> Latest:
    every = [row["source"] for row in database.rows(SOURCES)]
    # Invented prices count beside no real one: no total has both.
    names = [source for source in every if source not in simulated] or every
    with database.connection(answer_within=LONG_TIMEOUT) as connection:
        rows = binary.read(connection, query, {**parameters, "names": names}, QUOTE)
    return Latest(
        rows["item_id"].astype(np.int64),
        rows["source"].astype(np.int64) - 1,
        rows["price"],
        rows["time"] // 1_000_000 + EPOCH,
        rows["reference"].astype(np.bool_),
        rows["sole"].astype(np.bool_),
        names,
    )


def units(database: Database) -> dict[int, tuple[str, int]]:
    """Currency and minor units a unit of those items that are not counted in US cents."""
    rows = database.rows("SELECT id, currency, price_scale FROM items WHERE currency <> 'USD' OR price_scale <> 100")
    return {row["id"]: (row["currency"], row["price_scale"]) for row in rows}


def daily(
    database: Database, ids: Sequence[int] | None, first: datetime, days: int, *, market: str | None = None
) -> tuple[Ints, Floats, Floats]:
    """Daily closes of items' reference sources: ids (n,), closes (n, days) with NaN for days without a quote, volume (n,).

    `volume` is the mean daily number of sales where a source tells it, NaN elsewhere; of pairs it is scaled, so that times a
    close it compares. The first day begins at `first`, which is midnight UTC. None asks for every item, or for every one of a
    market; a market's pairs are those that are quoted in dollars' tokens, so that they may be added up.
    """
    with database.connection(answer_within=LONG_TIMEOUT) as connection:
        parameters = {
            "ids": None if ids is None else list(ids),
            "first": first,
            "days": days,
            "market": market,
            "tokens": list(DOLLAR_TOKENS),
        }
        rows = binary.read(connection, DAILY, parameters, DAY)
    found, row = np.unique(rows["item_id"], return_inverse=True)
    closes = np.full((len(found), days), np.nan)
    closes[row, rows["day"]] = rows["close"]
    known = rows["volume"] >= 0
    counts = np.bincount(row[known], minlength=len(found))
    sums = np.bincount(row[known], weights=rows["volume"][known].astype(np.float64), minlength=len(found))
    volume = np.divide(sums, counts, out=np.full(len(found), np.nan), where=counts > 0)
    return found.astype(np.int64), closes, volume


def traded(database: Database, market: str, *, least: int, most: int, limit: int) -> list[Row]:
    """Items of a market that cost from `least` to `most` US cents now, the most sold ones first.

    Rows `{id, market_hash_name, weapon_type, source, price}`, of the source that speaks for the item.
    """
    return database.rows(TRADED, {"market": market, "least": least, "most": most, "limit": limit})


SOURCES = """
SELECT source FROM price_latest
UNION SELECT t.source FROM tickers t JOIN items i ON i.id = t.item_id AND i.reference_source = t.source
ORDER BY source
"""
LATEST = sql.SQL("""
SELECT l.item_id, array_position(%(names)s::text[], l.source), l.price, l.time, (l.source = i.reference_source) IS TRUE, l.sole
FROM (SELECT item_id, source, price, time, false AS sole FROM price_latest
      UNION ALL SELECT item_id, source, price, time, true FROM tickers) l
JOIN items i ON i.id = l.item_id
WHERE (%(ids)s::integer[] IS NULL OR l.item_id = ANY(%(ids)s)) AND l.source = ANY(%(names)s)
  AND (NOT l.sole OR l.source = i.reference_source)
ORDER BY l.item_id, l.source
""")
BASES = f"""
SELECT item_id, source, base_price FROM (
    SELECT m.item_id, m.source, {BASE_PRICE} AS base_price FROM item_metrics m WHERE m."window" = '24h' AND m.item_id = ANY(%s)) b
WHERE base_price IS NOT NULL
"""
DAILY = sql.SQL("""
SELECT b.item_id, (b.bucket AT TIME ZONE 'UTC')::date - (%(first)s::timestamptz AT TIME ZONE 'UTC')::date, b.close, coalesce(b.volume, -1)
FROM price_24h_between(%(first)s, %(first)s::timestamptz + %(days)s * interval '1 day') b
JOIN items i ON i.id = b.item_id AND i.reference_source = b.source
WHERE b.bucket >= %(first)s AND b.bucket < %(first)s::timestamptz + %(days)s * interval '1 day'
  AND (%(ids)s::integer[] IS NULL OR b.item_id = ANY(%(ids)s)) AND (%(market)s::text IS NULL OR i.market = %(market)s)
UNION ALL
SELECT c.item_id, (c.open_time AT TIME ZONE 'UTC')::date - (%(first)s::timestamptz AT TIME ZONE 'UTC')::date, c.close,
    round(c.volume * 1e6 / s.volume_scale / i.price_scale)::bigint
FROM (
    SELECT item_id, source, open_time, close, volume FROM candles_1d
    UNION ALL SELECT t.item_id, t.source, date_trunc('day', t.time, 'UTC'), t.price, t.volume FROM tickers t
    WHERE NOT EXISTS (SELECT FROM candles_1d k WHERE k.item_id = t.item_id AND k.source = t.source AND k.open_time = date_trunc('day', t.time, 'UTC'))
) c JOIN items i ON i.id = c.item_id AND i.reference_source = c.source JOIN symbols s ON s.item_id = i.id
WHERE c.open_time >= %(first)s AND c.open_time < %(first)s::timestamptz + %(days)s * interval '1 day'
  AND (%(ids)s::integer[] IS NULL OR c.item_id = ANY(%(ids)s))
  AND (%(market)s::text IS NULL OR (i.market = %(market)s AND i.currency = ANY(%(tokens)s)))
""")
# What is sold often comes first; of the simulated market all items tell sales.
TRADED = """
SELECT i.id, i.market_hash_name, coalesce(i.weapon_type, '') AS weapon_type, l.source, l.price
FROM items i JOIN price_latest l ON l.item_id = i.id AND l.source = i.reference_source
WHERE i.market = %(market)s AND i.currency = 'USD' AND i.price_scale = 100 AND l.price BETWEEN %(least)s AND %(most)s
ORDER BY l.volume DESC NULLS LAST, i.id LIMIT %(limit)s
"""
