"""Registration: adds sessions, user loading and the account routes to the application."""

from flask_login import LoginManager
from flask_openapi3 import OpenAPI

from app.accounts import account_routes, sign_in_routes
from app.accounts.methods.oauth import register_clients
from app.accounts.methods.registry import local_owner_open
from app.accounts.secret import session_secret
from app.accounts.sessions import register_sessions
from app.accounts.user import SignedIn, load_user
from app.runtime import Runtime, services


def register_auth(server: OpenAPI, runtime: Runtime) -> None:
    """Sessions, the user behind them, and the routes; nothing connects."""
    secret = session_secret(runtime.settings, embedded=runtime.embedded is not None)
    store = register_sessions(server, runtime.connect_redis(), secret, runtime.settings)
    # The local owner has no credential: when the instance opens up, the owner's sessions end too.
    store.is_closed = lambda method: method == "local" and not local_owner_open(server)
    manager = LoginManager()
    manager.session_protection = None  # a phone changes its address; the session's id is what protects it
    manager.init_app(server)

    @manager.user_loader  # type: ignore[untyped-decorator]
    def load(token: str) -> SignedIn | None:
        return load_user(services().database, token)

    register_clients(server, runtime.settings)
    server.register_api(sign_in_routes.blueprint)
    server.register_api(account_routes.blueprint)
