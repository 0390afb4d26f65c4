"""Audit log: an account's sign-ins, links, keys and refused requests."""

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from db.core.pool import Database, Row

_INSERT = "INSERT INTO audit_log (user_id, event, detail, address, user_agent) VALUES (%s, %s, %s, %s, %s)"


def note(
    where: Database | psycopg.Connection,
    user_id: int,
    event: str,
    detail: Mapping[str, Any],
    *,
    address: str | None,
    user_agent: str | None,
) -> None:
    """Add a line; on a connection it belongs to the transaction of what it tells of."""
    where.execute(_INSERT, [user_id, event, Jsonb(dict(detail)), address, user_agent])


def of_user(database: Database, user_id: int, limit: int = 50) -> list[Row]:
    """The newest lines of an account."""
    return database.rows(
        "SELECT time, event, detail, address, user_agent FROM audit_log WHERE user_id = %s ORDER BY time DESC, id DESC LIMIT %s",
        [user_id, limit],
    )


def keep_newest(database: Database, user_id: int, event: str, most: int) -> None:
    """Forget all but the newest lines of one kind."""
    database.execute(
        "DELETE FROM audit_log WHERE user_id = %(user)s AND event = %(event)s AND id <= ("
        "SELECT id FROM audit_log WHERE user_id = %(user)s AND event = %(event)s ORDER BY id DESC OFFSET %(most)s LIMIT 1)",
        {"user": user_id, "event": event, "most": most},
    )
