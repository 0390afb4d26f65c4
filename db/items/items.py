"""Items: everything with a price."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from db.core.pool import Database, Row
from db.items.search_form import MATCHES, search_terms


@dataclass(frozen=True, slots=True)
class NewItem:
    """What is known of an item when it is first seen; `match_key` joins feeds that spell its name otherwise."""

    market: str
    market_hash_name: str
    match_key: str
    slug: str
    weapon_type: str | None = None
    weapon: str | None = None
    skin_name: str | None = None
    wear: str | None = None
    rarity: str | None = None
    stattrak: bool = False
    souvenir: bool = False
    image_url: str | None = None
    currency: str = "USD"
    price_scale: int = 100
    reference_source: str | None = None


@dataclass(frozen=True, slots=True)
class KnownItem:
    """What ingestion needs of an item."""

    id: int
    market_hash_name: str
    match_key: str
    currency: str
    reference_source: str | None


PUBLIC = """
    i.id, i.market, i.market_hash_name, i.weapon_type, i.weapon, i.skin_name, i.wear, i.rarity, i.stattrak, i.souvenir,
    i.image_url, i.currency, i.price_scale, i.slug, i.created_at, l.price, l.source, l.time AS price_time, l.volume, l.listings
"""
# An index lookup per name: `= ANY(…)` reads all items, comparing each with every name, whenever the planner thinks it short.
KNOWN = """
SELECT f.* FROM unnest(%(names)s::text[]) n (name) CROSS JOIN LATERAL (
    SELECT id, market_hash_name, match_key, currency, reference_source FROM items
    WHERE market = %(market)s AND market_hash_name = n.name OFFSET 0) f
UNION
SELECT f.* FROM unnest(%(keys)s::text[]) n (key) CROSS JOIN LATERAL (
    SELECT id, market_hash_name, match_key, currency, reference_source FROM items
    WHERE market = %(market)s AND match_key = n.key OFFSET 0) f
"""
LATEST = """LEFT JOIN (
    SELECT item_id, source, price, time, volume, listings FROM price_latest
    UNION ALL SELECT item_id, source, price, time, volume, NULL::integer FROM tickers
) l ON l.item_id = i.id AND l.source = i.reference_source"""
"""An item's newest price: an exchange's pair has a ticker, all else a quote."""


def known(connection: psycopg.Connection, market: str, names: Sequence[str], keys: Sequence[str]) -> list[KnownItem]:
    """Items whose name or match key is among those asked for."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(KNOWN, {"market": market, "names": list(names), "keys": list(keys)})
        return [KnownItem(*row) for row in cursor]


def units(database: Database, *, names: Sequence[str] | None = None, ids: Sequence[int] | None = None) -> list[Row]:
    """Id, market, name, currency, scale and reference source of the items of some names, or ids, or of all; by id."""
    return database.rows(
        "SELECT id, market, market_hash_name, currency, price_scale, reference_source FROM items"
        " WHERE (%(names)s::text[] IS NULL OR market_hash_name = ANY(%(names)s)) AND (%(ids)s::integer[] IS NULL OR id = ANY(%(ids)s))"
        " ORDER BY id",
        {"names": None if names is None else list(names), "ids": None if ids is None else list(ids)},
    )


def create(connection: psycopg.Connection, items: Iterable[NewItem]) -> int:
    """Add items that are new; those another session added meanwhile stay as they are. Returns how many were added."""
    added = 0
    fields = (
        "market, market_hash_name, match_key, slug, weapon_type, weapon, skin_name, wear, rarity, stattrak, souvenir,"
        " image_url, currency, price_scale, reference_source"
    )
    for chunk in chunks(list(items), 2000):
        columns: dict[str, list[Any]] = {name: [] for name in NewItem.__dataclass_fields__}
        for name, values in columns.items():
            values += [getattr(item, name) for item in chunk]
        cursor = connection.execute(
            f"INSERT INTO items ({fields}) SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[],"
            " %s::text[], %s::text[], %s::text[], %s::text[], %s::boolean[], %s::boolean[], %s::text[], %s::text[], %s::integer[], %s::text[])"
            " ON CONFLICT (market, market_hash_name) DO NOTHING",
            list(columns.values()),
        )
        added += cursor.rowcount
    return added


