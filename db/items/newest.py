"""Newest prices: of items and of pairs in one form, many at once."""

from collections.abc import Sequence

from db.core.pool import Database, Row
from db.items.base_price import BASE_PRICE


def newest(database: Database, item_ids: Sequence[int]) -> dict[int, Row]:
    """The newest price of each item's reference source, by item; what is not known is null.

    `item_id`, `market`, `symbol`, `currency`, `price_scale`, `source`, `price`, `bid`, `ask`, `volume`, `time`, `base_price`
    (24 hours before) and `stale_after` (seconds); of pairs also `volume_scale`, `status`, and `high`, `low` of 24 hours.
    """
    return {row["item_id"]: row for row in database.rows(NEWEST, [list(item_ids)])}


NEWEST = f"""
SELECT i.id AS item_id, i.market, i.market_hash_name AS symbol, i.currency, i.price_scale, s.volume_scale, s.status,
       l.source, l.price, l.bid, l.ask, l.volume, l.time, l.base_price, l.high, l.low,
       greatest(3 * p.interval_s, 180) AS stale_after
FROM items i
LEFT JOIN symbols s ON s.item_id = i.id
LEFT JOIN LATERAL (
    SELECT source, price, bid, ask, volume, time, open AS base_price, high, low
    FROM tickers WHERE item_id = i.id AND source = i.reference_source
    UNION ALL
    SELECT q.source, q.price, q.bid, q.ask, q.volume, q.time, {BASE_PRICE}, NULL, NULL
    FROM price_latest q LEFT JOIN item_metrics m ON m.item_id = q.item_id AND m.source = q.source AND m."window" = '24h'
    WHERE q.item_id = i.id AND q.source = i.reference_source
) l ON true
LEFT JOIN provider_state p ON p.name = l.source
WHERE i.id = ANY(%s)
"""
