"""Pair rows: what the grid of items shows of exchanges' pairs, which the screener leaves out."""

from collections.abc import Sequence

from db.core.pool import Database, Row
from db.items.screener import MEASURES


def pair_rows(database: Database, ids: Sequence[int], window: str) -> list[Row]:
    """Newest ticker, measures of the window and hourly closes of 24 hours (`closes`) of those of these items that are pairs.

    Prices in minor units, `at` in milliseconds since 1970; `open` is the price 24 hours before, `last_price` the one that
    `percent_change` of the window was measured at; unknown is null.
    """
    return database.rows(ROWS, {"ids": list(ids), "window": window})


ROWS = f"""
SELECT i.id, i.market, i.market_hash_name AS name, i.image_url AS image, i.currency, i.price_scale AS scale,
       t.source, t.price, t.open, (extract(epoch FROM t.time) * 1000)::bigint AS at, greatest(3 * p.interval_s, 180) AS stale_after,
       d.turnover, coalesce(m.samples, 0) AS samples, m.last_price, {", ".join(f"m.{name}" for name in MEASURES)},
       (SELECT array_agg(c.close ORDER BY c.open_time) FROM candles_1h c
        WHERE c.item_id = i.id AND c.source = i.reference_source AND c.open_time >= now() - interval '24 hours') AS closes
FROM items i JOIN symbols s ON s.item_id = i.id
LEFT JOIN tickers t ON t.item_id = i.id AND t.source = i.reference_source
LEFT JOIN provider_state p ON p.name = t.source
LEFT JOIN item_metrics m ON m.item_id = i.id AND m.source = i.reference_source AND m."window" = %(window)s
LEFT JOIN item_metrics d ON d.item_id = i.id AND d.source = i.reference_source AND d."window" = '24h'
WHERE i.id = ANY(%(ids)s)
"""
