"""Everything of accounts, put into the application."""

from flask import Flask
from flask_login import LoginManager

from app.auth.secret import session_secret
from app.auth.sessions import register_sessions
from app.auth.user import SignedIn, load_user
from app.runtime import Runtime, services


def register_auth(server: Flask, runtime: Runtime) -> None:
    """Sessions and the user behind them; nothing connects."""
    secret = session_secret(runtime.settings, embedded=runtime.embedded is not None)
    register_sessions(server, runtime.redis_url, secret, runtime.settings)
    manager = LoginManager()
    manager.session_protection = None  # a phone changes its address; the session's id is what protects it
    manager.init_app(server)

    @manager.user_loader  # type: ignore[untyped-decorator]
    def load(token: str) -> SignedIn | None:
        return load_user(services().database, token)
