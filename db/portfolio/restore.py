"""Archive rows: reads everything of one user, and puts it back."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any

import psycopg

from db.core.pool import Database, Row
from db.portfolio import holdings, portfolios, transactions
from db.portfolio.holdings import Asset
from db.portfolio.transactions import Transaction

HELD = holdings.NAMES
SNAPSHOT = "time, currency, value, growth, deposits, withdrawals, priced, unpriced, simulated"


@dataclass(frozen=True, slots=True)
class Saved:
    """A portfolio with all that belongs to it. `snapshots` are rows in the order of `SNAPSHOT`."""

    name: str
    currency: str
    price_source: str
    cost_method: str
    includes_steam: bool
    transactions: Sequence[Transaction]
    snapshots: Sequence[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class RestoredAsset:
    """An asset of the inventory, when it came and when it was last seen."""

    asset: Asset
    created_at: datetime
    imported_at: datetime


def saved_holdings(database: Database, user_id: int) -> list[Row]:
    """The stored inventory."""
    return database.rows(
        f"SELECT {HELD}, created_at, imported_at FROM user_portfolio_holdings WHERE user_id = %s ORDER BY steam_asset_id",
        [user_id],
    )


def saved_snapshots(database: Database, user_id: int, portfolio_id: int) -> list[Row]:
    """The stored history, oldest first."""
    return database.rows(
        f"SELECT s.{SNAPSHOT.replace(', ', ', s.')} FROM portfolio_snapshots s JOIN portfolios p ON p.id = s.portfolio_id"
        " WHERE p.user_id = %s AND p.id = %s ORDER BY s.time",
        [user_id, portfolio_id],
    )


def restore(
    connection: psycopg.Connection, user_id: int, saved: Sequence[Saved], held: Sequence[RestoredAsset]
) -> None:
    """Put a saved state in the place of what a user has, in one transaction: all of it or nothing."""
    with connection.transaction():
        portfolios.lock(connection, user_id)
        connection.execute("DELETE FROM portfolios WHERE user_id = %s", [user_id])
        connection.execute("DELETE FROM user_portfolio_holdings WHERE user_id = %s", [user_id])
        with (
            connection.cursor() as cursor,
            cursor.copy(
                f"COPY user_portfolio_holdings ({HELD}, user_id, created_at, imported_at, updated_at) FROM STDIN"
            ) as copy,
        ):
            for one in held:
                copy.write_row((*astuple(one.asset), user_id, one.created_at, one.imported_at, one.imported_at))
        for portfolio in saved:
            _restore_one(connection, user_id, portfolio)
        holdings.link_new_items(connection)


def _restore_one(connection: psycopg.Connection, user_id: int, saved: Saved) -> None:
    row = connection.execute(
        "INSERT INTO portfolios (user_id, name, currency, price_source, cost_method, includes_steam)"
        " VALUES (%s, %s, %s, %s, %s, %s) RETURNING id",
        [user_id, saved.name, saved.currency, saved.price_source, saved.cost_method, saved.includes_steam],
    ).fetchone()
    number = row[0] if row else 0
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY portfolio_transactions ({transactions.NAMES}, portfolio_id) FROM STDIN") as copy,
    ):
        for transaction in saved.transactions:
            copy.write_row((*astuple(transaction), number))
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY portfolio_snapshots ({SNAPSHOT}, portfolio_id) FROM STDIN") as copy,
    ):
        for snapshot in saved.snapshots:
            copy.write_row((*snapshot, number))
    connection.execute(CONTINUE, [number])


# The next valuation goes on from the last snapshot. Its price source is none, so that what differs counts as moved.
CONTINUE = """
INSERT INTO portfolio_state (portfolio_id, time, currency, price_source, value, growth, deposits, withdrawals)
SELECT portfolio_id, time, currency, '', value, growth, deposits, withdrawals
FROM portfolio_snapshots WHERE portfolio_id = %s ORDER BY time DESC LIMIT 1
"""
