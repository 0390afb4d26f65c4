"""Every operation of /openapi.json with generated requests, as a visitor and as a user."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from schemathesis import AuthContext, Case
from schemathesis.specs.openapi.checks import positive_data_acceptance
from schemathesis.specs.openapi.schemas import OpenApiSchema

from app.accounts.session_store import USER, SessionStore, new_session_id
from app.accounts.sessions import COOKIE
from app.accounts.sessions import EXTENSION as SESSIONS
from app.providers.base import Batch, Quote, VolumeKind
from app.runtime import Runtime
from app.security.openapi import TOKEN, describe
from app.settings import Settings
from app.settings.security import COUNTED
from app.tasks.waiting import WAITER
from app.web.factory import create_server
from db.accounts import users
from db.embedded.servers import Endpoints
from db.operations import providers
from jobs.ingest import Ingest, Report

EXAMPLES = int(os.environ.get("TRACERA_TEST_EXAMPLES", "25"))
LATER = "later"
GENERATED = hypothesis_settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
OPAQUE = {
    ("GET", "/api/v1/items"),  # cursor
    ("GET", "/api/v1/auth/magic-link/verify"),  # token
    ("POST", "/api/v1/auth/magic-link/verify"),
    ("POST", "/api/v1/auth/magic-link"),  # an address that mail can be sent to
    ("GET", "/api/v1/auth/steam/callback"),  # state
    ("POST", "/api/v1/auth/unlink"),  # a linked method
    ("POST", "/api/v1/auth/keys"),  # a printable name
    ("GET", "/api/v1/items/{item_id}/history"),  # a source of this item
    ("GET", "/api/v1/items/{item_id}/bars"),  # the same
    ("GET", "/api/v1/items/{item_id}/gaps"),
    ("GET", "/api/v1/items/{item_id}/analysis"),
    ("GET", "/api/v1/items/{item_id}/volatility"),
    ("GET", "/api/v1/items/{item_id}/indicators"),  # an indicator's name
    ("GET", "/api/v1/screener"),  # a column to sort by, kinds
    ("GET", "/api/v1/screener/items"),  # numbers that items may have
    ("GET", "/api/v1/compare"),  # items that there are
    ("POST", "/api/v1/screens"),  # a column to sort by, kinds
    ("POST", "/api/v1/alerts"),  # a condition that makes sense, on an item that there is
    ("POST", "/api/v1/alerts/preview"),
    ("PATCH", "/api/v1/alerts/{alert_id}"),
    ("PUT", "/api/v1/alerts/webhook"),  # an address that may be sent to
    ("PUT", "/api/v1/alerts/quiet-hours"),  # a time zone
    ("PUT", "/api/v1/alerts/mail"),  # a mail server, and an address that is known
    ("GET", "/api/v1/profiles/value"),  # a profile
    ("POST", "/api/v1/portfolio/import"),  # a linked Steam account
    ("POST", "/api/v1/portfolio/sample"),  # items with closes of days
    ("PATCH", "/api/v1/portfolios/{portfolio_id}"),  # a source
    ("POST", "/api/v1/portfolio/what-if"),  # an item, and no more taken away than is held
    ("GET", "/api/v1/portfolio/transactions"),  # pages by id go by time alone
    ("POST", "/api/v1/portfolio/transactions"),  # a transaction that can be
    ("PUT", "/api/v1/portfolio/transactions/{transaction_id}"),
    ("POST", "/api/v1/portfolio/transactions/delete"),  # whole numbers that are not written as 1.0
    ("POST", "/api/v1/portfolio/transactions/csv"),  # a file
    ("POST", "/api/v1/portfolio/transactions/steam"),
    ("POST", "/api/v1/portfolio/restore"),
    ("POST", "/api/v1/backfills/prices"),
    ("POST", "/api/v1/research/runs"),  # items that there are, a parameter of the strategy
}


@pytest.fixture(scope="module")
def application(endpoints: Endpoints, template: str) -> Iterator[Flask]:
    """The application on a database of this file's own, without limits, which are not what is tested here."""
    with psycopg.connect(endpoints.database_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE generated TEMPLATE {template}")
    url = endpoints.database_url.replace("/tracera?", "/generated?")
    limits: dict[str, Any] = {f"limit_{group}": "0" for group in COUNTED}
    settings = Settings(_env_file=None, database_url=url, redis_url=endpoints.redis_url, stale_seconds=86_400, **limits)
    runtime = Runtime(settings)
    runtime.start()
    now = datetime.now(UTC)
    quote = Quote("Glove Case", "steam", 950, now, volume=3, volume_kind=VolumeKind.INTERVAL)
    held = runtime.services
    Ingest(held.database, held.redis, heartbeat=timedelta(0)).store("steam", Batch([quote]), Report("steam", now))
    providers.register(held.database, "steam", simulated=False, interval=60)
    providers.succeeded(held.database, "steam", at=now, seconds=1, stored=1, next_attempt=now)
    yield create_server(runtime)
    runtime.stop()


def document() -> dict[str, Any]:
    """What /openapi.json says; nothing connects."""
    server = create_server(Runtime(Settings(_env_file=None, database_url="postgresql:///x", redis_url="redis://x")))
    with server.test_request_context("/openapi.json"):
        return describe(server.api_doc)  # type: ignore[attr-defined]  # it is flask_openapi3's Flask


class UnderTest:
    """The application that tests made; operations are listed before there is one.

    No worker ends a task here. As the server does, this takes over the waiting for one: its 202 comes at once.
    """

    server: Flask

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        environ[WAITER] = True
        return self.server.wsgi_app(environ, start_response)


under_test = UnderTest()
operations: OpenApiSchema = schemathesis.openapi.from_dict(document())
operations.location = "/openapi.json"
operations.app = under_test


@pytest.fixture(scope="module", autouse=True)
def sent_to(application: Flask) -> None:
    """Send what is generated to the application."""
    under_test.server = application


@dataclass(slots=True)
class Browser:
    """A browser and what it sends along; a member's is signed in anew where a request has ended session or account."""

    application: Flask
    member: bool
    session_id: str = ""
    user_token: str = ""
    held: dict[str, Any] = field(default_factory=dict)

    def credentials(self) -> dict[str, Any]:
        store: SessionStore = self.application.extensions[SESSIONS]
        lost = self.member and (not self.session_id or store.user_token(self.session_id) is None or not self._exists())
        if lost:
            self._sign_in(store)
        if lost or not self.held:
            self.held = self._token(store)
        return self.held

    def _token(self, store: SessionStore) -> dict[str, Any]:
        client = self.application.test_client()
        if self.member:
            client.set_cookie(store.cookie_name, self.session_id)
        token = client.get("/api/v1/auth/csrf").get_json()["token"]
        cookie = client.get_cookie(store.cookie_name)
        assert cookie
        return {"cookies": {store.cookie_name: cookie.value}, "headers": {"X-CSRF-Token": token}}

    def _exists(self) -> bool:
        user_id, _, key = self.user_token.partition(":")
        return users.with_key(self.application.extensions["tracera"].services.database, int(user_id), key) is not None

    def _sign_in(self, store: SessionStore) -> None:
        with self.application.extensions["tracera"].services.database.connection() as connection:
            user_id = users.create(connection, name="Ada", email=None, avatar_url=None)
            row = users.signed_in(connection, user_id)
        self.session_id, self.user_token = new_session_id(), f"{user_id}:{row['session_key']}"
        store.write(self.session_id, {USER: self.user_token}, new=True)


@operations.auth(refresh_interval=None)
class Later:
    """Marks requests that carry good credentials: some are made before there is an application to give any."""

    def get(self, _case: Case[Any], _ctx: AuthContext) -> str:
        return LATER

    def set(self, case: Case[Any], data: str, _ctx: AuthContext) -> None:
        case.cookies[COOKIE] = case.headers[TOKEN["name"]] = data


def check(case: Case[Any], browser: Browser, *, good: bool) -> None:
    """Every check; but where a value must be more than its schema can say, a well-formed one may be refused with 400."""
    if good:
        sent = browser.credentials()
        case.cookies.update(sent["cookies"])
        case.headers.update(sent["headers"])
    case.headers["Accept-Encoding"] = "identity"  # the in-process client does not decompress
    opaque = (case.method, case.path) in OPAQUE
    case.call_and_validate(excluded_checks=[positive_data_acceptance] if opaque else [])


@pytest.fixture(scope="module")
def visitor(application: Flask) -> Browser:
    """A browser that never signed in: a signed cookie, and the token that belongs to it."""
    return Browser(application, member=False)


@pytest.fixture(scope="module")
def member(application: Flask) -> Browser:
    return Browser(application, member=True)


@pytest.mark.slow
@operations.parametrize()
@GENERATED
def test_every_operation(case: Case[Any], visitor: Browser, member: Browser) -> None:
    good = case.cookies.get(COOKIE) == LATER
    check(case, visitor, good=good)
    check(case, member, good=good)
