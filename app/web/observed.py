"""Observed requests: a number for each, its duration by route, and its record in the access log."""

import secrets
import time
from typing import Final

import structlog
from flask import Flask, Response, g, request

from app.accounts.caller import known_user
from app.settings import Settings
from app.telemetry.access import known_method, log_request
from app.telemetry.durations import REQUESTS
from app.telemetry.spans import SPANS

HEADER: Final = "X-Request-ID"
_BYTES: Final = 8


def register_observed(server: Flask, settings: Settings) -> None:
    """Observe requests. Registered first: its hooks then run before all others' and after them."""
    server.config["TRACERA_ACCESS_LOG"] = logs = settings.logs_access

    @server.before_request
    def begin() -> None:
        g.request_begun = time.perf_counter()
        # Made here whatever the client sends, which may be a secret.
        g.request_id = secrets.token_hex(_BYTES)
        structlog.contextvars.clear_contextvars()  # a thread may have served another
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    @server.after_request
    def end(response: Response) -> Response:
        if "request_begun" not in g:
            return response
        seconds = time.perf_counter() - g.request_begun
        method, route = known_method(request.method), request.url_rule.rule if request.url_rule else None
        REQUESTS.labels(method, route or "none").observe(seconds)
        SPANS.request(method, route, response.status_code, seconds, request.headers.get("traceparent"))
        response.headers[HEADER] = g.request_id
        if logs:
            log_request(method=method, route=route, status=response.status_code, seconds=seconds, user=known_user())
        return response
