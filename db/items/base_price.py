"""The price that a change counts from: one definition for every page and answer."""

from typing import Final

BASE_PRICE: Final = """CASE WHEN m.percent_change > -100 AND m.last_price / nullif(1 + m.percent_change / 100, 0) < 9e18
    THEN nullif(round(m.last_price / (1 + m.percent_change / 100)), 0)::bigint END"""
"""Of a row `m` of item_metrics: the source's last close before the window began, null where it has none.

A change of 24 hours is the newest price of a source less this price of the same source in the window `24h`.
"""
