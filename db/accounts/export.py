"""Account export: every row about a user, from whatever table refers to `users`, now or later."""

from typing import Any

from psycopg import sql
from psycopg.rows import tuple_row

from db.core.pool import LONG_TIMEOUT, Database

_TABLES = """
SELECT n.nspname, t.relname, a.attname
FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace
JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
WHERE c.contype = 'f' AND c.confrelid = 'users'::regclass AND cardinality(c.conkey) = 1
ORDER BY 1, 2
"""
_LEFT_OUT = ["session_key", "hash", "share_hash", "secret", "former_secret", "worker", "trace"]
"""Secrets, and what tells of the instance and not of the user."""


def user_rows(database: Database, user_id: int) -> dict[str, Any]:
    """The user, and all rows that refer to them by table (with its schema where that is not `public`); secrets are left out."""
    found: dict[str, Any] = {}
    with (
        database.connection(answer_within=LONG_TIMEOUT) as connection,
        connection.cursor(row_factory=tuple_row) as cursor,
    ):
        tables = cursor.execute(_TABLES).fetchall()
        for schema, table, column in [("public", "users", "id"), *tables]:
            query = sql.SQL("SELECT to_jsonb(t) - %s::text[] FROM {} t WHERE {} = %s").format(
                sql.Identifier(schema, table), sql.Identifier(column)
            )
            name = table if schema == "public" else f"{schema}.{table}"
            found[name] = [row for (row,) in cursor.execute(query, [_LEFT_OUT, user_id])]
    return found
