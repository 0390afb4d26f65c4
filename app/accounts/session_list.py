"""Session list: a user's sessions as the account page shows them."""

import hashlib
from datetime import UTC, datetime
from typing import TypedDict

from app.accounts.caller import caller
from app.accounts.sessions import session_store


class SessionEntry(TypedDict):
    """Somewhere a user is signed in; `id` tells nothing of the session's own."""

    id: str
    current: bool
    method: str | None
    address: str | None
    user_agent: str | None
    created_at: datetime | None
    last_seen: datetime


def session_entries(owner: int) -> list[SessionEntry]:
    """A user's sessions, the last used first.

    Raises:
        redis.RedisError: Redis is down.
    """
    here = caller().session_id
    return [
        {
            "id": public_id(session_id),
            "current": session_id == here,
            "method": data.get("method"),
            "address": data.get("address"),
            "user_agent": data.get("user_agent"),
            "created_at": _time(data["created"]) if "created" in data else None,
            "last_seen": _time(seen),
        }
        for session_id, seen, data in session_store().of_user(owner)
    ]


def public_id(session_id: str) -> str:
    """A name for a session that tells nothing of its id."""
    return hashlib.sha256(session_id.encode("ascii")).hexdigest()[:16]


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
