"""Route requirements: the signed-in user's id, or an error."""

from flask import abort

from app.accounts.caller import Caller, caller


def user_id() -> int:
    """The user of a session or key; else 401, or 503 where that cannot be known."""
    found = _authenticated()
    if found.user_id is None:
        abort(401, "this key is not valid, or no more" if found.refused else "sign in first")
    return found.user_id


def session_user_id() -> int:
    """The user of a session; 403 for a key, which must not make keys, end sessions or delete accounts."""
    found = user_id()
    if caller().kind != "session":
        abort(403, "only for people who are signed in, not for keys")
    return found


def _authenticated() -> Caller:
    found = caller()
    if found.unknown:
        abort(503, found.why_unknown)
    return found
