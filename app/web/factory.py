"""Application factory: Flask, Dash, accounts, API and middleware put together."""

from typing import TYPE_CHECKING

from app.accounts.register import register_auth
from app.api.health import register_health
from app.api.register import register_api
from app.runtime import Runtime, register_runtime
from app.security.middleware import register_middleware
from app.web.compression import register_compression
from app.web.dash_app import register_dash
from app.web.flask_app import create_flask, register_errors
from app.web.headers import register_headers
from app.web.installable import register_installable
from app.web.observed import register_observed

if TYPE_CHECKING:
    from flask import Flask


def create_server(runtime: Runtime) -> "Flask":
    """A complete Flask + Dash application; nothing connects before the first request."""
    server = create_flask(runtime.settings)
    register_observed(server, runtime.settings)
    register_runtime(server, runtime)
    register_auth(server, runtime)
    register_middleware(server, runtime)
    register_errors(server)
    register_compression(server)
    register_health(server)
    register_api(server)
    register_installable(server, runtime.settings)
    dashboard = register_dash(server)
    register_headers(server, dashboard)
    return server
