"""Polling plans: what speaks for each item, what is planned, and when each is asked for next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from db.core import binary
from db.core.arrays import Bools, Floats, Ints
from db.core.pool import Database, Row

MEASURED: Final = "7d"
"""The window whose measures say how an item trades and moves."""
LIQUID: Final = 500
"""Items that are candidates because they trade most, beside all that somebody holds or watches."""


KEPT: Final = timedelta(hours=1)
"""A plan that is older was given up: its provider is off, or asks for single items no more."""


@dataclass(frozen=True, slots=True)
class Planned:
    """The n items of a plan; arrays (n,)."""

    item_id: Ints
    interval: Floats
    in_demand: Bools
    liquidity: Floats
    volatility: Floats


def candidates(database: Database, market: str, source: str) -> list[Row]:
    """Items of a market that may be asked for one by one, with what speaks for each.

    `{id, name, holders, watchers, liquidity, volatility, read}`: how many people hold and watch it, its place among all measured items
    by turnover and by volatility from 0 to 1 (0 where unknown), and when the source was last read or asked, null for never.
    """
    return database.rows(CANDIDATES, {"market": market, "source": source, "window": MEASURED, "liquid": LIQUID})


def save(
    database: Database, provider: str, planned: Planned, *, at: datetime, per_minute: float, pass_seconds: float | None
) -> None:
    """Put a plan in the place of the provider's last one; when items were asked for stays known."""
    values = {
        name: binary.literal(getattr(planned, name)) for name in ("item_id", "interval", "liquidity", "volatility")
    }
    values["in_demand"] = binary.literal(planned.in_demand.astype(int))
    with database.connection() as connection, connection.transaction():
        connection.execute(PLAN, [provider, at, per_minute, pass_seconds])
        connection.execute(
            "DELETE FROM poll_plan_items WHERE provider = %s AND item_id <> ALL(%s::text::integer[])",
            [provider, values["item_id"]],
        )
        connection.execute(ITEMS, {"provider": provider} | values)


def polled(database: Database, provider: str, item_id: int, at: datetime) -> None:
    """An item was asked for, whatever came of it."""
    database.execute(
        "UPDATE poll_plan_items SET polled_at = %s WHERE provider = %s AND item_id = %s", [at, provider, item_id]
    )


def of_item(database: Database, item_id: int, providers: Sequence[str]) -> list[Row]:
    """How often each of some providers reads an item.

    `{provider, interval_s, next_attempt, planned, pass_seconds, own_interval, in_demand, liquidity, volatility, polled_at}`: `planned` where the
    whole market is read page by page, in `pass_seconds`, `own_interval` and what follows where the item is in a plan.
    """
    return database.rows(OF_ITEM, {"item": item_id, "providers": list(providers), "kept": KEPT})


def plans(database: Database) -> list[Row]:
    """Every provider's plan.

    `{provider, planned_at, per_minute, pass_seconds, demanded, demanded_median, others, others_median}`: how many items somebody holds or
    watches, how many are there for other reasons, and the medians of their intervals in seconds, null without any.
    """
    return database.rows(PLANS, {"kept": KEPT})


CANDIDATES: Final = """
WITH held AS (
    SELECT item_id, count(DISTINCT user_id) AS holders FROM (
        SELECT h.item_id, h.user_id FROM user_portfolio_holdings h WHERE h.item_id IS NOT NULL
        UNION ALL
        SELECT q.item_id, p.user_id FROM portfolio_positions q JOIN portfolios p ON p.id = q.portfolio_id) h GROUP BY 1),
watched AS (SELECT item_id, count(DISTINCT user_id) AS watchers FROM user_watchlist GROUP BY 1),
measured AS (
    SELECT item_id, turnover, percent_rank() OVER (ORDER BY turnover) AS liquidity,
           percent_rank() OVER (ORDER BY return_volatility) AS volatility
    FROM (SELECT m.item_id, coalesce(m.turnover, 0) AS turnover, coalesce(m.return_volatility, 0) AS return_volatility
          FROM item_metrics m JOIN items i ON i.id = m.item_id
          WHERE m."window" = %(window)s AND m.reference AND i.market = %(market)s) m),
liquid AS (SELECT item_id FROM measured WHERE turnover > 0 ORDER BY turnover DESC, item_id LIMIT %(liquid)s)
SELECT i.id, i.market_hash_name AS name, coalesce(h.holders, 0) AS holders, coalesce(w.watchers, 0) AS watchers,
       coalesce(m.liquidity, 0) AS liquidity, coalesce(m.volatility, 0) AS volatility, greatest(l.time, k.polled_at) AS read
FROM items i
LEFT JOIN held h ON h.item_id = i.id LEFT JOIN watched w ON w.item_id = i.id LEFT JOIN measured m ON m.item_id = i.id
LEFT JOIN price_latest l ON l.item_id = i.id AND l.source = %(source)s
LEFT JOIN poll_plan_items k ON k.item_id = i.id AND k.provider = %(source)s
WHERE i.market = %(market)s AND (h.item_id IS NOT NULL OR w.item_id IS NOT NULL OR i.id IN (SELECT item_id FROM liquid))
ORDER BY i.id
"""
PLAN: Final = """
INSERT INTO poll_plans (provider, planned_at, per_minute, pass_seconds) VALUES (%s, %s, %s, %s)
ON CONFLICT (provider) DO UPDATE SET
    planned_at = excluded.planned_at, per_minute = excluded.per_minute, pass_seconds = excluded.pass_seconds
"""
ITEMS: Final = """
INSERT INTO poll_plan_items (provider, item_id, interval_s, in_demand, liquidity, volatility)
SELECT %(provider)s, g.item_id, g.interval_s, g.in_demand = 1, g.liquidity, g.volatility
FROM unnest(%(item_id)s::text::integer[], %(interval)s::text::float8[], %(in_demand)s::text::integer[], %(liquidity)s::text::float8[],
            %(volatility)s::text::float8[]) g (item_id, interval_s, in_demand, liquidity, volatility)
JOIN items i ON i.id = g.item_id
ON CONFLICT (provider, item_id) DO UPDATE SET
    interval_s = excluded.interval_s, in_demand = excluded.in_demand, liquidity = excluded.liquidity, volatility = excluded.volatility
"""
OF_ITEM: Final = """
SELECT p.name AS provider, p.interval_s, p.next_attempt, n.provider IS NOT NULL AS planned, n.pass_seconds,
       k.interval_s AS own_interval, k.in_demand, k.liquidity,
       k.volatility, k.polled_at
FROM provider_state p LEFT JOIN poll_plans n ON n.provider = p.name AND n.planned_at > now() - %(kept)s
LEFT JOIN poll_plan_items k ON k.provider = n.provider AND k.item_id = %(item)s
WHERE p.name = ANY(%(providers)s) ORDER BY p.name
"""
PLANS: Final = """
SELECT n.provider, n.planned_at, n.per_minute, n.pass_seconds, count(*) FILTER (WHERE k.in_demand) AS demanded,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY k.interval_s) FILTER (WHERE k.in_demand) AS demanded_median,
       count(*) FILTER (WHERE NOT k.in_demand) AS others,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY k.interval_s) FILTER (WHERE NOT k.in_demand) AS others_median
FROM poll_plans n LEFT JOIN poll_plan_items k ON k.provider = n.provider
WHERE n.planned_at > now() - %(kept)s GROUP BY n.provider ORDER BY n.provider
"""
