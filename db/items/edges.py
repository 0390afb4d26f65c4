"""Edges: the newest quote of every source of a market's items with its measures, packed; and the items that are shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import LiteralString

import numpy as np
from psycopg.rows import tuple_row

from db.core.arrays import Floats, Ints
from db.core.pool import LONG_TIMEOUT, Database, Row

WINDOW = "30d"
"""Window of the volatility."""
CELL = np.dtype(
    [
        ("id", ">i4"), ("scale", ">i4"), ("price", ">i8"), ("at", ">i8"), ("listings", ">i4"), ("volatility", ">f8"),
        ("samples", ">i4"), ("as_of", ">i8"), ("sales", ">f8"),
    ]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Quotes:
    """Quotes of n items by s sources: `price` in minor units and `listings` (n, s), -1 where unknown; NaN for the others.

    `at` and `as_of` (of the measures) in seconds since 1970; `volatility` a day over `WINDOW`, of `samples` closes; `sales` a day. `ids`
    ascend; `currency` (n,) are places in `currencies`.
    """

    ids: Ints
    scale: Ints
    currencies: list[str]
    currency: Ints
    sources: list[str]
    price: Ints
    listings: Ints
    at: Floats
    volatility: Floats
    samples: Ints
    as_of: Floats
    sales: Floats


def read(database: Database, market: str, item_id: int | None = None) -> Quotes:
    """Every item of a market that has a quote, or one of them; a single statement however many there are."""
    given = {"market": market, "window": WINDOW, "item": item_id}
    rows = database.fetch(QUOTES, given, factory=tuple_row, binary=True, answer_within=LONG_TIMEOUT)
    sources, currencies = sorted({row[0] for row in rows}), sorted({row[1] for row in rows})
    parts = [np.frombuffer(row[2], dtype=CELL) for row in rows]
    cells = np.concatenate(parts) if parts else np.empty(0, dtype=CELL)
    sizes = [len(part) for part in parts]
    column = np.repeat(np.array([sources.index(row[0]) for row in rows], dtype=np.int64), sizes)
    money = np.repeat(np.array([currencies.index(row[1]) for row in rows], dtype=np.int64), sizes)
    ids, first, place = np.unique(cells["id"].astype(np.int64), return_index=True, return_inverse=True)

    def whole(name: str) -> Ints:
        matrix = np.full((len(ids), len(sources)), -1, dtype=np.int64)
        matrix[place, column] = cells[name]
        return matrix

    def figures(name: str, scale: float = 1.0) -> Floats:
        matrix = np.full((len(ids), len(sources)), np.nan)
        known = cells[name].astype(np.float64)
        known[known < 0] = np.nan
        matrix[place, column] = known * scale
        return matrix

    return Quotes(
        ids=ids,
        scale=cells["scale"][first].astype(np.int64),
        currencies=currencies,
        currency=money[first],
        sources=sources,
        price=whole("price"),
        listings=whole("listings"),
        at=figures("at", 1e-6),
        volatility=figures("volatility"),
        samples=whole("samples"),
        as_of=figures("as_of", 1e-6),
        sales=figures("sales"),
    )


def items(database: Database, ids: Sequence[int]) -> dict[int, Row]:
    """What is shown of items, by id."""
    return {row["id"]: row for row in database.rows(ITEMS, [list(ids)])}


def market_of(database: Database, item_id: int) -> str | None:
    """The market of an item; None where there is no such item."""
    row = database.row("SELECT market FROM items WHERE id = %s", [item_id])
    return None if row is None else row["market"]


QUOTES: LiteralString = """
SELECT l.source, i.currency, string_agg(
    int4send(l.item_id) || int4send(i.price_scale) || int8send(l.price) || int8send((extract(epoch FROM l.time) * 1000000)::bigint)
    || int4send(coalesce(l.listings, -1)) || float8send(coalesce(m.return_volatility, 'NaN')) || int4send(coalesce(m.samples, 0))
    || int8send(coalesce((extract(epoch FROM coalesce(r.as_of, m.as_of)) * 1000000)::bigint, -1))
    || float8send(coalesce(CASE WHEN l.volume_rolling THEN l.volume ELSE d.volume END, -1)), ''::bytea)
FROM price_latest l JOIN items i ON i.id = l.item_id
LEFT JOIN item_metrics m ON m.item_id = l.item_id AND m.source = l.source AND m."window" = %(window)s
LEFT JOIN measure_runs r ON r."window" = m."window"
LEFT JOIN item_metrics d ON d.item_id = l.item_id AND d.source = l.source AND d."window" = '24h'
WHERE i.market = %(market)s AND (%(item)s::int IS NULL OR l.item_id = %(item)s) AND l.price > 0
GROUP BY 1, 2
"""
ITEMS: LiteralString = """
SELECT id, market, market_hash_name, weapon_type, weapon, skin_name, wear, rarity, image_url, currency, price_scale
FROM items WHERE id = ANY(%s)
"""
