"""What people watch: items, each once, in the order in which they were added."""

from db.core.pool import Database, Row
from db.items.base_price import BASE_PRICE


def find(database: Database, symbol: str) -> Row | None:
    """The item that goes by this name, CS2's before other markets', or else by this id; `id` and `market_hash_name`."""
    number = int(symbol) if symbol.isascii() and symbol.isdigit() and len(symbol) <= 10 else None  # noqa: PLR2004 - 2**31
    return database.row(
        "SELECT id, market_hash_name FROM items WHERE market_hash_name = %(name)s OR id = %(id)s::bigint"
        " ORDER BY market_hash_name = %(name)s DESC, market = 'steam:730' DESC, id LIMIT 1",
        {"name": symbol, "id": number},
    )


def of_user(database: Database, user_id: int) -> list[Row]:
    """`item_id`, `market` and `symbol` of everything a user watches, the first added first."""
    return database.rows(
        "SELECT w.item_id, i.market, i.market_hash_name AS symbol FROM user_watchlist w JOIN items i ON i.id = w.item_id"
        " WHERE w.user_id = %s ORDER BY w.added_at, w.item_id",
        [user_id],
    )


def has(database: Database, user_id: int, item_id: int) -> bool:
    """Whether a user watches an item."""
    return (
        database.row("SELECT 1 FROM user_watchlist WHERE user_id = %s AND item_id = %s", [user_id, item_id]) is not None
    )


def add(database: Database, user_id: int, item_id: int, most: int) -> bool:
    """Watch an item; False, and nothing is added, where the user watches `most` already."""
    with database.connection() as connection, connection.transaction():
        # One at a time: two requests at once would both count the same rows.
        connection.execute("SELECT 1 FROM users WHERE id = %s FOR UPDATE", [user_id])
        connection.execute(
            "INSERT INTO user_watchlist (user_id, item_id) SELECT %(user)s, %(item)s"
            " WHERE (SELECT count(*) FROM user_watchlist WHERE user_id = %(user)s) < %(most)s ON CONFLICT DO NOTHING",
            {"user": user_id, "item": item_id, "most": most},
        )
        held = connection.execute(
            "SELECT 1 FROM user_watchlist WHERE user_id = %s AND item_id = %s", [user_id, item_id]
        ).fetchone()
    return held is not None


def remove(database: Database, user_id: int, item_id: int) -> None:
    """Watch an item no more."""
    database.execute("DELETE FROM user_watchlist WHERE user_id = %s AND item_id = %s", [user_id, item_id])


def lines(database: Database, user_id: int) -> list[Row]:
    """Everything a user watches with its headline price; what is not known is null."""
    return database.rows(LINES, [user_id])


LINES = f"""
SELECT w.item_id, i.market_hash_name, i.weapon_type, i.weapon, i.skin_name, i.wear, i.rarity, i.image_url, i.currency,
       i.price_scale, l.source, l.price, l.time AS price_time, greatest(3 * p.interval_s, 180) AS stale_after,
       m.return_volatility,
       {BASE_PRICE} AS base_price
FROM user_watchlist w
JOIN items i ON i.id = w.item_id
LEFT JOIN price_latest l ON l.item_id = i.id AND l.source = i.reference_source
LEFT JOIN provider_state p ON p.name = l.source
LEFT JOIN item_metrics m ON m.item_id = i.id AND m.source = l.source AND m."window" = '24h'
WHERE w.user_id = %s ORDER BY i.market_hash_name, w.item_id
"""
