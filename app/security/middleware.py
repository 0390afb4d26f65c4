"""Request middleware: policy lookup, rate limits, authentication, authorization, origin and CSRF checks, in this order."""

from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Final

import structlog
from flask import Flask, Response, g, redirect, request, session
from werkzeug.wrappers import Response as AnyResponse

from app.accounts.caller import caller
from app.accounts.sessions import session_store
from app.runtime import Runtime
from app.security import cors, csrf, dash_dispatch, origins
from app.security.access import Access, Group, Row
from app.security.audit import record_refusal
from app.security.authorization import missing_right, refuse_caller
from app.security.body_limits import largest
from app.security.client_address import TrustedProxies, site_of
from app.security.methods import allowed_methods
from app.security.moving_window import Verdict
from app.security.policy import ROUTES
from app.security.rate_limit import Limiter, LimitsDownError
from app.security.refusal import refuse, wants_json
from app.settings import Settings
from app.settings.proxies import Trust
from app.settings.rate_limits import Limit

log = structlog.get_logger(__name__)

EXTENSION: Final = "tracera.guard"
OPEN: Final = frozenset({Access.PUBLIC, Access.NOTHING})
FOREIGN: Final = "another site's page may not read this"
COOKIE_GROUPS: Final = frozenset({Group.PAGES, Group.AUTH, Group.SIGN_IN})


@dataclass(frozen=True, slots=True)
class Middleware:
    """What the middleware works with."""

    settings: Settings
    limiter: Limiter
    trust: Trust
    tokens: csrf.Tokens


def register_middleware(server: Flask, runtime: Runtime) -> None:
    """Put the middleware in front of everything that is registered afterwards; nothing connects."""
    settings = runtime.settings
    trust = Trust.parse(settings.trusted_proxies)
    guard = Middleware(settings, Limiter(runtime.connect_redis(), settings.limits()), trust, csrf.register_csrf(server))
    server.extensions[EXTENSION] = guard
    server.wsgi_app = TrustedProxies(server.wsgi_app, trust)  # type: ignore[method-assign]  # Flask's documented way
    server.before_request(partial(check_request, guard))
    server.after_request(partial(finish_response, guard))


def check_request(guard: Middleware) -> AnyResponse | None:
    """The answer to a request that does not pass; None lets it in."""
    if request.url_rule is None:
        return _count(guard, Group.JSON if wants_json() else Group.PAGES, f"ip:{site_of(request.remote_addr or '')}")
    rule = request.url_rule.rule
    request.max_content_length = largest(request.path)  # for a WSGI server, which has no other bound
    if request.method == "OPTIONS":
        return cors.options(guard.settings.cors_origins, allowed_methods())
    row = ROUTES.get(("GET" if request.method == "HEAD" else request.method, rule))
    if row is None:
        log.error("a route without a row in the policy was refused", method=request.method, rule=rule)
        return refuse(HTTPStatus.FORBIDDEN, "nobody may do this")
    g.guard_group = row.group
    if row.group is Group.FILES:
        return None
    return (
        _count(guard, row.group, f"ip:{site_of(request.remote_addr or '')}")
        or _authenticate(guard, row)
        or _authorize(guard, row)
        or (None if row.access is Access.NOTHING else _check_intent(guard))
    )


def _count(guard: Middleware, group: Group, who: str) -> Response | None:
    """Count the request; refuse it beyond the limit."""
    try:
        counted = guard.limiter.hit(group, who)
    except LimitsDownError as error:
        log.warning("refused", path=request.path, error=str(error))
        message = "this cannot be done now, because Redis does not answer; try again in a few seconds"
        return refuse(HTTPStatus.SERVICE_UNAVAILABLE, message, retry_after=5)
    if counted is None:
        return None
    limit, verdict = counted
    known: tuple[Limit, Verdict] | None = g.get("guard_counted")
    if known is None or verdict.remaining <= known[1].remaining:
        g.guard_counted = counted
    if verdict.passed:
        return None
    message = f"more than {limit.amount} requests in {limit.seconds} s; try again in {verdict.wait} s"
    return refuse(HTTPStatus.TOO_MANY_REQUESTS, message, retry_after=verdict.wait)


def _authenticate(guard: Middleware, row: Row) -> Response | None:
    """Count the request against its user too; refuse a key that is none of ours."""
    if not carries_credentials():
        return None
    found = caller()
    if found.refused and wants_json():
        return refuse(HTTPStatus.UNAUTHORIZED, "this API key is unknown or was revoked")
    return None if found.user_id is None else _count(guard, row.group, f"user:{found.user_id}")


def _authorize(guard: Middleware, row: Row) -> AnyResponse | None:
    """Refuse whom the table does not let in."""
    if row.access is Access.CALLBACK:
        return _authorize_callback(guard)
    if row.access is Access.PAGE:
        return _authorize_page(request.full_path.rstrip("?"), dash_dispatch.access_to_page(request.path), routed=False)
    return _authorize_caller(guard, row.access)


