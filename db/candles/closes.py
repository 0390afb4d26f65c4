"""Candle closes in bulk, for the measures of pairs: the same columns as those of quotes."""

from datetime import datetime
from typing import Final

from db.core.pool import Database
from db.quotes.closes import IN_RANGE, PACK, Closes, Items, packed

RUNNING_FROM: Final = """
    SELECT c.item_id, c.source, date_bin(%(width)s, c.open_time, %(first)s) AS open_time,
           (array_agg(c.close ORDER BY c.open_time DESC))[1] AS close, max(c.high) AS high, min(c.low) AS low, sum(c.volume)::bigint AS volume
    FROM candles_1m c JOIN pairs USING (item_id, source)
    WHERE c.open_time >= date_bin(%(width)s, %(as_of)s, %(first)s) - %(width)s AND c.open_time <= %(as_of)s - interval '1 minute'
    GROUP BY 1, 2, 3
"""


def hourly(database: Database, market: str, first: datetime, as_of: datetime, items: Items) -> Closes:
    """Hourly candles of a market's pairs from `first` to the one that contains `as_of`, for some ids.

    Of each pair those of its reference source. What was not over by `as_of` is not seen: the last hour is made of its minutes.
    """
    return packed(database, HOURLY, 3_600, {"market": market, "first": first, "as_of": as_of}, items)


def five_minutes(database: Database, market: str, first: datetime, as_of: datetime, items: Items) -> Closes:
    """The same in candles of five minutes."""
    return packed(database, FIVE_MINUTES, 300, {"market": market, "first": first, "as_of": as_of}, items)


def _query(table: str, width: str) -> str:
    """Candles that are over, and what minutes there are of the running one and the one before, which may not be rolled up yet."""
    running = RUNNING_FROM.replace("%(width)s", f"interval '{width}'")
    return f"""
WITH pairs AS MATERIALIZED (
    SELECT id AS item_id, reference_source AS source, price_scale FROM items
    WHERE market = %(market)s AND {IN_RANGE} AND reference_source IS NOT NULL
), rolled AS (
    SELECT c.item_id, c.source, c.open_time, c.close, c.high, c.low, c.volume FROM {table} c JOIN pairs USING (item_id, source)
    WHERE c.open_time >= %(first)s AND c.open_time <= %(as_of)s - interval '{width}'
), running AS ({running}), every AS (
    SELECT * FROM rolled
    UNION ALL SELECT * FROM running r
    WHERE r.open_time >= %(first)s
      AND NOT EXISTS (SELECT FROM rolled k WHERE (k.item_id, k.source, k.open_time) = (r.item_id, r.source, r.open_time))
), buckets AS (
    SELECT item_id, source, open_time AS bucket, close, high, low, volume, false AS volume_rolling
    FROM every
), packed AS (SELECT item_id, source, {PACK} AS cells FROM buckets GROUP BY 1, 2)
SELECT packed.item_id, packed.source, cells, b.close, extract(epoch FROM %(first)s - b.open_time)::float8, pairs.price_scale
FROM packed JOIN pairs USING (item_id, source) LEFT JOIN LATERAL (
    SELECT close, open_time FROM {table} c
    WHERE c.item_id = packed.item_id AND c.source = packed.source AND c.open_time < %(first)s
    ORDER BY open_time DESC LIMIT 1) b ON true
ORDER BY packed.item_id
"""


HOURLY: Final = _query("candles_1h", "1 hour")
FIVE_MINUTES: Final = _query("candles_5m", "5 minutes")
