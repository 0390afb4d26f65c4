"""Webhooks: where a user's alerts are sent, and the secret that signs them."""

from typing import Final

import psycopg
from psycopg.types.json import Jsonb

from db.core.pool import Database, Row

FORMER_HOURS: Final = 24
"""For so long the secret of before a rotation signs too."""


def of_user(database: Database, user_id: int) -> Row | None:
    """A user's webhook without its secret: `url`, `enabled`, `gone_at`, `created_at`, `former_until`; or None."""
    return database.row(
        "SELECT url, enabled, gone_at, created_at, CASE WHEN former_until > now() THEN former_until END AS former_until"
        " FROM alert_webhooks WHERE user_id = %s",
        [user_id],
    )


def put(database: Database, user_id: int, url: str, secret: str) -> bool:
    """Set where alerts go, and turn it on; True where there was none, so that `secret` is its secret."""
    row = database.row(
        "INSERT INTO alert_webhooks AS w (user_id, url, secret) VALUES (%s, %s, %s) ON CONFLICT (user_id) DO UPDATE"
        " SET url = excluded.url, enabled = true, gone_at = NULL RETURNING w.secret = %s AS made",
        [user_id, url, secret, secret],
    )
    return bool(row and row["made"])


def rotate(database: Database, user_id: int, secret: str) -> bool:
    """Sign by another secret, and for a day by the one before too; False where there is no webhook."""
    return (
        database.execute(
            "UPDATE alert_webhooks SET former_secret = secret, former_until = now() + %s * interval '1 hour', secret = %s"
            " WHERE user_id = %s",
            [FORMER_HOURS, secret, user_id],
        )
        > 0
    )


def switch(database: Database, user_id: int, *, enabled: bool) -> bool:
    """Turn it on or off; False where there is none."""
    query = "UPDATE alert_webhooks SET enabled = %(on)s, gone_at = CASE WHEN %(on)s THEN NULL ELSE gone_at END WHERE user_id = %(user)s"
    return database.execute(query, {"on": enabled, "user": user_id}) > 0


def delete(database: Database, user_id: int) -> bool:
    """Forget it and its secrets; False where there is none."""
    return database.execute("DELETE FROM alert_webhooks WHERE user_id = %s", [user_id]) > 0


def gone(connection: psycopg.Connection, user_id: int, url: str, host: str) -> None:
    """The receiver wants no more: turn it off, unless it is another by now, and tell the owner in the history."""
    off = connection.execute(
        "UPDATE alert_webhooks SET enabled = false, gone_at = now() WHERE user_id = %s AND url = %s AND enabled",
        [user_id, url],
    )
    if off.rowcount:
        connection.execute(
            "INSERT INTO alert_events (user_id, kind, time, since, muted, facts) VALUES (%s, 'webhook_off', now(), now(), false, %s)",
            [user_id, Jsonb({"host": host})],
        )
