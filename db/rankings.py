"""Rankings, read."""

from dataclasses import dataclass
from typing import Any

import orjson
import redis
from psycopg import sql
from psycopg.rows import dict_row

from db.metrics import MEASURES
from db.pool import Database, Row

NAMES = "SELECT id, market, market_hash_name, price_scale, currency FROM items WHERE id = ANY(%s)"
WIDER = 20
"""With a market asked for, look at so many times more members before giving up on filling the page."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which ranking, and how much of it; `market` None for all."""

    metric: str
    window: str
    descending: bool
    limit: int
    market: str | None = None


def from_redis(client: redis.Redis, database: Database, asked: Asked) -> list[Row]:
    """Rows of the sorted set, in its order, ties by item id; everything comes from Redis but names and market.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    key = f"rankings:{asked.metric}:{asked.window}"
    until = (asked.limit if asked.market is None else asked.limit * WIDER) - 1
    members: Any = client.zrange(key, 0, until, desc=asked.descending, withscores=True)
    if not members:
        return []
    kept: Any = client.hmget(f"rankings:rows:{asked.window}", [member for member, _ in members])
    names = {row["id"]: row for row in database.rows(NAMES, [[int(member) for member, _ in members]])}
    rows: list[Row] = []
    for (member, score), text in zip(members, kept, strict=True):
        item = names.get(int(member))
        if item is None or text is None or asked.market not in {None, item["market"]}:
            continue
        rows.append(_row(len(rows) + 1, item, score, orjson.loads(text)))
        if len(rows) == asked.limit:
            break
    return rows


def from_database(database: Database, asked: Asked) -> list[Row]:
    """The same without Redis and without the gates: from the kept measures."""
    query = sql.SQL(
        "SELECT i.id, i.market, i.market_hash_name, i.price_scale, i.currency, m.*, m.last_price AS price FROM item_metrics m"
        ' JOIN items i ON i.id = m.item_id WHERE m."window" = %(window)s AND m.reference AND {metric} IS NOT NULL'
        " AND (%(market)s::text IS NULL OR i.market = %(market)s) ORDER BY {metric} {order}, m.item_id LIMIT %(limit)s"
    ).format(metric=sql.Identifier("m", asked.metric), order=sql.SQL("DESC" if asked.descending else "ASC"))
    with database.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(query, {"window": asked.window, "market": asked.market, "limit": asked.limit}).fetchall()
    wanted = ("source", "price", "volume", *MEASURES, "samples", "coverage", "as_of")
    return [
        _row(rank, row, float(row[asked.metric]), {name: row[name] for name in wanted})
        for rank, row in enumerate(found, 1)
    ]


def _row(rank: int, item: Row, score: float, measures: dict[str, Any]) -> Row:
    return {
        "rank": rank,
        "item_id": item["id"],
        "market_hash_name": item["market_hash_name"],
        "score": score,
        "market": item["market"],
        "currency": item["currency"],
        "price_scale": item["price_scale"],
        **measures,
    }
