"""Everything kept about a user: whatever table refers to `users`, now or later."""

from typing import Any

from psycopg import sql
from psycopg.rows import tuple_row

from db.core.pool import LONG, Database

_TABLES = """
SELECT c.conrelid::regclass::text, a.attname
FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
WHERE c.contype = 'f' AND c.confrelid = 'users'::regclass AND cardinality(c.conkey) = 1
ORDER BY 1
"""
_SECRETS = ["session_key", "hash"]


def everything(database: Database, user_id: int) -> dict[str, Any]:
    """The user, and all rows that refer to them by table; secrets are left out."""
    found: dict[str, Any] = {}
    with database.connection(answer_within=LONG) as connection, connection.cursor(row_factory=tuple_row) as cursor:
        tables = cursor.execute(_TABLES).fetchall()
        for table, column in [("users", "id"), *tables]:
            query = sql.SQL("SELECT to_jsonb(t) - %s::text[] FROM {} t WHERE {} = %s").format(
                sql.Identifier(table), sql.Identifier(column)
            )
            found[table] = [row for (row,) in cursor.execute(query, [_SECRETS, user_id])]
    return found
