"""The application, put together."""

from typing import TYPE_CHECKING

from app.api.register import register_api
from app.auth.register import register_auth
from app.compression import register_compression
from app.dashboard import register_dash
from app.guard.door import register_guard
from app.health import register_health
from app.runtime import Runtime, register_runtime
from app.security import register_headers
from app.web import create_flask, register_errors

if TYPE_CHECKING:
    from flask import Flask


def create_server(runtime: Runtime) -> "Flask":
    """A complete Flask + Dash application; nothing connects before the first request."""
    server = create_flask(runtime.settings)
    register_runtime(server, runtime)
    register_auth(server, runtime)
    register_guard(server, runtime)
    register_errors(server)
    register_compression(server)
    register_health(server)
    register_api(server)
    dashboard = register_dash(server)
    register_headers(server, dashboard)
    return server
