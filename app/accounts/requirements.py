"""What a route of the account asks of its caller."""

from flask import abort

from app.accounts.caller import Caller, caller


def user_id() -> int:
    """The user of a session or key; else 401, or 503 where that cannot be known."""
    who = _known()
    if who.user_id is None:
        abort(401, "this key is not valid, or no more" if who.refused else "sign in first")
    return who.user_id


def session_user_id() -> int:
    """The user of a session; 403 for a key, which must not make keys, end sessions or delete accounts."""
    found = user_id()
    if caller().kind != "session":
        abort(403, "only for people who are signed in, not for keys")
    return found


def _known() -> Caller:
    who = caller()
    if who.unknown:
        abort(503, who.why_unknown)
    return who
