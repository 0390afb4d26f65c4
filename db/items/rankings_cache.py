"""Rankings from Redis' sorted sets; where Redis is down, from the stored measures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import orjson
import redis
from cachetools import TTLCache
from psycopg import sql
from psycopg.rows import dict_row

from db.core.pool import Database, Row
from db.items.measures import MEASURES
from db.items.rankings import GATED

NAMES = "SELECT id, market, market_hash_name, price_scale, currency FROM items WHERE id = ANY(%s)"
NAMES_SECONDS = 60.0
STEP = 500
"""Members looked at at a time where only those of one market are wanted."""


@dataclass(frozen=True, slots=True)
class RankingQuery:
    """Which ranking, and how much of it; `market` None for all."""

    metric: str
    window: str
    descending: bool
    limit: int
    market: str | None = None


def from_redis(client: redis.Redis, database: Database, asked: RankingQuery) -> bytes:
    """A JSON array of the sorted set's rows, in its order; everything comes from Redis but names, at most 60 s old.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    key, rows = f"rankings:{asked.metric}:{asked.window}", f"rankings:rows:{asked.window}"
    step = asked.limit if asked.market is None else max(asked.limit, STEP)
    found: list[bytes] = []
    start = 0
    while len(found) < asked.limit:
        members: Any = client.zrange(key, start, start + step - 1, desc=asked.descending, withscores=True)
        start += step
        names = _names(database, [int(member) for member, _ in members])
        chosen = [(member, score) for member, score in members if _belongs(names.get(int(member)), asked.market)]
        kept: Any = client.hmget(rows, [member for member, _ in chosen]) if chosen else []
        for (member, score), text in zip(chosen, kept, strict=True):
            if text is not None and len(found) < asked.limit:
                found.append(_spliced(len(found) + 1, names[int(member)], score, text))
        if len(members) < step:
            break
    return b"[" + b",".join(found) + b"]"


@dataclass(frozen=True, slots=True)
class _Name:
    market: str
    head: bytes
    tail: bytes
    """JSON of what a row says of its item, before and behind the score."""


_known: WeakKeyDictionary[Database, TTLCache[int, _Name]] = WeakKeyDictionary()
_known_lock = Lock()


def _names(database: Database, ids: Sequence[int]) -> dict[int, _Name]:
    """Those items that exist."""
    with _known_lock:
        known = _known.setdefault(database, TTLCache(100_000, NAMES_SECONDS))
        found = {item: name for item in ids if (name := known.get(item))}
    if missing := [item for item in ids if item not in found]:
        fresh = {row["id"]: _name(row) for row in database.rows(NAMES, [missing])}
        with _known_lock:
            known.update(fresh)
        found |= fresh
    return found


def _name(item: Row) -> _Name:
    behind = {"market": item["market"], "currency": item["currency"], "price_scale": item["price_scale"]}
    head = b'"item_id":%d,"market_hash_name":%b' % (item["id"], orjson.dumps(item["market_hash_name"]))
    return _Name(item["market"], head, orjson.dumps(behind)[1:-1])


def _belongs(name: _Name | None, market: str | None) -> bool:
    return name is not None and market in {None, name.market}


def _spliced(rank: int, name: _Name, score: float, text: bytes) -> bytes:
    """One row: the item's measures are JSON in Redis already and begin with its id, which the row has."""
    measures = text[text.index(b",") :]
    return b'{"rank":%d,%b,"score":%b,%b%b' % (rank, name.head, orjson.dumps(score), name.tail, measures)


def from_database(database: Database, asked: RankingQuery, days: float, gate: Mapping[str, float]) -> list[Row]:
    """The same without Redis: from the kept measures that pass a gate, see `db.items.rankings.ranked`."""
    query = sql.SQL(
        "WITH line AS (SELECT i.id, i.market, i.market_hash_name, i.price_scale, i.currency, m.*, m.last_price AS price,"
        " coalesce(jsonb_array_length(m.outliers), 0) AS outlier_count,"
        " CASE WHEN m.volume_rolling THEN m.volume ELSE m.volume / %(days)s::float8 END AS volume_per_day"
        ' FROM item_metrics m JOIN items i ON i.id = m.item_id WHERE m."window" = %(window)s AND m.reference), {gated}'
        " SELECT * FROM passed WHERE {metric} IS NOT NULL AND (%(market)s::text IS NULL OR market = %(market)s)"
        " ORDER BY {metric} {order}, item_id LIMIT %(limit)s"
    ).format(
        gated=sql.SQL(GATED),
        metric=sql.Identifier(asked.metric),
        order=sql.SQL("DESC" if asked.descending else "ASC"),
    )
    parameters = {"window": asked.window, "market": asked.market, "limit": asked.limit, "days": days, **gate}
    with database.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(query, parameters).fetchall()
    wanted = ("source", "price", "volume", *MEASURES, "samples", "coverage", "as_of")
    return [
        _row(
            rank,
            row,
            float(row[asked.metric]),
            {name: row[name] for name in wanted} | {"outliers": row["outlier_count"]},
        )
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
