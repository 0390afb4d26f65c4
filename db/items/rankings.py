"""Rankings: order from Redis or PostgreSQL, rows from PostgreSQL, as pages show them; each of one market alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import redis
from psycopg import sql
from psycopg.rows import dict_row

from db.core.pool import Database, Row
from db.items.base_price import BASE_PRICE
from db.items.markets import STEAM_MARKET
from db.items.measures import RUN_AS_OF

_LINE: Final = f"""
    SELECT m.item_id, i.market_hash_name, i.weapon_type, i.weapon, i.skin_name, i.wear, i.rarity, i.image_url, i.currency,
           i.price_scale, m.source, coalesce(l.price, m.last_price) AS price, l.time AS price_time,
           {{more}}
           {BASE_PRICE} AS base_price,
           m.percent_change, m.return_volatility, m.ewma_volatility, m.coefficient_of_variation, m.trend_slope, m.trend_r2,
           m.trend_score, m.sharpe, m.max_drawdown, m.volume, m.volume_rolling, m.turnover, m.samples, m.coverage, {RUN_AS_OF}
    FROM item_metrics m
    JOIN items i ON i.id = m.item_id
    {{joins}}
    WHERE m."window" = %(window)s AND m.reference AND i.market = %(market)s
"""
ITEM_LINE: Final = _LINE.format(
    # A source polled every second quotes what was traded, not everything.
    more="""greatest(3 * p.interval_s, 180) AS stale_after, NULL::text AS base_currency, NULL::float8 AS turnover_per_day,
           CASE WHEN m.volume_rolling THEN m.volume ELSE m.volume / %(days)s::float8 END AS volume_per_day,""",
    joins="""LEFT JOIN price_latest l ON l.item_id = m.item_id AND l.source = m.source
    LEFT JOIN provider_state p ON p.name = m.source""",
)
PAIR_LINE: Final = _LINE.format(
    # In whole units of the base currency; an exchange trades every second.
    more="""60.0 AS stale_after, s.base_currency, m.turnover / %(days)s::float8 AS turnover_per_day,
           m.volume / s.volume_scale::float8 / %(days)s::float8 AS volume_per_day,""",
    joins="""JOIN symbols s ON s.item_id = m.item_id
    LEFT JOIN tickers l ON l.item_id = m.item_id AND l.source = m.source""",
)
# A source that never tells a volume is judged by the rest, as in jobs.rankings.
ITEM_GATED: Final = """
    selling AS (SELECT source FROM line GROUP BY source HAVING count(volume) > 0),
    passed AS (
        SELECT line.* FROM line LEFT JOIN selling USING (source)
        WHERE samples >= %(least_samples)s AND coverage >= %(least_coverage)s
          AND price >= %(least_price)s * price_scale
          AND (selling.source IS NULL OR coalesce(volume_per_day, 0) >= %(least_volume)s)
    )
"""
PAIR_GATED: Final = """
    passed AS (
        SELECT line.* FROM line
        WHERE samples >= %(least_samples)s AND coverage >= %(least_coverage)s
          AND price >= %(least_price)s * price_scale AND coalesce(turnover_per_day, 0) >= %(least_volume)s
    )
"""
RUN_KEY: Final = "rankings:run"
"""The Redis key that says which run's rankings are there; absent while they are not whole."""
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


@dataclass(frozen=True, slots=True)
class MarketWindow:
    """One market in one window of so many `days`; with `pairs` its prices are trades of an exchange."""

    market: str
    window: str
    days: float
    pairs: bool = False

    @property
    def line(self) -> str:
        """The query of its rows; it takes `parameters`."""
        return PAIR_LINE if self.pairs else ITEM_LINE

    @property
    def gated_lines(self) -> str:
        """The table `passed`: those of a table `line` that pass a gate, whose values are parameters, too."""
        return PAIR_GATED if self.pairs else ITEM_GATED

    @property
    def gated(self) -> str:
        """The tables `line` and `passed`."""
        return f"line AS ({self.line}), {self.gated_lines}"

    @property
    def parameters(self) -> dict[str, Any]:
        """What the queries take."""
        return {"market": self.market, "window": self.window, "days": self.days}

    def column(self, metric: str) -> str:
        """What a ranking sorts by: of pairs' volume, whose units differ, what was traded in one currency."""
        return "turnover" if self.pairs and metric == "volume" else metric


def ranking_key(metric: str, market: str, window: str | None = None) -> str:
    """The Redis key of a ranking; that of CS2 items does not name its market."""
    parts = ["rankings", metric, *([window] if window else []), *([] if market == STEAM_MARKET else [market])]
    return ":".join(parts)


def top_ids(client: redis.Redis, metric: str, scope: MarketWindow, *, descending: bool, limit: int) -> list[int]:
    """The first items of a ranking.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    found: Any = client.zrange(ranking_key(metric, scope.market, scope.window), 0, limit - 1, desc=descending)
    return [int(member) for member in found]


def lines(database: Database, scope: MarketWindow, ids: Sequence[int]) -> list[Row]:
    """Those items' prices and measures in a window, in the order of `ids`; unmeasured ones are left out."""
    found = database.rows(scope.line + " AND m.item_id = ANY(%(ids)s)", scope.parameters | {"ids": list(ids)})
    by_id = {row["item_id"]: row for row in found}
    return [by_id[item] for item in ids if item in by_id]


def ranked(
    database: Database,
    metric: str,
    scope: MarketWindow,
    gate: Mapping[str, float],
    *,
    descending: bool,
    limit: int,
) -> list[Row]:
    """The first items by a measure that pass a gate (`least_samples`, `least_coverage`, `least_price`, `least_volume`).

    Volume is compared per day, price in whole units; of pairs, what is traded a day in their market's currency.

    Raises:
        ValueError: an unknown measure.
    """
    if metric not in METRICS:
        raise ValueError(f"no ranking by {metric!r}")
    query = sql.SQL(
        "WITH {gated} SELECT * FROM passed WHERE {metric} IS NOT NULL ORDER BY {metric} {order}, item_id LIMIT %(limit)s"
    ).format(
        gated=sql.SQL(scope.gated),
        metric=sql.Identifier(scope.column(metric)),
        order=sql.SQL("DESC" if descending else "ASC"),
    )
    parameters = scope.parameters | {"limit": limit, **gate}
    with database.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, parameters).fetchall()


def reach(database: Database, scope: MarketWindow, gate: Mapping[str, float], *, currency: str | None = None) -> Row:
    """How many items are measured in a window (`items`), how many pass a gate (`passing`), and the most closes of any.

    Of pairs in other currencies than their market's `currency`, what is traded was `converted`, or no pair joins the two
    (`unconverted`).
    """
    other = "(SELECT count(*) FROM line WHERE base_currency IS NOT NULL AND currency <> %(currency)s AND turnover {})"
    found = database.row(
        f"WITH {scope.gated} SELECT (SELECT count(*) FROM line) AS items,"
        " (SELECT count(*) FROM passed) AS passing, (SELECT coalesce(max(samples), 0) FROM line) AS samples,"
        f" {other.format('IS NOT NULL')} AS converted, {other.format('IS NULL')} AS unconverted",
        scope.parameters | {"currency": currency, **gate},
    )
    return found or {"items": 0, "passing": 0, "samples": 0, "converted": 0, "unconverted": 0}
