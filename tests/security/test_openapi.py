"""Every operation of /openapi.json with generated requests, as a visitor and as somebody signed in."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case

from app.auth.session_store import USER, SessionStore, new_session_id
from app.auth.sessions import EXTENSION as SESSIONS
from app.factory import create_server
from app.guard.openapi import describe
from app.guard.settings import COUNTED
from app.runtime import Runtime
from app.settings import Settings
from db import users
from db.embedded import Endpoints

EXAMPLES = int(os.environ.get("TRACERA_TEST_EXAMPLES", "25"))
GENERATED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
Credentials = Callable[[], dict[str, Any]]


@pytest.fixture(scope="module")
def application(endpoints: Endpoints, template: str) -> Iterator[Flask]:
    """The application on a database of this file's own, without limits, which are not what is tested here."""
    with psycopg.connect(endpoints.database_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE generated TEMPLATE {template}")
    url = endpoints.database_url.replace("/tracera?", "/generated?")
    limits: dict[str, Any] = {f"limit_{group}": "0" for group in COUNTED}
    runtime = Runtime(Settings(_env_file=None, database_url=url, redis_url=endpoints.redis_url, **limits))
    runtime.start()
    yield create_server(runtime)
    runtime.stop()


def document() -> dict[str, Any]:
    """What /openapi.json says; nothing connects."""
    server = create_server(Runtime(Settings(_env_file=None, database_url="postgresql:///x", redis_url="redis://x")))
    with server.test_request_context("/openapi.json"):
        return describe(server.api_doc)  # type: ignore[attr-defined]  # it is flask_openapi3's Flask


class UnderTest:
    """The application that tests made; operations are listed before there is one."""

    server: Flask

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        return self.server.wsgi_app(environ, start_response)


under_test = UnderTest()
schema = schemathesis.openapi.from_dict(document())
schema.location = "/openapi.json"
schema.app = under_test


@pytest.fixture(scope="module", autouse=True)
def sent_to(application: Flask) -> None:
    """Send what is generated to the application."""
    under_test.server = application


@dataclass(slots=True)
class Member:
    """Somebody signed in; signed in anew where a request has ended the session or the account."""

    application: Flask
    session_id: str = ""
    user_token: str = ""

    def credentials(self) -> dict[str, Any]:
        store: SessionStore = self.application.extensions[SESSIONS]
        if not self.session_id or store.user_token(self.session_id) is None or not self._exists():
            self._sign_in(store)
        client = self.application.test_client()
        client.set_cookie(store.cookie_name, self.session_id)
        token = client.get("/api/v1/auth/csrf").get_json()["token"]
        return {"cookies": {store.cookie_name: self.session_id}, "headers": {"X-CSRF-Token": token}}

    def _exists(self) -> bool:
        user_id, _, key = self.user_token.partition(":")
        return users.with_key(self.application.extensions["tracera"].services.database, int(user_id), key) is not None

    def _sign_in(self, store: SessionStore) -> None:
        with self.application.extensions["tracera"].services.database.connection() as connection:
            user_id = users.create(connection, name="Ada", email=None, avatar_url=None)
            row = users.signed_in(connection, user_id)
        self.session_id, self.user_token = new_session_id(), f"{user_id}:{row['session_key']}"
        store.write(self.session_id, {USER: self.user_token}, new=True)


@pytest.fixture(scope="module")
def member(application: Flask) -> Member:
    return Member(application)


@schema.parametrize()
@GENERATED
def test_as_a_visitor(case: Case[Any]) -> None:
    case.call_and_validate()


@schema.parametrize()
@GENERATED
def test_signed_in(case: Case[Any], member: Member) -> None:
    case.call_and_validate(**member.credentials())
