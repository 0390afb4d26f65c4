"""Users: accounts, their sign-ins and session keys."""

import secrets
from collections.abc import Sequence

import psycopg
from psycopg.rows import dict_row

from db.core.pool import LONG_TIMEOUT, Database, Row


def with_key(database: Database, user_id: int, session_key: str) -> Row | None:
    """A user, if the session key is still the account's."""
    return database.row(
        "SELECT id, name, session_key FROM users WHERE id = %s::bigint AND session_key = %s", [user_id, session_key]
    )


def session_keys(database: Database, user_ids: Sequence[int]) -> dict[int, str]:
    """The session keys of those of these users that exist."""
    rows = database.rows("SELECT id, session_key FROM users WHERE id = ANY(%s)", [list(user_ids)])
    return {row["id"]: row["session_key"] for row in rows}


def one(database: Database, user_id: int) -> Row | None:
    """A user, or None."""
    return database.row(
        "SELECT id, name, email, email_verified, avatar_url, created_at, last_sign_in FROM users WHERE id = %s",
        [user_id],
    )


def by_verified_email(connection: psycopg.Connection, email: str) -> Row | None:
    """The account an address belongs to, or None."""
    query = "SELECT * FROM users WHERE lower(email) = lower(%s) AND email_verified"
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, [email]).fetchone()


def create(connection: psycopg.Connection, *, name: str, email: str | None, avatar_url: str | None) -> int:
    """A new user's id; `email` is a verified address or None."""
    row = connection.execute(
        "INSERT INTO users (name, email, email_verified, avatar_url, session_key) VALUES (%s, %s, %s, %s, %s)"
        " RETURNING id",
        [name, email, email is not None, avatar_url, new_session_key()],
    ).fetchone()
    if row is None:
        raise RuntimeError("INSERT … RETURNING gave no row")
    return int(row[0])


def signed_in(connection: psycopg.Connection, user_id: int) -> Row:
    """Note that a user signs in now, and return id, name and session key."""
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            "UPDATE users SET last_sign_in = now() WHERE id = %s RETURNING id, name, session_key", [user_id]
        ).fetchone()
    if row is None:
        raise LookupError(f"no user {user_id}")
    return row


def complete(connection: psycopg.Connection, user_id: int, *, email: str | None, avatar_url: str | None) -> None:
    """Fill in a verified address, unless it is another account's, and a picture where there is none yet."""
    connection.execute(
        "UPDATE users u SET avatar_url = coalesce(u.avatar_url, %(avatar)s),"
        " email_verified = u.email_verified OR %(email)s::text IS NOT NULL, email = CASE WHEN u.email_verified THEN u.email"
        " ELSE coalesce(%(email)s, u.email) END WHERE u.id = %(id)s",
        {
            "id": user_id,
            "avatar": avatar_url,
            "email": None if email is None or by_verified_email(connection, email) else email,
        },
    )


def end_sessions(database: Database, user_id: int) -> None:
    """Make every session of the account worthless, wherever it is kept."""
    database.execute("UPDATE users SET session_key = %s WHERE id = %s", [new_session_key(), user_id])


def delete(database: Database, user_id: int) -> bool:
    """Remove an account and all that hangs on it; whether there was one."""
    with database.connection(answer_within=LONG_TIMEOUT) as connection:
        return connection.execute("DELETE FROM users WHERE id = %s", [user_id]).rowcount > 0


def new_session_key() -> str:
    """128 random bits."""
    return secrets.token_urlsafe(16)
