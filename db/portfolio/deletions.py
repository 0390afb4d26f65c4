"""Deletions: transactions taken out together, kept for thirty days so that they can be put back as they were."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

import psycopg
from psycopg.rows import tuple_row

from db.portfolio import portfolios
from db.portfolio.transactions import Transaction

KEPT_DAYS: Final = 30
COLUMNS: Final = ", ".join(("id", "item_id", "created_at", *(field.name for field in fields(Transaction))))


@dataclass(frozen=True, slots=True)
class Deletion:
    """So many transactions went; `id` names them for `undo`."""

    id: int
    count: int


def delete(connection: psycopg.Connection, user_id: int, portfolio_id: int, ids: Sequence[int]) -> Deletion | None:
    """Delete some of a portfolio's transactions; None where it has none of them."""
    keys = {"portfolio": portfolio_id, "user": user_id, "ids": list(ids), "days": KEPT_DAYS}
    with connection.transaction(), connection.cursor(row_factory=tuple_row) as cursor:
        portfolios.lock(connection, user_id)
        cursor.execute(FORGET, keys)
        row = cursor.execute(BEGIN, keys).fetchone()
        if row is None:
            return None
        count = cursor.execute(TAKE, {**keys, "deletion": row[0]}).rowcount
        portfolios.touch(connection, portfolio_id)
        return Deletion(row[0], count)


def undo(connection: psycopg.Connection, user_id: int, portfolio_id: int, deletion_id: int) -> tuple[int, int] | None:
    """Put a deletion's transactions back, with the ids that they had: how many, and how many not.

    One with a reference that was imported anew meanwhile is there already. None where the portfolio has no such deletion.
    """
    keys = {"portfolio": portfolio_id, "user": user_id, "deletion": deletion_id}
    with connection.transaction(), connection.cursor(row_factory=tuple_row) as cursor:
        portfolios.lock(connection, user_id)
        row = cursor.execute(COUNT, keys).fetchone()
        if row is None:
            return None
        restored = cursor.execute(PUT_BACK, keys).rowcount
        cursor.execute("DELETE FROM portfolio_deletions WHERE id = %(deletion)s", keys)
        portfolios.touch(connection, portfolio_id)
        return restored, row[0] - restored


FORGET = "DELETE FROM portfolio_deletions WHERE portfolio_id = %(portfolio)s AND deleted_at < now() - %(days)s * interval '1 day'"
BEGIN = """
INSERT INTO portfolio_deletions (portfolio_id)
SELECT p.id FROM portfolios p WHERE p.id = %(portfolio)s AND p.user_id = %(user)s
  AND EXISTS (SELECT FROM portfolio_transactions t WHERE t.portfolio_id = p.id AND t.id = ANY(%(ids)s))
RETURNING id
"""
TAKE = f"""
WITH gone AS (DELETE FROM portfolio_transactions WHERE portfolio_id = %(portfolio)s AND id = ANY(%(ids)s) RETURNING {COLUMNS})
INSERT INTO portfolio_deleted_transactions (deletion_id, {COLUMNS}) SELECT %(deletion)s, {COLUMNS} FROM gone
"""
COUNT = """
SELECT (SELECT count(*) FROM portfolio_deleted_transactions WHERE deletion_id = d.id)
FROM portfolio_deletions d JOIN portfolios p ON p.id = d.portfolio_id
WHERE d.id = %(deletion)s AND p.id = %(portfolio)s AND p.user_id = %(user)s
"""
PUT_BACK = f"""
INSERT INTO portfolio_transactions (portfolio_id, {COLUMNS}) OVERRIDING SYSTEM VALUE
SELECT %(portfolio)s, {COLUMNS} FROM portfolio_deleted_transactions WHERE deletion_id = %(deletion)s ORDER BY id ON CONFLICT DO NOTHING
"""
