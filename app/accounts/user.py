"""Signed-in user, as flask-login has it."""

from dataclasses import dataclass

from flask_login import UserMixin

from db.accounts import users
from db.core.pool import Database


@dataclass(frozen=True, slots=True)
class SignedIn(UserMixin):  # type: ignore[misc]  # flask-login has no annotations
    """A user whose session holds the right key of the account.

    The session holds id *and* key, not the id alone: it ends with the key (signing out everywhere), and a database
    restored from a backup cannot give another user's id to an old session.
    """

    user_id: int
    session_key: str
    name: str

    def get_id(self) -> str:
        """What the session holds."""
        return f"{self.user_id}:{self.session_key}"


def load_user(database: Database, token: str) -> SignedIn | None:
    """The user of a session, or None where the account or its key is gone.

    Raises:
        DatabaseDownError: it cannot be known now.
    """
    user_id, _, key = token.partition(":")
    if not user_id.isascii() or not user_id.isdigit():
        return None
    row = users.with_key(database, int(user_id), key)
    return SignedIn(row["id"], row["session_key"], row["name"]) if row else None
