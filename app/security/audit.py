"""Audit: refused requests go into the activity log of the user in whose name they came."""

from typing import Final

import structlog
from flask import request

from app.accounts.caller import Caller
from app.accounts.matching import note
from app.runtime import services
from app.security.rate_limit import Limiter
from app.settings.rate_limits import Limit
from db.accounts import audit
from db.core.pool import DatabaseDownError

log = structlog.get_logger(__name__)

MOST: Final = Limit(6, 3600)
"""Lines that one user's refused requests can write: whoever sends many must not make the database work for each."""
KEPT: Final = 50
"""The newest ones that are kept of a user."""
EVENT: Final = "refused"


def record_refusal(limiter: Limiter, caller: Caller, reason: str) -> None:
    """Note that the current request was refused, if it came in somebody's name and there were not many like it."""
    if caller.user_id is None or not limiter.allows("refusals", f"user:{caller.user_id}", MOST):
        return
    # The rule and not the path, which may hold anything.
    rule = request.url_rule.rule if request.url_rule else "?"
    detail = {"call": f"{request.method} {rule}", "reason": reason, "with": caller.kind}
    origin = request.headers.get("Origin")
    if origin and origin.isprintable():
        detail["origin"] = origin[:200]
    try:
        note(services().database, caller.user_id, EVENT, detail)
        audit.keep_newest(services().database, caller.user_id, EVENT, KEPT)
    except DatabaseDownError as error:
        log.warning("a refusal could not be noted", error=str(error))
