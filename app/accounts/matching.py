"""Account matching: finds or makes the account that an identity signs in to."""

from collections.abc import Mapping
from typing import Any

import psycopg
from flask import request

from app.accounts.errors import RefusedError
from app.accounts.identity import Identity
from app.accounts.user import SignedIn
from db.accounts import audit, identities, users
from db.core.pool import Database


def sign_in(database: Database, identity: Identity) -> SignedIn:
    """The user of an identity: by subject; else by an address that is verified on both sides; else a new one.

    Raises:
        RefusedError: the address belongs to an account that has another identity of this provider.
        DatabaseDownError: not now.
    """
    with database.connection() as connection, connection.transaction():
        identities.lock(connection)
        user_id, events = _account(connection, identity)
        _save(connection, user_id, identity)
        row = users.signed_in(connection, user_id)
        for event in (*events, "sign-in"):
            log_activity(connection, user_id, event, {"method": identity.provider})
    return SignedIn(row["id"], row["session_key"], row["name"])


def link(database: Database, user_id: int, identity: Identity) -> None:
    """Add an identity to a user's account.

    Raises:
        RefusedError: it is another account's, or the account has another one of this provider.
        DatabaseDownError: not now.
    """
    with database.connection() as connection, connection.transaction():
        identities.lock(connection)
        known = identities.find(connection, identity.provider, identity.subject)
        if known and known["user_id"] != user_id:
            raise RefusedError("taken")
        if not known and identities.has(connection, user_id, identity.provider):
            raise RefusedError("second")
        _save(connection, user_id, identity)
        if not known:
            log_activity(connection, user_id, "link", {"method": identity.provider, "name": identity.name})


def log_activity(
    where: Database | psycopg.Connection, user_id: int, event: str, detail: Mapping[str, Any] | None = None
) -> None:
    """Add a line to the user's activity log, with address and browser of the current request."""
    audit.note(where, user_id, event, detail or {}, address=request.remote_addr, user_agent=user_agent())


def user_agent() -> str:
    """The browser of the current request, cut to a sane length."""
    return request.headers.get("User-Agent", "")[:300]


def _account(connection: psycopg.Connection, identity: Identity) -> tuple[int, tuple[str, ...]]:
    known = identities.find(connection, identity.provider, identity.subject)
    if known:
        return known["user_id"], ()
    email = identity.proven_email
    owner = users.by_verified_email(connection, email) if email else None
    if owner is None:
        made = users.create(connection, name=identity.name, email=email, avatar_url=identity.avatar_url)
        return made, ("account",)
    if identities.has(connection, owner["id"], identity.provider):
        raise RefusedError("second", f"user {owner['id']} has another {identity.provider} identity")
    return owner["id"], ("link",)


def _save(connection: psycopg.Connection, user_id: int, identity: Identity) -> None:
    identities.save(
        connection,
        user_id,
        provider=identity.provider,
        subject=identity.subject,
        name=identity.name,
        email=identity.email,
        email_verified=identity.email_verified,
    )
    users.complete(connection, user_id, email=identity.proven_email, avatar_url=identity.avatar_url)
