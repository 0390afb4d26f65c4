"""Identities: which account a sign-in provider's subject belongs to."""

from collections.abc import Sequence
from typing import Final

import psycopg
from psycopg.rows import dict_row

from db.core.pool import Database, Row

_LOCK: Final = 5_830_417_002
"""Signing in is decided by one session at a time: two first visits at once must not make two accounts."""


def lock(connection: psycopg.Connection) -> None:
    """Wait for the turn to decide; ends with the transaction."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def find(connection: psycopg.Connection, provider: str, subject: str) -> Row | None:
    """An identity, or None."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            "SELECT * FROM user_identities WHERE provider = %s AND subject = %s", [provider, subject]
        ).fetchone()


def has(connection: psycopg.Connection, user_id: int, provider: str) -> bool:
    """Whether an account has an identity of this provider."""
    found = connection.execute(
        "SELECT 1 FROM user_identities WHERE user_id = %s AND provider = %s", [user_id, provider]
    ).fetchone()
    return found is not None


def is_local(database: Database, user_id: int) -> bool:
    """Whether an account is the local owner's."""
    return bool(
        database.rows("SELECT 1 AS yes FROM user_identities WHERE user_id = %s AND provider = 'local'", [user_id])
    )


def save(
    connection: psycopg.Connection,
    user_id: int,
    *,
    provider: str,
    subject: str,
    name: str | None,
    email: str | None,
    email_verified: bool,
) -> None:
    """Add an identity to an account, or note what the provider now says of it; it never changes its account."""
    connection.execute(
        "INSERT INTO user_identities (provider, subject, user_id, name, email, email_verified, last_used)"
        " VALUES (%s, %s, %s, %s, %s, %s, now()) ON CONFLICT (provider, subject) DO UPDATE SET"
        " name = excluded.name, email = excluded.email, email_verified = excluded.email_verified, last_used = now()",
        [provider, subject, user_id, name, email, email_verified],
    )


def of_user(database: Database, user_id: int) -> list[Row]:
    """All identities of an account, the oldest first."""
    return database.rows(
        "SELECT provider, subject, name, email, email_verified, linked_at, last_used FROM user_identities"
        " WHERE user_id = %s ORDER BY linked_at, provider",
        [user_id],
    )


def unlink(connection: psycopg.Connection, user_id: int, provider: str, usable: Sequence[str]) -> bool:
    """Remove a provider from an account that keeps another one that is among `usable`; whether it was removed.

    The account is locked first, so that two requests cannot remove the last two at once.
    """
    connection.execute("SELECT 1 FROM users WHERE id = %s FOR UPDATE", [user_id])
    gone = connection.execute(
        "DELETE FROM user_identities WHERE user_id = %(user)s AND provider = %(provider)s AND EXISTS"
        " (SELECT 1 FROM user_identities o WHERE o.user_id = %(user)s AND o.provider <> %(provider)s"
        " AND o.provider = ANY(%(usable)s))",
        {"user": user_id, "provider": provider, "usable": list(usable)},
    )
    return gone.rowcount > 0
