"""Rankings as pages show them: the order from Redis or PostgreSQL, the lines from PostgreSQL."""

from collections.abc import Mapping, Sequence
from typing import Any

import redis
from psycopg import sql
from psycopg.rows import dict_row

from db.core.pool import Database, Row
from db.items.base_price import BASE_PRICE

LINE = f"""
    SELECT m.item_id, i.market_hash_name, i.weapon_type, i.weapon, i.skin_name, i.wear, i.rarity, i.image_url, i.currency,
           i.price_scale, m.source, coalesce(l.price, m.last_price) AS price, l.time AS price_time,
           greatest(3 * p.interval_s, 180) AS stale_after,  -- who asks every second quotes what was traded, not everything
           {BASE_PRICE} AS base_price,
           m.percent_change, m.return_volatility, m.ewma_volatility, m.coefficient_of_variation, m.trend_slope, m.trend_r2,
           m.trend_score, m.sharpe, m.max_drawdown, m.volume, m.volume_rolling, m.samples, m.coverage, m.as_of,
           CASE WHEN m.volume_rolling THEN m.volume ELSE m.volume / %(days)s::float8 END AS volume_per_day
    FROM item_metrics m
    JOIN items i ON i.id = m.item_id
    LEFT JOIN price_latest l ON l.item_id = m.item_id AND l.source = m.source
    LEFT JOIN provider_state p ON p.name = m.source
    WHERE m."window" = %(window)s AND m.reference
"""
# A source that never tells a volume is judged by the rest, as in jobs.rankings.
GATED = """
    told AS (SELECT source FROM line GROUP BY source HAVING count(volume) > 0),
    passed AS (
        SELECT line.* FROM line LEFT JOIN told USING (source)
        WHERE samples >= %(least_samples)s AND coverage >= %(least_coverage)s
          AND price >= %(least_price)s * price_scale
          AND (told.source IS NULL OR coalesce(volume_per_day, 0) >= %(least_volume)s)
    )
"""
METRICS = frozenset(
    {
        "return_volatility",
        "percent_change",
        "trend_score",
        "coefficient_of_variation",
        "sharpe",
        "max_drawdown",
        "volume",
    }
)


def top_ids(client: redis.Redis, metric: str, window: str, *, descending: bool, limit: int) -> list[int]:
    """The first items of a ranking.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    found: Any = client.zrange(f"rankings:{metric}:{window}", 0, limit - 1, desc=descending)
    return [int(member) for member in found]


def lines(database: Database, window: str, days: float, ids: Sequence[int]) -> list[Row]:
    """Those items' prices and measures in a window, in the order of `ids`; unmeasured ones are left out."""
    found = database.rows(LINE + " AND m.item_id = ANY(%(ids)s)", {"window": window, "days": days, "ids": list(ids)})
    by_id = {row["item_id"]: row for row in found}
    return [by_id[item] for item in ids if item in by_id]


def ranked(
    database: Database,
    metric: str,
    window: str,
    days: float,
    gate: Mapping[str, float],
    *,
    descending: bool,
    limit: int,
) -> list[Row]:
    """The first items by a measure that pass a gate (`least_samples`, `least_coverage`, `least_price`, `least_volume`).

    `days` is the window's length; volume is compared per day, price in whole units.

    Raises:
        ValueError: an unknown measure.
    """
    if metric not in METRICS:
        raise ValueError(f"no ranking by {metric!r}")
    query = sql.SQL(
        "WITH line AS ({line}), {gated} SELECT * FROM passed WHERE {metric} IS NOT NULL"
        " ORDER BY {metric} {order}, item_id LIMIT %(limit)s"
    ).format(
        line=sql.SQL(LINE),
        gated=sql.SQL(GATED),
        metric=sql.Identifier(metric),
        order=sql.SQL("DESC" if descending else "ASC"),
    )
    parameters = {"window": window, "days": days, "limit": limit, **gate}
    with database.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, parameters).fetchall()


def reach(database: Database, window: str, days: float, gate: Mapping[str, float]) -> Row:
    """How many items are measured in a window (`items`), how many pass a gate (`passing`), and the most closes of any."""
    found = database.row(
        f"WITH line AS ({LINE}), {GATED} SELECT (SELECT count(*) FROM line) AS items,"
        " (SELECT count(*) FROM passed) AS passing, (SELECT coalesce(max(samples), 0) FROM line) AS samples",
        {"window": window, "days": days, **gate},
    )
    return found or {"items": 0, "passing": 0, "samples": 0}
