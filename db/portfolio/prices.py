"""Prices in bulk, for what portfolios hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from psycopg import sql
from psycopg.rows import tuple_row

from db.core import binary
from db.core.pool import LONG, Database
from db.items.base_price import BASE_PRICE
from db.items.sources import is_simulated

Ints = npt.NDArray[np.int64]
EPOCH = 946_684_800
QUOTE = [("item_id", ">i4"), ("source", ">i4"), ("price", ">i8"), ("time", ">i8"), ("reference", "i1")]
DAY = [("item_id", ">i4"), ("day", ">i4"), ("close", ">i8"), ("volume", ">i8")]


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest quote of n (item, source) pairs, by item. `source` points into `sources`; `time` is in seconds since 1970."""

    item_id: Ints
    source: Ints
    price: Ints
    time: Ints
    reference: npt.NDArray[np.bool_]
    sources: list[str]


def latest(database: Database, ids: Sequence[int] | None = None) -> Latest:
    """The newest quotes of some items, or of all."""
    return _quotes(database, LATEST, {"ids": None if ids is None else list(ids)})


def bases(database: Database, ids: Sequence[int]) -> dict[tuple[int, str], int]:
    """By item and source, the price that the change of 24 hours counts from (see `db.items.base_price`)."""
    rows = database.fetch(BASES, [list(ids)], factory=tuple_row)
    return {(item, source): price for item, source, price in rows}


def _quotes(database: Database, query: sql.SQL, parameters: dict[str, Any]) -> Latest:
    every = [row["source"] for row in database.rows("SELECT DISTINCT source FROM price_latest ORDER BY source")]
    # Invented prices count beside no real one: no total has both.
    names = [source for source in every if not is_simulated(source)] or every
    with database.connection(answer_within=LONG) as connection:
        rows = binary.read(connection, query, {**parameters, "names": names}, QUOTE)
    return Latest(
        rows["item_id"].astype(np.int64),
        rows["source"].astype(np.int64) - 1,
        rows["price"],
        rows["time"] // 1_000_000 + EPOCH,
        rows["reference"].astype(np.bool_),
        names,
    )


def units(database: Database) -> dict[int, tuple[str, int]]:
    """Currency and minor units a unit of those items that are not counted in US cents."""
    rows = database.rows("SELECT id, currency, price_scale FROM items WHERE currency <> 'USD' OR price_scale <> 100")
    return {row["id"]: (row["currency"], row["price_scale"]) for row in rows}


def daily(
    database: Database, ids: Sequence[int] | None, first: datetime, days: int
) -> tuple[Ints, npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Daily closes of items' reference sources: ids (n,), closes (n, days) with NaN for days without a quote, volume (n,).

    `volume` is the mean daily number of sales where a source tells it, NaN elsewhere. The first day begins at `first`,
    which is midnight UTC. None asks for every item.
    """
    with database.connection(answer_within=LONG) as connection:
        parameters = {"ids": None if ids is None else list(ids), "first": first, "days": days}
        rows = binary.read(connection, DAILY, parameters, DAY)
    found, row = np.unique(rows["item_id"], return_inverse=True)
    closes = np.full((len(found), days), np.nan)
    closes[row, rows["day"]] = rows["close"]
    told = rows["volume"] >= 0
    counts = np.bincount(row[told], minlength=len(found))
    sums = np.bincount(row[told], weights=rows["volume"][told].astype(np.float64), minlength=len(found))
    volume = np.divide(sums, counts, out=np.full(len(found), np.nan), where=counts > 0)
    return found.astype(np.int64), closes, volume


LATEST = sql.SQL("""
SELECT l.item_id, array_position(%(names)s::text[], l.source), l.price, l.time, (l.source = i.reference_source) IS TRUE
FROM price_latest l JOIN items i ON i.id = l.item_id
WHERE (%(ids)s::integer[] IS NULL OR l.item_id = ANY(%(ids)s)) AND l.source = ANY(%(names)s)
ORDER BY l.item_id, l.source
""")
BASES = f"""
SELECT item_id, source, base_price FROM (
    SELECT m.item_id, m.source, {BASE_PRICE} AS base_price FROM item_metrics m WHERE m."window" = '24h' AND m.item_id = ANY(%s)) b
WHERE base_price IS NOT NULL
"""
DAILY = sql.SQL("""
SELECT b.item_id, (b.bucket AT TIME ZONE 'UTC')::date - (%(first)s::timestamptz AT TIME ZONE 'UTC')::date, b.close, coalesce(b.volume, -1)
FROM price_24h b JOIN items i ON i.id = b.item_id AND i.reference_source = b.source
WHERE b.bucket >= %(first)s AND b.bucket < %(first)s::timestamptz + %(days)s * interval '1 day'
  AND (%(ids)s::integer[] IS NULL OR b.item_id = ANY(%(ids)s))
""")
