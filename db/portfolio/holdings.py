"""Holdings: stored Steam inventories, and what portfolios hold in all."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from typing import LiteralString

import psycopg
from psycopg.rows import tuple_row

from db.core.pool import Database, Row
from db.items.markets import HELD_MARKETS, STEAM_MARKET
from db.portfolio import portfolios


@dataclass(frozen=True, slots=True)
class Asset:
    """One stack of an inventory; the columns of `user_portfolio_holdings` that a reply fills."""

    steam_asset_id: str
    market_hash_name: str
    quantity: int
    marketable: bool = True
    tradable: bool = True
    tradable_after: datetime | None = None
    float_value: float | None = None
    paint_seed: int | None = None
    paint_index: int | None = None
    phase: str | None = None
    name_tag: str | None = None
    icon: str | None = None


NAMES = ", ".join(field.name for field in fields(Asset))
DETAILS = ", ".join(
    f"{field.name} = excluded.{field.name}" for field in fields(Asset) if field.name != "steam_asset_id"
)


class TooManyGoneError(Exception):
    """More than half of what was held is gone, more than the caller agreed to remove; nothing was changed."""

    def __init__(self, before: int, gone: int) -> None:
        super().__init__(f"{gone} of {before} assets are gone")
        self.before, self.gone = before, gone


@dataclass(frozen=True, slots=True)
class Replaced:
    """What an import changed: assets in all, new, gone, and those that no source prices."""

    assets: int
    added: int
    removed: int
    unpriced: int


def replace(
    connection: psycopg.Connection,
    user_id: int,
    steam_id: str,
    assets: Sequence[Asset],
    *,
    hidden: int,
    now: datetime,
    drop: int | None = None,
) -> Replaced:
    """Put an inventory in the place of the user's last one, in one transaction: all of it or nothing.

    Raises:
        TooManyGoneError: more than half of the last one is gone, and more than `drop` assets (None: any number may go).
    """
    with connection.transaction():
        portfolios.lock(connection, user_id)
        connection.execute(
            "CREATE TEMPORARY TABLE arrived (LIKE user_portfolio_holdings INCLUDING DEFAULTS) ON COMMIT DROP"
        )
        for column in ("user_id", "imported_at", "created_at", "updated_at"):
            connection.execute(f"ALTER TABLE arrived ALTER {column} DROP NOT NULL")
        with connection.cursor() as cursor, cursor.copy(f"COPY arrived ({NAMES}) FROM STDIN") as copy:
            for asset in assets:
                copy.write_row(astuple(asset))
        connection.execute(
            "UPDATE arrived a SET item_id = i.id FROM items i"
            " WHERE i.market = %s AND i.market_hash_name = a.market_hash_name AND a.marketable",
            [STEAM_MARKET],
        )
        before = _count(connection, "SELECT count(*) FROM user_portfolio_holdings WHERE user_id = %s", [user_id])
        removed = connection.execute(
            "DELETE FROM user_portfolio_holdings h WHERE user_id = %s"
            " AND NOT EXISTS (SELECT 1 FROM arrived a WHERE a.steam_asset_id = h.steam_asset_id)",
            [user_id],
        ).rowcount
        if drop is not None and removed > drop and 2 * removed > before:
            raise TooManyGoneError(before, removed)
        unchanged = before - removed
        connection.execute(
            f"INSERT INTO user_portfolio_holdings (user_id, item_id, imported_at, created_at, updated_at, {NAMES})"
            f" SELECT %s, item_id, %s, %s, %s, {NAMES} FROM arrived ON CONFLICT (user_id, steam_asset_id) DO UPDATE SET"
            f" item_id = excluded.item_id, imported_at = excluded.imported_at, updated_at = excluded.updated_at, {DETAILS}",
            [user_id, now, now, now],
        )
        unpriced = _count(
            connection,
            "SELECT count(*) FROM arrived a WHERE marketable AND NOT EXISTS (SELECT 1 FROM price_latest l WHERE l.item_id = a.item_id)",
            [],
        )
        replaced = Replaced(len(assets), len(assets) - unchanged, removed, unpriced)
        _record(connection, user_id, steam_id, replaced, hidden, now)
        portfolios.touch_steam(connection, user_id)
        return replaced


def link_new_items(connection: psycopg.Connection) -> int:
    """Join holdings and transactions to items that appeared since; their portfolios are valued again. Returns how many."""
    with connection.transaction():
        linked = connection.execute(LINK_HOLDINGS, [STEAM_MARKET]).rowcount
        return linked + connection.execute(LINK_TRANSACTIONS, [list(HELD_MARKETS)]).rowcount


def item_ids(database: Database, names: Sequence[str]) -> dict[str, int]:
    """Items by name, of those that are known."""
    rows = database.rows(
        "SELECT market_hash_name, id FROM items WHERE market = %s AND market_hash_name = ANY(%s)",
        [STEAM_MARKET, list(names)],
    )
    return {row["market_hash_name"]: row["id"] for row in rows}


def assets(database: Database, user_id: int) -> list[Row]:
    """Every stack of a user's inventory with its details, by name."""
    return database.rows(
        f"SELECT item_id, {NAMES}, imported_at FROM user_portfolio_holdings WHERE user_id = %s"
        " ORDER BY market_hash_name, steam_asset_id",
        [user_id],
    )


