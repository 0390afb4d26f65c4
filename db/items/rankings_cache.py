"""Rankings cache: rankings from Redis' sorted sets; where Redis is down, from the stored measures."""

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
from db.items.measures import MEASURES, RUN_AS_OF
from db.items.rankings import MarketWindow, ranking_key

NAMES = (
    "SELECT i.id, i.market, i.market_hash_name, i.price_scale, i.currency, s.volume_scale"
    " FROM items i LEFT JOIN symbols s ON s.item_id = i.id WHERE i.id = ANY(%s)"
)
NAMES_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class RankingQuery:
    """Which ranking, and how much of it."""

    metric: str
    scope: MarketWindow
    descending: bool
    limit: int


def from_redis(client: redis.Redis, database: Database, ranking: RankingQuery) -> bytes:
    """A JSON array of the sorted set's rows, in its order; everything comes from Redis but names, at most 60 s old.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    market, window = ranking.scope.market, ranking.scope.window
    found: list[bytes] = []
    start = 0
    while len(found) < ranking.limit:
        members: Any = client.zrange(
            ranking_key(ranking.metric, market, window),
            start,
            start + ranking.limit - 1,
            desc=ranking.descending,
            withscores=True,
        )
        start += ranking.limit
        names = _names(database, [int(member) for member, _ in members])
        chosen = [(member, score) for member, score in members if _belongs(names.get(int(member)), market)]
        texts, as_of = _texts(client, ranking.scope, [member for member, _ in chosen])
        for (member, score), text in zip(chosen, texts, strict=True):
            if text is not None and len(found) < ranking.limit:
                found.append(_spliced(len(found) + 1, names[int(member)], score, text, as_of))
        if len(members) < ranking.limit:
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
    behind = {name: item[name] for name in ("market", "currency", "price_scale")}
    if item["volume_scale"] is not None:
        behind["volume_scale"] = item["volume_scale"]
    head = b'"item_id":%d,"market_hash_name":%b' % (item["id"], orjson.dumps(item["market_hash_name"]))
    return _Name(item["market"], head, orjson.dumps(behind)[1:-1])


def _belongs(name: _Name | None, market: str) -> bool:
    """Whether an item still is one of this market's: a set in Redis may be older than the item."""
    return name is not None and name.market == market


def _texts(client: redis.Redis, scope: MarketWindow, members: Sequence[bytes]) -> tuple[list[bytes | None], bytes]:
    """Items' measures as JSON, None where there are none, and the JSON of the moment that they hold for."""
    if not members:
        return [], b"null"
    pipe = client.pipeline(transaction=False)
    pipe.hmget(ranking_key("rows", scope.market, scope.window), list(members))
    pipe.get(ranking_key("as_of", scope.market, scope.window))
    texts, as_of = pipe.execute()
    return texts, as_of or b"null"


def _spliced(rank: int, name: _Name, score: float, text: bytes, as_of: bytes) -> bytes:
    """One row: the item's measures are JSON in Redis already and begin with its id, which the row has."""
    measures = text[text.index(b",") : -1]
    return b'{"rank":%d,%b,"score":%b,%b%b,"as_of":%b}' % (
        rank,
        name.head,
        orjson.dumps(score),
        name.tail,
        measures,
        as_of,
    )


def from_database(database: Database, ranking: RankingQuery, gate: Mapping[str, float]) -> list[Row]:
    """The same without Redis: from the stored measures that pass a gate, see `db.items.rankings.ranked`."""
    scope = ranking.scope
    column = scope.column(ranking.metric)
    query = sql.SQL(
        "WITH line AS (SELECT i.id, i.market, i.market_hash_name, i.price_scale, i.currency, s.volume_scale, m.*, m.last_price AS price,"
        " {as_of},"
        " coalesce(jsonb_array_length(m.outliers), 0) AS outlier_count, m.turnover / %(days)s::float8 AS turnover_per_day,"
        " CASE WHEN m.volume_rolling THEN m.volume ELSE m.volume / %(days)s::float8 END AS volume_per_day"
        " FROM item_metrics m JOIN items i ON i.id = m.item_id LEFT JOIN symbols s ON s.item_id = i.id"
        ' WHERE m."window" = %(window)s AND m.reference AND i.market = %(market)s), {gated}'
        " SELECT * FROM passed WHERE {metric} IS NOT NULL ORDER BY {metric} {order}, item_id LIMIT %(limit)s"
    ).format(
        as_of=sql.SQL(RUN_AS_OF.replace("AS as_of", "AS run_as_of")),
        gated=sql.SQL(scope.gated_lines),
        metric=sql.Identifier(column),
        order=sql.SQL("DESC" if ranking.descending else "ASC"),
    )
    parameters = scope.parameters | {"limit": ranking.limit, **gate}
    with database.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(query, parameters).fetchall()
    traded = ("turnover",) if scope.pairs else ()
    wanted = ("source", "price", "volume", *traded, *MEASURES, "samples", "coverage")
    return [
        _row(
            rank,
            row,
            float(row[column]),
            {name: row[name] for name in wanted} | {"outliers": row["outlier_count"], "as_of": row["run_as_of"]},
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
        **({} if item["volume_scale"] is None else {"volume_scale": item["volume_scale"]}),
        **measures,
    }
