"""Symbols: pairs of exchanges as items, their newest tickers and the sources that have candles of them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import class_row

from db.candles.intervals import moment
from db.core.pool import Database, Row


@dataclass(frozen=True, slots=True)
class PairRow:
    """What is kept of a pair; `scale`s say how many minor units make one unit of price and of volume."""

    symbol: str
    base: str
    quote: str
    price_scale: int
    volume_scale: int
    status: str
    min_notional: int | None


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair of a market with its item; `source` is where its candles come from, None before the first."""

    item_id: int
    symbol: str
    market: str
    base_currency: str
    quote_currency: str
    price_scale: int
    volume_scale: int
    min_notional: int | None
    status: str
    source: str | None


def save(
    connection: psycopg.Connection, market: str, source: str, pairs: Sequence[PairRow], *, spare: Collection[str] = ()
) -> dict[str, int]:
    """Add or update pairs of a market in the caller's transaction; returns item ids by symbol.

    An item keeps the price scale that it began with, in which its candles are kept. Its candles come from `source` from then on,
    unless they come from one of `spare`.
    """
    names = [pair.symbol for pair in pairs]
    connection.execute(
        NEW_ITEMS,
        {
            "market": market,
            "source": source,
            "symbols": names,
            "quotes": [pair.quote for pair in pairs],
            "scales": [pair.price_scale for pair in pairs],
            "spare": list(spare),
        },
    )
    columns = {
        "bases": [pair.base for pair in pairs],
        "quotes": [pair.quote for pair in pairs],
        "volumes": [pair.volume_scale for pair in pairs],
        "notionals": [pair.min_notional for pair in pairs],
        "statuses": [pair.status for pair in pairs],
    }
    connection.execute(SAVE, {"market": market, "symbols": names, **columns})
    rows = connection.execute(
        "SELECT market_hash_name, id FROM items WHERE market = %s AND market_hash_name = ANY(%s)", [market, names]
    )
    return {str(row[0]): int(row[1]) for row in rows.fetchall()}


def mark_delisted(connection: psycopg.Connection, market: str, source: str, listed: Sequence[str]) -> list[str]:
    """Mark the pairs of a source that it does not list any more, in the caller's transaction; returns their symbols."""
    rows = connection.execute(DELIST, {"market": market, "source": source, "listed": list(listed)})
    return sorted(str(row[0]) for row in rows.fetchall())


def watched(database: Database, market: str) -> list[str]:
    """Symbols of a market's pairs that are on anybody's watchlist."""
    query = (
        "SELECT DISTINCT i.market_hash_name AS symbol FROM user_watchlist w JOIN items i ON i.id = w.item_id"
        " WHERE i.market = %s ORDER BY 1"
    )
    return [row["symbol"] for row in database.rows(query, [market])]


def every(database: Database, market: str | None = None) -> list[Pair]:
    """Pairs of a market or of all, by symbol."""
    with database.connection() as connection, connection.cursor(row_factory=class_row(Pair)) as cursor:
        cursor.execute(PAIRS.format("(%(market)s::text IS NULL OR i.market = %(market)s)"), {"market": market})
        return cursor.fetchall()


def find(database: Database, symbol: str) -> Pair | None:
    """The pair of this symbol, whatever its letters' case; None where there is none."""
    with database.connection() as connection, connection.cursor(row_factory=class_row(Pair)) as cursor:
        cursor.execute(PAIRS.format("i.market_hash_name = %(symbol)s"), {"symbol": symbol.upper()})
        return cursor.fetchone()


def some(database: Database, symbols: Sequence[str]) -> list[Pair]:
    """Those pairs that exist, by symbol."""
    with database.connection() as connection, connection.cursor(row_factory=class_row(Pair)) as cursor:
        cursor.execute(PAIRS.format("i.market_hash_name = ANY(%(symbols)s)"), {"symbols": list(symbols)})
        return cursor.fetchall()


def of_item(database: Database, item_id: int) -> Pair | None:
    """The pair that this item is; None where it is none."""
    with database.connection() as connection, connection.cursor(row_factory=class_row(Pair)) as cursor:
        cursor.execute(PAIRS.format("i.id = %(item)s"), {"item": item_id})
        return cursor.fetchone()


