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
from app.security.authorization import authorize_caller, missing_right
from app.security.body_limits import max_body_size
from app.security.client_address import TrustedProxies, network_of
from app.security.methods import allowed_methods
from app.security.moving_window import Verdict
from app.security.policy import ROUTES
from app.security.rate_limit import Limiter, LimitsDownError
from app.security.refusal import refuse, wants_json
from app.settings import Settings
from app.settings.proxies import Trust
from app.settings.rate_limits import Limit

log = structlog.get_logger(__name__)

EXTENSION: Final = "tracera.middleware"
OPEN: Final = frozenset({Access.PUBLIC, Access.NOTHING})
CROSS_SITE: Final = "another site's page may not read this"
COOKIE_GROUPS: Final = frozenset({Group.PAGES, Group.AUTH, Group.SIGN_IN})


@dataclass(frozen=True, slots=True)
class Middleware:
    """The settings, rate limiter, trusted proxies and CSRF check that requests are checked with."""

    settings: Settings
    limiter: Limiter
    trust: Trust
    tokens: csrf.CsrfProtection


def register_middleware(server: Flask, runtime: Runtime) -> None:
    """Put the middleware in front of everything that is registered afterwards; nothing connects."""
    settings = runtime.settings
    trust = Trust.parse(settings.trusted_proxies)
    middleware = Middleware(
        settings, Limiter(runtime.connect_redis(), settings.limits()), trust, csrf.register_csrf(server)
    )
    server.extensions[EXTENSION] = middleware
    server.wsgi_app = TrustedProxies(server.wsgi_app, trust)  # type: ignore[method-assign]  # Flask's documented way
    server.before_request(partial(check_request, middleware))
    server.after_request(partial(finish_response, middleware))


def check_request(middleware: Middleware) -> AnyResponse | None:
    """The refusal of a request that fails a check; None lets it pass."""
    if request.url_rule is None:
        return _count(
            middleware, Group.JSON if wants_json() else Group.PAGES, f"ip:{network_of(request.remote_addr or '')}"
        )
    rule = request.url_rule.rule
    request.max_content_length = max_body_size(request.path)  # for a WSGI server, which has no other bound
    if request.method == "OPTIONS":
        return cors.preflight(middleware.settings.cors_origins, allowed_methods())
    row = ROUTES.get(("GET" if request.method == "HEAD" else request.method, rule))
    if row is None:
        log.error("a route without a row in the policy was refused", method=request.method, rule=rule)
        return refuse(HTTPStatus.FORBIDDEN, "nobody may do this")
    g.rate_limit_group = row.group
    if row.group is Group.FILES:
        return None
    return (
        _count(middleware, row.group, f"ip:{network_of(request.remote_addr or '')}")
        or _authenticate(middleware, row)
        or _authorize(middleware, row)
        or (None if row.access is Access.NOTHING else _check_origin_and_csrf(middleware))
    )


def _count(middleware: Middleware, group: Group, client: str) -> Response | None:
    """Count the request; refuse it beyond the limit."""
    try:
        counted = middleware.limiter.hit(group, client)
    except LimitsDownError as error:
        log.warning("refused", path=request.path, error=str(error))
        message = "this cannot be done now, because Redis does not answer; try again in a few seconds"
        return refuse(HTTPStatus.SERVICE_UNAVAILABLE, message, retry_after=5)
    if counted is None:
        return None
    limit, verdict = counted
    known: tuple[Limit, Verdict] | None = g.get("rate_limit_verdict")
    if known is None or verdict.remaining <= known[1].remaining:
        g.rate_limit_verdict = counted
    if verdict.passed:
        return None
    message = f"more than {limit.amount} requests in {limit.seconds} s; try again in {verdict.wait} s"
    return refuse(HTTPStatus.TOO_MANY_REQUESTS, message, retry_after=verdict.wait)


def _authenticate(middleware: Middleware, row: Row) -> Response | None:
    """Count the request for its user too; refuse an unknown or revoked key."""
    if not carries_credentials():
        return None
    found = caller()
    if found.refused and wants_json():
        return refuse(HTTPStatus.UNAUTHORIZED, "this API key is unknown or was revoked")
    return None if found.user_id is None else _count(middleware, row.group, f"user:{found.user_id}")


def _authorize(middleware: Middleware, row: Row) -> AnyResponse | None:
    """Refuse a caller whom the policy does not allow."""
    if row.access is Access.CALLBACK:
        return _authorize_callback(middleware)
    if row.access is Access.PAGE:
        return _authorize_page(request.full_path.rstrip("?"), dash_dispatch.access_to_page(request.path), routed=False)
    return _authorize_caller(middleware, row.access)


def _authorize_caller(middleware: Middleware, access: Access) -> Response | None:
    """Refuse a caller without the right; a signed-in user's refusal goes into the activity log."""
    if access in OPEN:
        return None
    refused = authorize_caller(access, caller())
    if refused is not None and refused.status_code == HTTPStatus.FORBIDDEN and access is not Access.LOOPBACK:
        record_refusal(middleware.limiter, caller(), missing_right(access))
    return refused


