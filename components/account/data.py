"""Account data: everything the account page shows, read once."""

from dataclasses import dataclass

import redis
import structlog
from flask import g

from app.accounts.caller import Caller, caller
from app.accounts.methods.registry import usable
from app.accounts.session_list import SessionEntry, session_entries
from app.tasks.kinds import EXPORT
from components.ui import context
from db.accounts import api_keys, audit, identities, users
from db.core.pool import Row
from db.tasks import files

log = structlog.get_logger(__name__)

ACTIVITY = 20


@dataclass(frozen=True, slots=True)
class AccountData:
    """`sessions` is None where Redis does not answer."""

    user: Row
    identities: list[Row]
    sessions: list[SessionEntry] | None
    keys: list[Row]
    activity: list[Row]
    usable: list[str]
    files: list[Row]


def read_account(user_id: int) -> AccountData | None:
    """All of it; None where the account is gone.

    Raises:
        DatabaseDownError: not now.
    """
    database = context.database()
    user = users.one(database, user_id)
    if user is None:
        return None
    return AccountData(
        user,
        identities.of_user(database, user_id),
        _sessions(user_id),
        api_keys.of_user(database, user_id),
        audit.of_user(database, user_id, ACTIVITY),
        usable(context.settings()),
        files.made_by(database, user_id, EXPORT.name),
    )


def current_caller() -> Caller:
    """The caller of the current request, as pages need it."""
    return caller()


def session_user(viewer: Caller) -> int | None:
    """The id of a caller with a session; None for any other, since an API key opens no pages."""
    return viewer.user_id if viewer.kind == "session" else None


def name() -> str:
    """The name of the signed-in user, known from the check of the session."""
    user = g.get("_login_user")
    return getattr(user, "name", "Account")


def _sessions(user_id: int) -> list[SessionEntry] | None:
    try:
        return session_entries(user_id)
    except redis.RedisError as error:
        log.warning("sessions cannot be listed", error=str(error))
        return None
