"""Listed symbols: every pair that an exchange has; those that nobody has opened yet are no items."""

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

from db.candles.symbols import PairRow
from db.core.pool import Database

LONGEST = 40
"""Most characters of a search."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A pair that an exchange lists, and its item where it is one."""

    symbol: str
    market: str
    source: str
    base_currency: str
    quote_currency: str
    price_scale: int
    volume_scale: int
    min_notional: int | None
    status: str
    item_id: int | None


def save(connection: psycopg.Connection, market: str, source: str, pairs: Sequence[PairRow]) -> None:
    """Make these the whole list of a market in the caller's transaction."""
    names = [pair.symbol for pair in pairs]
    columns = {
        "symbols": names,
        "bases": [pair.base for pair in pairs],
        "quotes": [pair.quote for pair in pairs],
        "scales": [pair.price_scale for pair in pairs],
        "volumes": [pair.volume_scale for pair in pairs],
        "notionals": [pair.min_notional for pair in pairs],
        "statuses": [pair.status for pair in pairs],
    }
    connection.execute("DELETE FROM listed_symbols WHERE market = %s AND symbol <> ALL(%s)", [market, names])
    connection.execute(SAVE, {"market": market, "source": source, **columns})


def search(database: Database, market: str, text: str, limit: int) -> list[Listed]:
    """Pairs of a market whose symbol has `text` in it, whatever its case and blanks: exact ones first, then those that trade."""
    parameters = {"market": market, **_pattern(text), "limit": limit}
    with database.connection() as connection, connection.cursor(row_factory=class_row(Listed)) as cursor:
        cursor.execute(SEARCH.format(""), parameters)
        return cursor.fetchall()


def unopened(database: Database, text: str, limit: int) -> list[Listed]:
    """Pairs of any market that trade and are no items yet, found as by `search`."""
    parameters = {"market": None, **_pattern(text), "limit": limit}
    with database.connection() as connection, connection.cursor(row_factory=class_row(Listed)) as cursor:
        cursor.execute(SEARCH.format("AND i.id IS NULL AND l.status = 'trading'"), parameters)
        return cursor.fetchall()


def adopt(database: Database, symbol: str) -> int | None:
    """Make a listed pair an item; returns its number, None where no exchange lists it. Once is enough.

    The feed of its exchange finds out by itself that it is watched.
    """
    with database.connection() as connection, connection.transaction():
        row = connection.execute(
            "SELECT market FROM listed_symbols WHERE symbol = %s ORDER BY market LIMIT 1", [symbol.upper()]
        ).fetchone()
        if row is None:
            return None
        parameters = {"market": row[0], "symbol": symbol.upper()}
        connection.execute(NEW_ITEM, parameters)
        connection.execute(NEW_SYMBOL, parameters)
        found = connection.execute(
            "SELECT id FROM items WHERE market = %(market)s AND market_hash_name = %(symbol)s", parameters
        ).fetchone()
    return int(found[0]) if found else None


def watched(database: Database, market: str) -> list[int]:
    """Items of a market's pairs that are on somebody's watchlist."""
    rows = database.rows(
        "SELECT DISTINCT w.item_id FROM user_watchlist w JOIN symbols s ON s.item_id = w.item_id JOIN items i ON i.id = w.item_id"
        " WHERE i.market = %s",
        [market],
    )
    return [int(row["item_id"]) for row in rows]


def pairs_among(database: Database, item_ids: Sequence[int]) -> set[int]:
    """Those of these items that are pairs."""
    rows = database.rows("SELECT item_id FROM symbols WHERE item_id = ANY(%s)", [list(item_ids)])
    return {int(row["item_id"]) for row in rows}


def _pattern(text: str) -> dict[str, str]:
    words = "".join(text.split()).replace("/", "").upper()[:LONGEST]
    return {"text": words, "pattern": words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")}


SAVE = """
INSERT INTO listed_symbols AS k (market, symbol, source, base_currency, quote_currency, price_scale, volume_scale, min_notional, status)
SELECT %(market)s, n.symbol, %(source)s, n.base, n.quote, n.scale, n.volume, n.notional, n.status
FROM unnest(%(symbols)s::text[], %(bases)s::text[], %(quotes)s::text[], %(scales)s::integer[], %(volumes)s::integer[],
    %(notionals)s::bigint[], %(statuses)s::text[]) n (symbol, base, quote, scale, volume, notional, status)
ON CONFLICT (market, symbol) DO UPDATE SET source = excluded.source, price_scale = excluded.price_scale,
    volume_scale = excluded.volume_scale, min_notional = excluded.min_notional, status = excluded.status
WHERE (k.source, k.price_scale, k.volume_scale, k.min_notional, k.status) IS DISTINCT FROM
    (excluded.source, excluded.price_scale, excluded.volume_scale, excluded.min_notional, excluded.status)
"""
SEARCH = """
SELECT l.symbol, l.market, l.source, l.base_currency, l.quote_currency, l.price_scale, l.volume_scale, l.min_notional, l.status,
    i.id AS item_id
FROM listed_symbols l LEFT JOIN items i ON i.market = l.market AND i.market_hash_name = l.symbol
WHERE (%(market)s::text IS NULL OR l.market = %(market)s) AND l.symbol LIKE '%%' || %(pattern)s || '%%' {}
ORDER BY l.symbol = %(text)s DESC, l.status = 'trading' DESC, l.base_currency = %(text)s DESC,
    l.symbol LIKE %(pattern)s || '%%' DESC, length(l.symbol), l.symbol
LIMIT %(limit)s
"""
NEW_ITEM = """
INSERT INTO items (market, market_hash_name, match_key, slug, currency, price_scale, reference_source)
SELECT market, symbol, lower(symbol), lower(symbol), quote_currency, price_scale, source FROM listed_symbols
WHERE market = %(market)s AND symbol = %(symbol)s
ON CONFLICT (market, market_hash_name) DO NOTHING
"""
NEW_SYMBOL = """
INSERT INTO symbols (item_id, base_currency, quote_currency, volume_scale, min_notional, status)
SELECT i.id, l.base_currency, l.quote_currency, l.volume_scale, l.min_notional, l.status
FROM listed_symbols l JOIN items i ON i.market = l.market AND i.market_hash_name = l.symbol
WHERE l.market = %(market)s AND l.symbol = %(symbol)s
ON CONFLICT (item_id) DO NOTHING
"""