def _authorize_caller(guard: Middleware, access: Access) -> Response | None:
    """Refuse a caller who may not pass, and tell the user whose key asked for too much."""
    if access in OPEN:
        return None
    refused = refuse_caller(access, caller())
    if refused is not None and refused.status_code == HTTPStatus.FORBIDDEN and access is not Access.LOOPBACK:
        record_refusal(guard.limiter, caller(), missing_right(access))
    return refused


def _authorize_callback(guard: Middleware) -> AnyResponse | None:
    """Refuse who may not call the callback that a request names, or may not see the page it wants shown."""
    output = dash_dispatch.named_output()
    if output is None:
        return refuse(HTTPStatus.BAD_REQUEST, "this is no callback request")
    access = dash_dispatch.access_to_callback(output)
    if access is None:
        log.error("a callback without a row in the policy was refused", output=output[:200])
        return refuse(HTTPStatus.FORBIDDEN, "nobody may call this")
    if access is Access.PAGE:
        path = dash_dispatch.asked_path()
        if path is None:
            return refuse(HTTPStatus.BAD_REQUEST, "this is no callback request")
        refused = _authorize_page(path, dash_dispatch.access_to_page(path), routed=True)
    elif not dash_dispatch.is_served(output):
        return refuse(HTTPStatus.NOT_FOUND, "there is no such callback")
    else:
        refused = _authorize_caller(guard, access)
    wrong = None if refused else dash_dispatch.malformed(output)
    return refuse(HTTPStatus.BAD_REQUEST, wrong) if wrong else refused


def _authorize_page(path: str, access: Access | None, *, routed: bool) -> AnyResponse | None:
    """Send who has to sign in for a page to where that is done."""
    if access is None:
        log.error("a page without a row in the policy was refused", path=path)
        return refuse(HTTPStatus.FORBIDDEN, "nobody may see this")
    refused = None if access in OPEN else refuse_caller(access, caller())
    if refused is None:
        return None
    if refused.status_code == HTTPStatus.UNAUTHORIZED:
        target = dash_dispatch.sign_in_path(path)
        return dash_dispatch.lead_to(target) if routed else redirect(target, HTTPStatus.SEE_OTHER)
    # The document holds nothing of the page, so it may come: the router then says inside it what is wrong.
    return dash_dispatch.explain((refused.get_json() or {}).get("error", "try again later")) if routed else None


def _check_intent(guard: Middleware) -> Response | None:
    """Refuse an unsafe request that another site's page may have sent."""
    site = request.headers.get("Sec-Fetch-Site")
    if request.method in csrf.SAFE:
        foreign = site == "cross-site" and request.headers.get("Sec-Fetch-Mode") != "navigate"
        if foreign and caller().kind == "session":
            record_refusal(guard.limiter, caller(), FOREIGN)
            return refuse(HTTPStatus.FORBIDDEN, FOREIGN)
        return None
    found = caller()
    wrong = origins.objection(
        request.headers.get("Origin"),
        site,
        base_url=guard.settings.base_url,
        host=request.host,
        scheme=request.scheme,
        also=guard.settings.cors_origins if found.kind == "key" else (),
    )
    if wrong:
        log.warning("refused", path=request.path, reason=wrong, origin=request.headers.get("Origin"))
        record_refusal(guard.limiter, found, wrong)
        return refuse(HTTPStatus.FORBIDDEN, wrong)
    if found.kind == "key":
        return None
    wrong = csrf.problem(guard.tokens)
    if wrong is None:
        return None
    wrong = wrong.rstrip(".")
    record_refusal(guard.limiter, found, wrong)
    response = refuse(HTTPStatus.BAD_REQUEST, wrong)
    # The next try of one of our own pages, which alone can read the cookie, has the right token.
    csrf.hand_out(response, secure=is_https(guard.settings))
    return response


def finish_response(guard: Middleware, response: Response) -> Response:
    """Add what clients should know: their limit, their token, whether another site may read this."""
    counted: tuple[Limit, Verdict] | None = g.get("guard_counted")
    if counted is not None:
        limit, verdict = counted
        response.headers["RateLimit-Limit"] = str(limit.amount)
        response.headers["RateLimit-Remaining"] = str(verdict.remaining)
        response.headers["RateLimit-Reset"] = str(verdict.wait)
        response.headers["RateLimit-Policy"] = f"{limit.amount};w={limit.seconds}"
    group = g.get("guard_group")
    if group in COOKIE_GROUPS or (group is Group.CALLBACKS and session.modified):
        csrf.hand_out(response, secure=is_https(guard.settings))
    cors.share(response, guard.settings.cors_origins)
    return response


def carries_credentials() -> bool:
    """Whether the current request brings a key or a session's cookie; without, nobody needs to be asked who calls."""
    return "Authorization" in request.headers or session_store().cookie_name in request.cookies


def is_https(settings: Settings) -> bool:
    """Whether people reach the instance by https."""
    return settings.base_url.startswith("https://")
