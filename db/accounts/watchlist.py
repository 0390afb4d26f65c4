"""First watchlist: items a user watches by their star, each once, in the order in which they were added."""

from typing import Any

import psycopg

from db.core.pool import Database, Row
from db.items.markets import STEAM_MARKET

FIRST_NAME = "Watchlist"
FIRST = "(SELECT min(id) FROM watchlists WHERE user_id = %(user)s)"


def find(database: Database, symbol: str) -> Row | None:
    """The item that goes by this name, CS2's before other markets', or else by this id; `id` and `market_hash_name`."""
    number = int(symbol) if symbol.isascii() and symbol.isdigit() and len(symbol) <= 10 else None  # noqa: PLR2004 - 2**31
    return database.row(
        "SELECT id, market_hash_name FROM items WHERE market_hash_name = %(name)s OR id = %(id)s::bigint"
        " ORDER BY market_hash_name = %(name)s DESC, market = %(market)s DESC, id LIMIT 1",
        {"name": symbol, "id": number, "market": STEAM_MARKET},
    )


def of_user(database: Database, user_id: int) -> list[Row]:
    """`item_id`, `market` and `symbol` of everything on the first list, the first added first."""
    return database.rows(
        "SELECT w.item_id, i.market, i.market_hash_name AS symbol FROM user_watchlist w JOIN items i ON i.id = w.item_id"
        f" WHERE w.watchlist_id = {FIRST} ORDER BY w.added_at, w.item_id",
        {"user": user_id},
    )


def everything(database: Database, user_id: int) -> list[int]:
    """Items on any of a user's lists, each once, the first added first."""
    rows = database.rows(
        "SELECT item_id FROM user_watchlist WHERE user_id = %s GROUP BY item_id ORDER BY min(added_at), item_id",
        [user_id],
    )
    return [row["item_id"] for row in rows]


def has(database: Database, user_id: int, item_id: int) -> bool:
    """Whether an item is on the first list."""
    query = f"SELECT 1 FROM user_watchlist WHERE watchlist_id = {FIRST} AND item_id = %(item)s"
    return database.row(query, {"user": user_id, "item": item_id}) is not None


def add(database: Database, user_id: int, item_id: int, most: int) -> bool:
    """Put an item on the first list; False, and nothing is added, where the user watches `most` already."""
    with database.connection() as connection, connection.transaction():
        lock(connection, user_id)
        return put(connection, user_id, first(connection, user_id), item_id, most)


def remove(database: Database, user_id: int, item_id: int) -> None:
    """Take an item off the first list."""
    query = f"DELETE FROM user_watchlist WHERE watchlist_id = {FIRST} AND item_id = %(item)s"
    database.execute(query, {"user": user_id, "item": item_id})


def lock(connection: psycopg.Connection, user_id: int) -> None:
    """Let one change of a user's lists happen at a time: two at once would both count the same rows."""
    connection.execute("SELECT 1 FROM users WHERE id = %s FOR UPDATE", [user_id])


def first(connection: psycopg.Connection, user_id: int) -> int:
    """The first list, made where there is none; the user's lock is held."""
    row: Any = connection.execute("SELECT min(id) FROM watchlists WHERE user_id = %s", [user_id]).fetchone()
    if row[0] is None:
        row = connection.execute(
            "INSERT INTO watchlists (user_id, name) VALUES (%s, %s) RETURNING id", [user_id, FIRST_NAME]
        ).fetchone()
    return int(row[0])


def put(connection: psycopg.Connection, user_id: int, list_id: int, item_id: int, most: int) -> bool:
    """Put an item on one of the user's lists, whose lock is held; False where that would be more than `most` items in all."""
    keys = {"user": user_id, "list": list_id, "item": item_id, "most": most}
    connection.execute(
        "INSERT INTO user_watchlist (user_id, watchlist_id, item_id) SELECT %(user)s, %(list)s, %(item)s"
        " WHERE (SELECT count(DISTINCT item_id) FROM user_watchlist WHERE user_id = %(user)s AND item_id <> %(item)s) < %(most)s"
        " ON CONFLICT DO NOTHING",
        keys,
    )
    held = connection.execute(
        "SELECT 1 FROM user_watchlist WHERE watchlist_id = %(list)s AND item_id = %(item)s", keys
    ).fetchone()
    return held is not None