def complete(
    connection: psycopg.Connection, ids: Sequence[int], images: Sequence[str | None], rarities: Sequence[str | None]
) -> None:
    """Fill in image and rarity where the item has none yet."""
    connection.execute(
        "UPDATE items i SET image_url = coalesce(i.image_url, n.image_url), rarity = coalesce(i.rarity, n.rarity)"
        " FROM unnest(%s::integer[], %s::text[], %s::text[]) n (id, image_url, rarity)"
        " WHERE i.id = n.id AND ((i.image_url IS NULL AND n.image_url IS NOT NULL) OR (i.rarity IS NULL AND n.rarity IS NOT NULL))",
        [list(ids), list(images), list(rarities)],
    )


def adopt_source(connection: psycopg.Connection, ids: Sequence[int], source: str, simulated: Sequence[str]) -> None:
    """Let a source speak for items that have none, or only a simulated one; the measures may choose another later.

    A simulated one is no reference beside a real one.
    """
    connection.execute(
        "UPDATE items SET reference_source = %s WHERE id = ANY(%s)"
        " AND (reference_source IS NULL OR (reference_source = ANY(%s) AND NOT %s = ANY(%s)))"
        " AND (NOT %s = ANY(%s) OR NOT EXISTS (SELECT FROM price_latest WHERE NOT source = ANY(%s)))",
        [source, list(ids), list(simulated), source, list(simulated), source, list(simulated), list(simulated)],
    )


def one(database: Database, item_id: int) -> Row | None:
    """An item with its headline price, or None."""
    return database.row(f"SELECT {PUBLIC} FROM items i {LATEST} WHERE i.id = %s", [item_id])


def some(database: Database, ids: Sequence[int]) -> list[Row]:
    """Those items that exist, in no particular order."""
    return database.rows(f"SELECT {PUBLIC} FROM items i {LATEST} WHERE i.id = ANY(%s)", [list(ids)])


def latest(database: Database, item_id: int) -> list[Row]:
    """The newest quote of each source of an item; the reference source first."""
    return database.rows(
        "SELECT l.source, l.price, l.volume, l.volume_rolling, l.listings, l.bid, l.ask, l.time,"
        " l.source = i.reference_source AS reference FROM price_latest l JOIN items i ON i.id = l.item_id"
        " WHERE l.item_id = %s ORDER BY reference DESC, l.source",
        [item_id],
    )


def search(database: Database, text: str, limit: int = 20) -> list[Row]:
    """Items whose name holds every word of `text`, in any order; the one of just this name, then the dearest first.

    A wear's short form asks for that wear: `fn vulcan`.
    """
    terms = search_terms(text)
    if terms is None:
        return []
    return database.rows(
        f"SELECT {PUBLIC}, m.percent_change FROM items i {LATEST}"
        " LEFT JOIN item_metrics m ON m.item_id = i.id AND m.source = i.reference_source AND m.\"window\" = '24h'"
        f" WHERE {MATCHES}"
        " ORDER BY i.search_form = %(form)s DESC, l.price::float8 / i.price_scale DESC NULLS LAST, i.id LIMIT %(limit)s",
        {**terms.parameters, "form": terms.form, "limit": limit},
    )


def similar(database: Database, item_id: int, limit: int = 8) -> list[Row]:
    """Other wears of the same finish first, then items of the same weapon (or of the same type, where it is none) nearest in price."""
    return database.rows(
        f"WITH me AS (SELECT i.*, l.price AS price FROM items i {LATEST} WHERE i.id = %s)"
        f" SELECT {PUBLIC}, m.percent_change FROM me JOIN items i ON i.id <> me.id"
        " AND (i.weapon = me.weapon OR (me.weapon IS NULL AND i.weapon IS NULL AND i.weapon_type = me.weapon_type))"
        f" {LATEST}"
        " LEFT JOIN item_metrics m ON m.item_id = i.id AND m.source = i.reference_source AND m.\"window\" = '24h'"
        " ORDER BY i.skin_name IS DISTINCT FROM me.skin_name,"
        " abs(ln(greatest(l.price, 1)) - ln(greatest(me.price, 1))) NULLS LAST, i.id LIMIT %s",
        [item_id, limit],
    )


def chunks(sequence: Sequence[Any], size: int) -> Iterable[Sequence[Any]]:
    """A sequence in pieces of at most `size`."""
    for start in range(0, len(sequence), size):
        yield sequence[start : start + size]
