"""People, keys and a server that has routes of every kind, with sockets in front."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.api_keys import PREFIX, hash_key, new_key
from app.accounts.session_store import USER, SessionStore, new_session_id
from app.accounts.sessions import EXTENSION as SESSIONS
from app.live.settings import LiveSettings
from app.runtime import Runtime
from app.security import policy
from app.security.access import Access, Group, Row
from app.security.websocket_auth import WebSocketAuth
from app.server.gateway import create_app
from app.web.factory import create_server
from db.accounts import api_keys, users
from db.embedded.servers import Endpoints
from tests.live.support import BASE_URL, Live, until

CALL = {
    "output": "search-body.children",
    "outputs": {"id": "search-body", "property": "children"},
    "inputs": [{"id": "search-input", "property": "value", "value": "ak"}],
    "changedPropIds": ["search-input.value"],
}
"""A callback request as Dash's renderer sends it."""
CALLBACKS = "/_dash-update-component"


@dataclass(frozen=True, slots=True)
class Person:
    """A signed-in browser and the token of its session."""

    client: FlaskClient
    user_id: int
    session_id: str

    @property
    def token(self) -> str:
        return token_of(self.client)


def token_of(client: FlaskClient) -> str:
    """The token that the pages of this browser send."""
    assert client.get("/").status_code == 200
    cookie = client.get_cookie("_csrf_token")
    assert cookie is not None
    return cookie.value


def cookie_of(person: Person) -> dict[str, str]:
    """The header that carries a person's session."""
    return {"Cookie": f"tracera_session={person.session_id}"}


@pytest.fixture
def server(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The application, and one route for each kind of access."""
    made = create_server(runtime)
    for method in ("GET", "POST"):
        for access in (Access.PUBLIC, Access.LOOPBACK, Access.SIGNED_IN, Access.KEY_READ, Access.KEY_FULL):
            rule = f"/api/v1/test/{access.name.lower()}"
            monkeypatch.setitem(policy.ROUTES, (method, rule), Row(access, Group.JSON))
            made.add_url_rule(rule, f"{method} {rule}", lambda: {"done": True}, methods=[method])
    return made


@pytest.fixture
def client(server: Flask) -> FlaskClient:
    return server.test_client()


@pytest.fixture
def person(server: Flask, runtime: Runtime) -> Callable[[], Person]:
    """Makes people who are signed in, each in a browser of their own."""
    runtime.start()
    database = runtime.services.database
    store: SessionStore = server.extensions[SESSIONS]

    def make() -> Person:
        with database.connection() as connection:
            user_id = users.create(connection, name="Ada", email=None, avatar_url=None)
            row = users.signed_in(connection, user_id)
        session_id = new_session_id()
        store.write(session_id, {USER: f"{user_id}:{row['session_key']}"}, new=True)
        browser = server.test_client()
        browser.set_cookie(store.cookie_name, session_id)
        return Person(browser, user_id, session_id)

    return make


@pytest.fixture
def key(runtime: Runtime) -> Callable[[int, str], dict[str, str]]:
    """Makes API keys; returns the header that carries one."""

    def make(user_id: int, scope: str) -> dict[str, str]:
        made = new_key()
        found = api_keys.create(
            runtime.services.database,
            user_id,
            name="test",
            scope=scope,
            prefix=PREFIX,
            key_hash=hash_key(made),
            most=10,
        )
        assert found
        return {"Authorization": f"Bearer {made}"}

    return make


@pytest.fixture
def live(server: Flask, endpoints: Endpoints) -> Iterator[Live]:
    """The application with its sockets, on a port."""
    websocket_auth = WebSocketAuth(server)
    settings = LiveSettings(base_url=BASE_URL, redis_url=endpoints.redis_url, revalidation_interval=0.5)
    made = Live(
        create_app(
            server,
            settings,
            authorize=websocket_auth.authorize,
            watchlist=websocket_auth.watchlist,
            permits=websocket_auth.permits,
            find_ended=websocket_auth.find_ended,
        )
    )
    made.start()
    until(lambda: made.stats()["redis"] == "connected")
    yield made
    made.stop()
