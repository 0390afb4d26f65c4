"""Transactions: purchases, sales, drops, trades and fees of a portfolio."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from datetime import datetime

import psycopg
from psycopg.rows import dict_row

from db.core.pool import LONG_TIMEOUT, Database, Row
from db.items.markets import HELD_MARKETS
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


ITEM_NAMED = """
    SELECT id FROM items WHERE market = ANY(%(markets)s) AND market_hash_name = {}.market_hash_name
    ORDER BY array_position(%(markets)s, market) LIMIT 1
"""
"""The item of a row's name, in the first of `markets` that has it."""
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
            " JOIN portfolios p ON p.id = %(portfolio)s AND p.user_id = %(user)s"
            f" LEFT JOIN LATERAL ({ITEM_NAMED.format('a')}) i ON true"
            " ORDER BY a.line ON CONFLICT DO NOTHING",
            {"portfolio": portfolio_id, "user": user_id, "markets": list(HELD_MARKETS)},
        ).rowcount
        portfolios.touch(connection, portfolio_id)
        return added


def every(database: Database, user_id: int, portfolio_id: int) -> list[Row]:
    """All transactions of a portfolio, oldest first, in the order entered where times are equal."""
    return database.fetch(
        f"{SELECT} ORDER BY t.time, t.id",
        {"portfolio": portfolio_id, "user": user_id},
        factory=dict_row,
        answer_within=LONG_TIMEOUT,
    )


def every_in(connection: psycopg.Connection, user_id: int, portfolio_id: int) -> list[Row]:
    """The same within a transaction."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            f"{SELECT} ORDER BY t.time, t.id", {"portfolio": portfolio_id, "user": user_id}
        ).fetchall()


def untimed(database: Database, user_id: int, portfolio_id: int) -> set[int]:
    """Ids of those of which only the day is known."""
    rows = database.rows(f"{SELECT} AND NOT t.timed", {"portfolio": portfolio_id, "user": user_id})
    return {row["id"] for row in rows}


def replace(
    connection: psycopg.Connection, user_id: int, portfolio_id: int, transaction_id: int, news: Transaction
) -> Row | None:
    """Put a transaction in the place of one; None where the portfolio has no such one.

    Raises:
        psycopg.errors.UniqueViolation: another one of the portfolio has its reference.
    """
    values = {field.name: getattr(news, field.name) for field in fields(Transaction)}
    keys = {"id": transaction_id, "portfolio": portfolio_id, "user": user_id, "markets": list(HELD_MARKETS)}
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        portfolios.lock(connection, user_id)
        row = cursor.execute(REPLACE, {**values, **keys}).fetchone()
        portfolios.touch(connection, portfolio_id)
        return row


SELECT = (
    f"SELECT t.id, t.item_id, {', '.join(f't.{field.name}' for field in fields(Transaction))}"
    " FROM portfolio_transactions t JOIN portfolios p ON p.id = t.portfolio_id WHERE p.id = %(portfolio)s AND p.user_id = %(user)s"
)
REPLACE = f"""
UPDATE portfolio_transactions t
SET {", ".join(f"{field.name} = %({field.name})s" for field in fields(Transaction))}, item_id = ({ITEM_NAMED.format("n")})
FROM portfolios p, (SELECT %(market_hash_name)s::text AS market_hash_name) n
WHERE p.id = t.portfolio_id AND p.id = %(portfolio)s AND p.user_id = %(user)s AND t.id = %(id)s
RETURNING t.id, t.item_id, {", ".join(f"t.{field.name}" for field in fields(Transaction))}
"""
