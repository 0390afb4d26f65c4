"""API keys: created, listed, used and revoked; only hashes are stored."""

from collections.abc import Sequence

from db.core.pool import Database, Row


def use(database: Database, key_hash: bytes) -> Row | None:
    """`user_id` and `scope` of a key, or None; notes that it was used, once a minute at most."""
    found = database.row("SELECT id, user_id, scope, last_used FROM api_keys WHERE hash = %s", [key_hash])
    if found:
        database.execute(
            "UPDATE api_keys SET last_used = now()"
            " WHERE id = %s AND (last_used IS NULL OR last_used < now() - interval '1 minute')",
            [found["id"]],
        )
    return found


def known(database: Database, hashes: Sequence[bytes]) -> set[bytes]:
    """Those of these hashes that are a key's, still."""
    rows = database.rows("SELECT hash FROM api_keys WHERE hash = ANY(%s)", [list(hashes)])
    return {bytes(row["hash"]) for row in rows}


def create(
    database: Database, user_id: int, *, name: str, scope: str, prefix: str, key_hash: bytes, most: int
) -> Row | None:
    """A new key as listed; None where the account has `most` already."""
    with database.connection() as connection, connection.transaction():
        connection.execute("SELECT 1 FROM users WHERE id = %s FOR UPDATE", [user_id])
        made = connection.execute(
            "INSERT INTO api_keys (user_id, name, scope, prefix, hash) SELECT %(user)s, %(name)s, %(scope)s, %(prefix)s,"
            " %(hash)s WHERE (SELECT count(*) FROM api_keys WHERE user_id = %(user)s) < %(most)s RETURNING id, created_at",
            {"user": user_id, "name": name, "scope": scope, "prefix": prefix, "hash": key_hash, "most": most},
        ).fetchone()
    if made is None:
        return None
    return {"id": made[0], "name": name, "scope": scope, "prefix": prefix, "created_at": made[1], "last_used": None}


def of_user(database: Database, user_id: int) -> list[Row]:
    """A user's keys, the newest first; never their hashes."""
    return database.rows(
        "SELECT id, name, scope, prefix, created_at, last_used FROM api_keys WHERE user_id = %s ORDER BY id DESC",
        [user_id],
    )


def revoke(database: Database, user_id: int, key_id: int) -> Row | None:
    """Remove a key of this user; its name and scope, or None where there is no such key."""
    return database.row(
        "DELETE FROM api_keys WHERE user_id = %s AND id = %s RETURNING name, scope, prefix", [user_id, key_id]
    )
