"""Values of rules: what each rule's condition is compared with now, of all rules or of one user's."""

from typing import Final

NO_DATA_AFTER: Final = "interval '1 day'"
"""A price that is older is no data for rules on the price."""

VALUE: Final = f"""CASE r.kind
    WHEN 'price' THEN CASE WHEN l.time > %(now)s::timestamptz - {NO_DATA_AFTER} THEN l.price END
    WHEN 'change' THEN m.percent_change
    WHEN 'sigma' THEN CASE WHEN d.percent_change > -100 THEN ln(1 + d.percent_change / 100) / nullif(m.return_volatility, 0) END
    WHEN 'stale' THEN greatest(0, extract(epoch FROM %(now)s::timestamptz - coalesce(l.time, i.created_at)) / 3600)
    WHEN 'value' THEN s.value END"""
"""Of a rule, in the unit of its threshold; null where it is not known. A stale price's is its age in hours.

A move in sigmas is the logarithm of the last 24 hours' change by the daily sigma of the last 30 days (`return_volatility`).
"""
SOURCES: Final = """
LEFT JOIN items i ON i.id = r.item_id
LEFT JOIN LATERAL (
    SELECT time, price FROM tickers WHERE item_id = i.id AND source = i.reference_source
    UNION ALL SELECT time, price FROM price_latest WHERE item_id = i.id AND source = i.reference_source
    LIMIT 1
) l ON r.kind IN ('price', 'stale')
LEFT JOIN item_metrics m ON m.item_id = i.id AND m.source = i.reference_source
    AND m."window" = CASE r.kind WHEN 'change' THEN r."window" WHEN 'sigma' THEN '30d' END
LEFT JOIN item_metrics d ON r.kind = 'sigma' AND d.item_id = i.id AND d.source = i.reference_source AND d."window" = '24h'
LEFT JOIN portfolio_state s ON s.portfolio_id = r.portfolio_id
"""
"""What the value of a rule `r` is read from."""
