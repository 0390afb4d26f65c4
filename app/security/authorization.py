"""Authorization: compares what the policy asks for with the caller."""

from http import HTTPStatus
from typing import Final, assert_never

from flask import Response, request

from app.accounts.caller import Caller
from app.security.access import Access
from app.security.refusal import refuse
from app.settings.addresses import is_loopback
from app.settings.origins import parse_origin

PROXY_HEADERS: Final = ("Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via")


def authorize_caller(access: Access, caller: Caller) -> Response | None:
    """The refusal of a caller without the right; None for one who has it."""
    match access:
        case Access.PUBLIC | Access.NOTHING:
            return None
        case Access.LOOPBACK:
            return None if is_local() else refuse(HTTPStatus.FORBIDDEN, "only from the machine itself")
        case Access.SIGNED_IN | Access.KEY_READ | Access.KEY_FULL:
            return _refuse_unless_user(access, caller)
        case Access.PAGE | Access.CALLBACK:
            raise TypeError(f"{access} is looked up, not checked")
        case _:
            assert_never(access)


def _refuse_unless_user(access: Access, caller: Caller) -> Response | None:
    if caller.unknown:
        return refuse(HTTPStatus.SERVICE_UNAVAILABLE, caller.why_unknown, retry_after=5)
    if caller.user_id is None:
        return refuse(HTTPStatus.UNAUTHORIZED, "sign in first")
    if caller.kind == "key" and (access is Access.SIGNED_IN or (access is Access.KEY_FULL and caller.scope != "full")):
        return refuse(HTTPStatus.FORBIDDEN, missing_right(access))
    return None


def missing_right(access: Access) -> str:
    """Why a key is refused."""
    return "this API key may only read" if access is Access.KEY_FULL else "an API key may not do this; sign in"


def permits(access: Access | None, user_id: int | None) -> bool:
    """Whether a WebSocket message is allowed, where a key counts as a session; `user_id` is None for a visitor."""
    return access is Access.PUBLIC or (access is Access.SIGNED_IN and user_id is not None)


def is_local() -> bool:
    """Whether the current request comes from this machine, by a name of it, and not through a proxy."""
    if any(name in request.headers for name in PROXY_HEADERS):
        return False
    reached = parse_origin(f"http://{request.host}")
    return is_loopback(request.remote_addr) and reached is not None and is_loopback(reached[1])