def held(database: Database, user_id: int, portfolio_id: int, now: datetime) -> list[Row]:
    """What a portfolio holds, by name: `{market_hash_name, item_id, steam, recorded, marketable, not_marketable, phases, tradable, …}`.

    `steam` units lie in the imported inventory (0 in a portfolio without it), `recorded` ones follow from transactions up
    to now;
    `not_marketable` of the `steam` units can never be sold, `phases` are units by Doppler phase.
    """
    rows = database.rows(HELD, {"user": user_id, "portfolio": portfolio_id, "now": now})
    # Sums come as numeric: they may be greater than any bigint.
    return [{**row, "steam": int(row["steam"]), "recorded": int(row["recorded"])} for row in rows]


def _record(
    connection: psycopg.Connection, user_id: int, steam_id: str, replaced: Replaced, hidden: int, now: datetime
) -> None:
    connection.execute(
        "INSERT INTO user_portfolio_imports AS k"
        " (user_id, last_imported_at, imported_assets, added, removed, unpriced, hidden, steam_id, updated_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (user_id) DO UPDATE SET"
        " last_imported_at = excluded.last_imported_at, imported_assets = excluded.imported_assets, added = excluded.added,"
        " removed = excluded.removed, unpriced = excluded.unpriced, hidden = excluded.hidden, steam_id = excluded.steam_id,"
        " updated_at = excluded.updated_at",
        [user_id, now, replaced.assets, replaced.added, replaced.removed, replaced.unpriced, hidden, steam_id, now],
    )


def _count(connection: psycopg.Connection, query: LiteralString, parameters: list[int]) -> int:
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(query, parameters).fetchone()
        return int(row[0]) if row else 0


LINK_HOLDINGS = """
WITH linked AS (
    UPDATE user_portfolio_holdings h SET item_id = i.id FROM items i
    WHERE h.item_id IS NULL AND h.marketable AND i.market = %s AND i.market_hash_name = h.market_hash_name RETURNING h.user_id)
UPDATE portfolios SET changed_at = clock_timestamp() WHERE includes_steam AND user_id IN (SELECT user_id FROM linked)
"""
LINK_TRANSACTIONS = """
WITH linked AS (
    UPDATE portfolio_transactions t SET item_id = i.id FROM items i
    WHERE t.item_id IS NULL AND i.market = ANY(%s) AND i.market_hash_name = t.market_hash_name RETURNING t.portfolio_id)
UPDATE portfolios SET changed_at = clock_timestamp() WHERE id IN (SELECT portfolio_id FROM linked)
"""
HELD = """
WITH steam AS (
    SELECT market_hash_name, min(item_id) AS item_id, sum(quantity) AS units, bool_or(marketable) AS marketable,
           coalesce(sum(quantity) FILTER (WHERE NOT marketable), 0)::bigint AS not_marketable,
           bool_and(tradable) AS tradable, max(imported_at) AS imported_at, min(icon) AS icon, max(tradable_after) AS tradable_after
    FROM user_portfolio_holdings
    WHERE user_id = %(user)s AND EXISTS (SELECT 1 FROM portfolios WHERE id = %(portfolio)s AND user_id = %(user)s AND includes_steam)
    GROUP BY 1
), phases AS (
    SELECT market_hash_name, jsonb_object_agg(phase, units) AS phases
    FROM (SELECT market_hash_name, phase, sum(quantity)::bigint AS units FROM user_portfolio_holdings
          WHERE user_id = %(user)s AND phase IS NOT NULL GROUP BY 1, 2) p
    GROUP BY 1
), recorded AS (
    SELECT market_hash_name, min(item_id) AS item_id, sum(CASE kind WHEN 'sell' THEN -quantity ELSE quantity END) AS units
    FROM portfolio_transactions t JOIN portfolios p ON p.id = t.portfolio_id
    WHERE t.portfolio_id = %(portfolio)s AND p.user_id = %(user)s AND market_hash_name IS NOT NULL AND kind <> 'fee'
      AND t.time <= %(now)s
    GROUP BY 1
)
SELECT coalesce(s.market_hash_name, r.market_hash_name) AS market_hash_name, coalesce(s.item_id, r.item_id) AS item_id, coalesce(s.units, 0) AS steam,
       greatest(coalesce(r.units, 0), 0) AS recorded, coalesce(s.marketable, true) AS marketable, coalesce(s.not_marketable, 0) AS not_marketable,
       CASE WHEN s.units > 0 THEN coalesce(p.phases, '{}') ELSE '{}' END AS phases,
       coalesce(s.tradable, true) AS tradable, s.tradable_after, s.imported_at, i.slug,
       CASE WHEN pair.item_id IS NULL THEN i.weapon_type ELSE 'Crypto' END AS weapon_type, i.rarity, i.image_url,
       i.currency, i.price_scale
FROM steam s FULL JOIN recorded r USING (market_hash_name) LEFT JOIN phases p USING (market_hash_name)
LEFT JOIN items i ON i.id = coalesce(s.item_id, r.item_id)
LEFT JOIN symbols pair ON pair.item_id = i.id
WHERE coalesce(s.units, 0) > 0 OR coalesce(r.units, 0) > 0
ORDER BY 1
"""
