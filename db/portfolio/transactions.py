"""What people bought, sold, got and gave."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from datetime import datetime

import psycopg
from psycopg.rows import dict_row

from db.core.pool import LONG, Database, Row
from db.items.sources import STEAM_MARKET
from db.portfolio import portfolios


@dataclass(frozen=True, slots=True)
class Transaction:
    """One of them; see the table for what each column holds.

    Where `timed` is false only the day is known, and `time` is its start (UTC).
    """

    time: datetime
    kind: str
    market_hash_name: str | None
    quantity: int
    price: int
    fee: int
    currency: str
    note: str = ""
    external_id: str | None = None
    timed: bool = True


NAMES = ", ".join(field.name for field in fields(Transaction))


def add(connection: psycopg.Connection, user_id: int, portfolio_id: int, news: Sequence[Transaction]) -> int:
    """Add transactions to a portfolio of the user's, all or none; those with a known external id stay as they are.

    Returns how many were added.
    """
    with connection.transaction():
        portfolios.lock(connection, user_id)
        connection.execute(
            f"CREATE TEMPORARY TABLE arrived ON COMMIT DROP AS SELECT {NAMES}, 0 AS line FROM portfolio_transactions LIMIT 0"
        )
        with connection.cursor() as cursor, cursor.copy(f"COPY arrived ({NAMES}, line) FROM STDIN") as copy:
            for line, transaction in enumerate(news):
                copy.write_row((*astuple(transaction), line))
        added = connection.execute(
            f"INSERT INTO portfolio_transactions (portfolio_id, item_id, {NAMES})"
            f" SELECT p.id, i.id, {', '.join(f'a.{field.name}' for field in fields(Transaction))} FROM arrived a"
            " JOIN portfolios p ON p.id = %s AND p.user_id = %s"
            " LEFT JOIN items i ON i.market = %s AND i.market_hash_name = a.market_hash_name"
            " ORDER BY a.line ON CONFLICT DO NOTHING",
            [portfolio_id, user_id, STEAM_MARKET],
        ).rowcount
        portfolios.touch(connection, portfolio_id)
        return added


def every(database: Database, user_id: int, portfolio_id: int) -> list[Row]:
    """All transactions of a portfolio, oldest first, in the order entered where times are equal."""
    return database.fetch(
        f"{SELECT} ORDER BY t.time, t.id", [portfolio_id, user_id], factory=dict_row, answer_within=LONG
    )


def every_in(connection: psycopg.Connection, user_id: int, portfolio_id: int) -> list[Row]:
    """The same within a transaction."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(f"{SELECT} ORDER BY t.time, t.id", [portfolio_id, user_id]).fetchall()


def untimed(database: Database, user_id: int, portfolio_id: int) -> set[int]:
    """Ids of those of which only the day is known."""
    rows = database.rows(f"{SELECT} AND NOT t.timed", [portfolio_id, user_id])
    return {row["id"] for row in rows}


def page(database: Database, user_id: int, portfolio_id: int, *, before: int | None, limit: int) -> list[Row]:
    """Transactions newest first, from the one after `before` (an id) on."""
    return database.rows(
        f"{SELECT} AND (%s::bigint IS NULL OR (t.time, t.id) <"
        " (SELECT time, id FROM portfolio_transactions WHERE id = %s AND portfolio_id = p.id))"
        " ORDER BY t.time DESC, t.id DESC LIMIT %s",
        [portfolio_id, user_id, before, before, limit],
    )


def delete(connection: psycopg.Connection, user_id: int, portfolio_id: int, ids: Sequence[int] | None) -> int:
    """Delete some of a portfolio's transactions, or with None all; returns how many."""
    with connection.transaction():
        portfolios.lock(connection, user_id)
        removed = connection.execute(
            "DELETE FROM portfolio_transactions t USING portfolios p WHERE p.id = t.portfolio_id AND p.id = %s"
            " AND p.user_id = %s AND (%s::bigint[] IS NULL OR t.id = ANY(%s))",
            [portfolio_id, user_id, None if ids is None else list(ids), None if ids is None else list(ids)],
        ).rowcount
        if removed:
            portfolios.touch(connection, portfolio_id)
        return removed


SELECT = (
    f"SELECT t.id, t.item_id, {', '.join(f't.{field.name}' for field in fields(Transaction))}"
    " FROM portfolio_transactions t JOIN portfolios p ON p.id = t.portfolio_id WHERE p.id = %s AND p.user_id = %s"
)
