"""Revocation: finds open WebSockets whose session or API key has ended."""

from collections.abc import Collection
from dataclasses import dataclass

import redis
import structlog

from app.accounts.session_store import SessionStore
from app.live.principal import Principal
from db.accounts import api_keys, users
from db.core.pool import Database, DatabaseDownError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Credential:
    """What a user signed in with: the id of a session, or the hash of a key."""

    session_id: str | None = None
    key_hash: bytes | None = None


def find_ended(database: Database, store: SessionStore, principals: Collection[Principal]) -> set[Principal]:
    """The principals whose session or key has ended.

    What Redis or the database cannot tell now waits for the next check; no connection is closed because one is down.
    """
    return _by_session(database, store, principals) | _by_key(database, principals)


def _by_session(database: Database, store: SessionStore, principals: Collection[Principal]) -> set[Principal]:
    by_id = [
        (p.credential.session_id, p)
        for p in principals
        if isinstance(p.credential, Credential) and p.credential.session_id
    ]
    found: set[Principal] = set()
    if not by_id:
        return found
    try:
        tokens = store.user_tokens([session_id for session_id, _ in by_id])
        found |= {principal for session_id, principal in by_id if session_id not in tokens}
        # The list of sessions is one thing, the account's own key another: signing out everywhere changes that.
        session_keys = users.session_keys(
            database, [principal.user_id for _, principal in by_id if principal.user_id is not None]
        )
        valid = {f"{user_id}:{key}" for user_id, key in session_keys.items()}
        found |= {principal for session_id, principal in by_id if tokens.get(session_id) not in valid}
    except (redis.RedisError, DatabaseDownError) as error:
        log.warning("sessions of open WebSockets could not be checked", error=str(error))
    return found


def _by_key(database: Database, principals: Collection[Principal]) -> set[Principal]:
    by_hash = [
        (p.credential.key_hash, p) for p in principals if isinstance(p.credential, Credential) and p.credential.key_hash
    ]
    try:
        known = api_keys.known(database, [key_hash for key_hash, _ in by_hash]) if by_hash else set()
    except DatabaseDownError as error:
        log.warning("keys of open WebSockets could not be checked", error=str(error))
        return set()
    return {principal for key_hash, principal in by_hash if key_hash not in known}