def _authorize_callback(middleware: Middleware) -> AnyResponse | None:
    """Refuse a caller who may not call the named callback, or not see the page that the router is to show."""
    output = dash_dispatch.named_output()
    if output is None:
        return refuse(HTTPStatus.BAD_REQUEST, "this is no callback request")
    access = dash_dispatch.access_to_callback(output)
    if access is None:
        log.error("a callback without a row in the policy was refused", output=output[:200])
        return refuse(HTTPStatus.FORBIDDEN, "nobody may call this")
    if access is Access.PAGE:
        path = dash_dispatch.requested_path()
        if path is None:
            return refuse(HTTPStatus.BAD_REQUEST, "this is no callback request")
        refused = _authorize_page(path, dash_dispatch.access_to_page(path), routed=True)
    elif not dash_dispatch.is_served(output):
        return refuse(HTTPStatus.NOT_FOUND, "there is no such callback")
    else:
        refused = _authorize_caller(middleware, access)
    wrong = None if refused else dash_dispatch.validation_error(output)
    return refuse(HTTPStatus.BAD_REQUEST, wrong) if wrong else refused


def _authorize_page(path: str, access: Access | None, *, routed: bool) -> AnyResponse | None:
    """Redirect a visitor to the sign-in page if the page needs one; refuse other callers without the right."""
    if access is None:
        log.error("a page without a row in the policy was refused", path=path)
        return refuse(HTTPStatus.FORBIDDEN, "nobody may see this")
    refused = None if access in OPEN else authorize_caller(access, caller())
    if refused is None:
        return None
    if refused.status_code == HTTPStatus.UNAUTHORIZED:
        target = dash_dispatch.sign_in_path(path)
        return dash_dispatch.redirect_reply(target) if routed else redirect(target, HTTPStatus.SEE_OTHER)
    # The document holds nothing of the page, so it may come: the router then says inside it what is wrong.
    return dash_dispatch.error_reply((refused.get_json() or {}).get("error", "try again later")) if routed else None


def _check_origin_and_csrf(middleware: Middleware) -> Response | None:
    """Refuse a request that another site's page may have sent, or an unsafe one without a valid CSRF token."""
    site = request.headers.get("Sec-Fetch-Site")
    if request.method in csrf.SAFE:
        foreign = site == "cross-site" and request.headers.get("Sec-Fetch-Mode") != "navigate"
        if foreign and caller().kind == "session":
            record_refusal(middleware.limiter, caller(), CROSS_SITE)
            return refuse(HTTPStatus.FORBIDDEN, CROSS_SITE)
        return None
    found = caller()
    wrong = origins.cross_site_error(
        request.headers.get("Origin"),
        site,
        base_url=middleware.settings.base_url,
        host=request.host,
        scheme=request.scheme,
        allowed_origins=middleware.settings.cors_origins if found.kind == "key" else (),
    )
    if wrong:
        log.warning("refused", path=request.path, reason=wrong, origin=request.headers.get("Origin"))
        record_refusal(middleware.limiter, found, wrong)
        return refuse(HTTPStatus.FORBIDDEN, wrong)
    if found.kind == "key":
        return None
    wrong = csrf.token_error(middleware.tokens)
    if wrong is None:
        return None
    wrong = wrong.rstrip(".")
    record_refusal(middleware.limiter, found, wrong)
    response = refuse(HTTPStatus.BAD_REQUEST, wrong)
    # The next try of one of our own pages, which alone can read the cookie, has the right token.
    csrf.set_token_cookie(response, secure=is_https(middleware.settings))
    return response


def finish_response(middleware: Middleware, response: Response) -> Response:
    """Add headers: rate limit, CSRF cookie, CORS."""
    counted: tuple[Limit, Verdict] | None = g.get("rate_limit_verdict")
    if counted is not None:
        limit, verdict = counted
        response.headers.extend(
            {
                "RateLimit-Limit": str(limit.amount),
                "RateLimit-Remaining": str(verdict.remaining),
                "RateLimit-Reset": str(verdict.wait),
                "RateLimit-Policy": f"{limit.amount};w={limit.seconds}",
            }
        )
    group = g.get("rate_limit_group")
    if group in COOKIE_GROUPS or (group is Group.CALLBACKS and session.modified):
        csrf.set_token_cookie(response, secure=is_https(middleware.settings))
    cors.add_headers(response, middleware.settings.cors_origins)
    return response


def carries_credentials() -> bool:
    """Whether the current request brings a key or a session's cookie; without either it needs no authentication."""
    return "Authorization" in request.headers or session_store().cookie_name in request.cookies


def is_https(settings: Settings) -> bool:
    """Whether the instance is reached by https."""
    return settings.base_url.startswith("https://")
