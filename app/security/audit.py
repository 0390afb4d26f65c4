"""Audit: refused requests go into the activity log of the user in whose name they came."""

from typing import Final

import structlog
from flask import request

from app.accounts.caller import Caller
from app.accounts.matching import log_activity
from app.runtime import services
from app.security.rate_limit import Limiter
from app.settings.rate_limits import Limit
from db.accounts import audit
from db.core.pool import DatabaseDownError

log = structlog.get_logger(__name__)

MAX_REFUSALS: Final = Limit(6, 3600)
"""Lines that one user's refused requests can write, so that a flood of them is no load for the database."""
MAX_ENTRIES: Final = 50
"""Lines that are stored of a user; older ones are deleted."""
EVENT: Final = "refused"


def record_refusal(limiter: Limiter, caller: Caller, reason: str) -> None:
    """Log that the current request was refused, if it came in a user's name and within the limit."""
    if caller.user_id is None or not limiter.allows("refusals", f"user:{caller.user_id}", MAX_REFUSALS):
        return
    # The rule and not the path, which may hold anything.
    rule = request.url_rule.rule if request.url_rule else "?"
    detail = {"call": f"{request.method} {rule}", "reason": reason, "with": caller.kind}
    origin = request.headers.get("Origin")
    if origin and origin.isprintable():
        detail["origin"] = origin[:200]
    try:
        log_activity(services().database, caller.user_id, EVENT, detail)
        audit.keep_newest(services().database, caller.user_id, EVENT, MAX_ENTRIES)
    except DatabaseDownError as error:
        log.warning("a refusal could not be noted", error=str(error))