def save_tickers(connection: psycopg.Connection, source: str, tickers: Iterable[tuple[int, ...]]) -> None:
    """Keep the newest tickers: rows of item, seconds, price, bid, ask, open, high, low, volume (bid and ask -1: unknown)."""
    rows = [(item, source, moment(seconds), *rest) for item, seconds, *rest in tickers]
    if rows:
        columns: list[list[Any]] = [list(column) for column in zip(*rows, strict=True)]
        connection.execute(SAVE_TICKERS, columns)


def tickers(database: Database, market: str) -> list[Row]:
    """The newest ticker of each pair that has one, with its pair."""
    return database.rows(TICKERS + " WHERE i.market = %s ORDER BY i.market_hash_name", [market])


def ticker(database: Database, item_id: int) -> Row | None:
    """The newest ticker of one pair."""
    return database.row(TICKERS + " WHERE t.item_id = %s ORDER BY t.time DESC LIMIT 1", [item_id])


NEW_ITEMS = """
INSERT INTO items (market, market_hash_name, match_key, slug, currency, price_scale, reference_source)
SELECT %(market)s, n.symbol, lower(n.symbol), lower(n.symbol), n.quote, n.scale, %(source)s
FROM unnest(%(symbols)s::text[], %(quotes)s::text[], %(scales)s::integer[]) n (symbol, quote, scale)
ON CONFLICT (market, market_hash_name) DO UPDATE SET reference_source = excluded.reference_source
WHERE items.reference_source IS DISTINCT FROM excluded.reference_source
    AND (items.reference_source IS NULL OR NOT items.reference_source = ANY(%(spare)s::text[]))
"""
SAVE = """
INSERT INTO symbols AS k (item_id, base_currency, quote_currency, volume_scale, min_notional, status)
SELECT i.id, n.base, n.quote, n.volume_scale, n.min_notional, n.status
FROM unnest(%(symbols)s::text[], %(bases)s::text[], %(quotes)s::text[], %(volumes)s::integer[], %(notionals)s::bigint[],
    %(statuses)s::text[]) n (symbol, base, quote, volume_scale, min_notional, status)
JOIN items i ON i.market = %(market)s AND i.market_hash_name = n.symbol
ON CONFLICT (item_id) DO UPDATE SET status = excluded.status, min_notional = excluded.min_notional, updated_at = now()
"""
DELIST = """
UPDATE symbols s SET status = 'delisted', updated_at = now() FROM items i
WHERE i.id = s.item_id AND i.market = %(market)s AND i.reference_source = %(source)s AND s.status <> 'delisted'
    AND NOT i.market_hash_name = ANY(%(listed)s::text[])
RETURNING i.market_hash_name
"""
PAIRS = """
SELECT i.id AS item_id, i.market_hash_name AS symbol, i.market, s.base_currency, s.quote_currency, i.price_scale, s.volume_scale,
    s.min_notional, s.status, i.reference_source AS source
FROM symbols s JOIN items i ON i.id = s.item_id WHERE {} ORDER BY i.market_hash_name
"""
SAVE_TICKERS = """
INSERT INTO tickers AS k (item_id, source, time, price, bid, ask, open, high, low, volume)
SELECT item_id, source, time, price, nullif(bid, -1), nullif(ask, -1), open, high, low, volume
FROM unnest(%s::integer[], %s::text[], %s::timestamptz[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
    %s::bigint[], %s::bigint[]) n (item_id, source, time, price, bid, ask, open, high, low, volume)
ON CONFLICT (item_id, source) DO UPDATE SET time = excluded.time, price = excluded.price, bid = excluded.bid, ask = excluded.ask,
    open = excluded.open, high = excluded.high, low = excluded.low, volume = excluded.volume
WHERE excluded.time >= k.time
"""
TICKERS = """
SELECT t.*, i.market_hash_name AS symbol, i.price_scale, s.volume_scale, s.base_currency, s.quote_currency, s.status
FROM tickers t JOIN items i ON i.id = t.item_id AND i.reference_source = t.source JOIN symbols s ON s.item_id = i.id
"""
