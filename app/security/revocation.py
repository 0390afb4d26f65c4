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
class Proof:
    """What somebody signed in with: the id of a session, or the hash of a key."""

    session_id: str | None = None
    key_hash: bytes | None = None


def ended(database: Database, store: SessionStore, principals: Collection[Principal]) -> set[Principal]:
    """Those of these guests whose session or key has ended.

    What Redis or the database cannot tell now is told at the next look; nobody is put out because one of them is down.
    """
    return _by_session(database, store, principals) | _by_key(database, principals)


def _by_session(database: Database, store: SessionStore, principals: Collection[Principal]) -> set[Principal]:
    shown = [(g.proof.session_id, g) for g in principals if isinstance(g.proof, Proof) and g.proof.session_id]
    found: set[Principal] = set()
    if not shown:
        return found
    try:
        tokens = store.user_tokens([session_id for session_id, _ in shown])
        found |= {principal for session_id, principal in shown if session_id not in tokens}
        # The list of sessions is one thing, the account's own key another: signing out everywhere changes that.
        kept = users.session_keys(
            database, [principal.user_id for _, principal in shown if principal.user_id is not None]
        )
        right = {f"{user_id}:{key}" for user_id, key in kept.items()}
        found |= {principal for session_id, principal in shown if tokens.get(session_id) not in right}
    except (redis.RedisError, DatabaseDownError) as error:
        log.warning("sessions of open WebSockets could not be checked", error=str(error))
    return found


def _by_key(database: Database, principals: Collection[Principal]) -> set[Principal]:
    shown = [(g.proof.key_hash, g) for g in principals if isinstance(g.proof, Proof) and g.proof.key_hash]
    try:
        known = api_keys.known(database, [key_hash for key_hash, _ in shown]) if shown else set()
    except DatabaseDownError as error:
        log.warning("keys of open WebSockets could not be checked", error=str(error))
        return set()
    return {principal for key_hash, principal in shown if key_hash not in known}
