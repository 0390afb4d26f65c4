"""Screens: what a user asks the items page for, kept under names."""

from collections.abc import Sequence
from typing import Any

from psycopg.types.json import Jsonb

from db.core.pool import Database, Row


def of_user(database: Database, user_id: int) -> list[Row]:
    """`id`, `name`, `query`, `columns` and `created_at` of each, the first kept first."""
    return database.rows(
        "SELECT id, name, query, columns, created_at FROM user_screens WHERE user_id = %s ORDER BY id", [user_id]
    )


def keep(
    database: Database, user_id: int, name: str, query: dict[str, Any], columns: Sequence[str], most: int
) -> Row | None:
    """Keep a screen; one of that name, whatever its case, is replaced. None, and nothing is kept, where the user has `most`."""
    with database.connection() as connection, connection.transaction():
        # One at a time: two requests at once would both count the same rows.
        connection.execute("SELECT 1 FROM users WHERE id = %s FOR UPDATE", [user_id])
        kept = connection.execute(
            "INSERT INTO user_screens (user_id, name, query, columns) SELECT %(user)s, %(name)s, %(query)s, %(columns)s"
            " WHERE (SELECT count(*) FROM user_screens WHERE user_id = %(user)s AND lower(name) <> lower(%(name)s)) < %(most)s"
            " ON CONFLICT (user_id, lower(name)) DO UPDATE SET name = excluded.name, query = excluded.query, columns = excluded.columns"
            " RETURNING id",
            {"user": user_id, "name": name, "query": Jsonb(query), "columns": list(columns), "most": most},
        ).fetchone()
    if kept is None:
        return None
    return next((row for row in of_user(database, user_id) if row["id"] == kept[0]), None)


def drop(database: Database, user_id: int, screen_id: int) -> bool:
    """Forget a screen; False where the user has none of this id."""
    return database.execute("DELETE FROM user_screens WHERE user_id = %s AND id = %s", [user_id, screen_id]) > 0
