"""An application whose providers are stand-ins on real ports."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import redis
from flask import Flask

from app.runtime import EXTENSION, Runtime
from app.server.tasks import build_worker
from app.settings import Settings
from app.web.factory import create_server
from db.embedded.servers import Endpoints
from tests.accounts.servers import github, oidc, steam
from tests.accounts.servers.wire import serving
from tests.accounts.support import Visitor

SECRET = "a-secret-of-tests-that-is-long-enough"  # noqa: S105
UNLIMITED: dict[str, Any] = {"limit_sign_in": "0", "limit_auth": "0"}
"""Tests knock more often than people; limits have tests of their own."""
Make = Callable[..., Flask]


@pytest.fixture
def make(database_url: str, endpoints: Endpoints, redis_client: redis.Redis) -> Iterator[Make]:
    """Makes applications on this test's database with settings of their own."""
    del redis_client  # asked for because it empties Valkey
    made: list[Runtime] = []

    def create(**settings: Any) -> Flask:
        given = {
            "database_url": database_url,
            "redis_url": endpoints.redis_url,
            "session_secret": SECRET,
            **UNLIMITED,
        } | settings
        made.append(Runtime(Settings(_env_file=None, **given)))
        return create_server(made[-1])

    yield create
    for runtime in made:
        runtime.stop()


@pytest.fixture
def send_mails() -> Iterator[Callable[[Flask], Flask]]:
    """Runs an application's tasks, which send mails, until the test ends; a task that waits longer is left."""
    with ExitStack() as stack:

        def start(server: Flask) -> Flask:
            worker = build_worker(server.extensions[EXTENSION], 1)
            stack.callback(worker.stop)
            worker.start()
            return server

        yield start


@pytest.fixture
def github_state() -> github.GitHub:
    return github.GitHub()


@pytest.fixture
def github_url(github_state: github.GitHub) -> Iterator[str]:
    with serving(github.app(github_state)) as url:
        yield url


@pytest.fixture
def steam_state() -> steam.Steam:
    return steam.Steam()


@pytest.fixture
def steam_url(steam_state: steam.Steam) -> Iterator[str]:
    with serving(steam.app(steam_state)) as url:
        yield f"{url}/openid"


@pytest.fixture
def oidc_state() -> oidc.Oidc:
    return oidc.Oidc()


@pytest.fixture
def oidc_url(oidc_state: oidc.Oidc) -> Iterator[str]:
    with serving(oidc.app(oidc_state)) as url:
        yield url


@pytest.fixture
def server(make: Make, github_url: str, steam_url: str, oidc_url: str) -> Flask:
    """Google, GitHub and Steam, each a stand-in."""
    return make(
        google_client_id="google-id",
        google_client_secret="google-secret",  # noqa: S106
        google_metadata_url=f"{oidc_url}/.well-known/openid-configuration",
        github_client_id="github-id",
        github_client_secret="github-secret",  # noqa: S106
        github_url=github_url,
        github_api_url=github_url,
        steam_login=True,
        steam_openid_url=steam_url,
    )


@pytest.fixture
def visitor(server: Flask) -> Visitor:
    return Visitor(server)
