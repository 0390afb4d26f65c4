"""`tracera worker --check`: well while a worker of this machine sends heartbeats, and not otherwise."""

import socket
import time

import pytest
import redis
from click.testing import CliRunner, Result

from app.cli import main
from app.server.presence import Presence
from db.core import redis as cache
from db.embedded.servers import Endpoints
from tests.conftest import wait_for
from tests.tasks.conftest import Gate, Work


@pytest.fixture(autouse=True)
def _instance(
    database_url: str, endpoints: Endpoints, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    del redis_client  # asked for because it empties Valkey
    monkeypatch.setenv("TRACERA_DATABASE_URL", database_url)
    monkeypatch.setenv("TRACERA_REDIS_URL", endpoints.redis_url)


def check() -> Result:
    return CliRunner().invoke(main, ["worker", "--check"])


def test_it_is_well_while_heartbeats_come(redis_client: redis.Redis) -> None:
    name = f"{socket.gethostname()}:1"
    assert "no worker of this machine" in check().output
    cache.describe(redis_client, "elsewhere:1", b'{"kind":"worker"}')
    cache.heartbeat(redis_client, "elsewhere:1", time.time())
    cache.describe(redis_client, f"{socket.gethostname()}:2", b'{"kind":"serve"}')
    cache.heartbeat(redis_client, f"{socket.gethostname()}:2", time.time())
    assert check().exit_code == 1
    presence = Presence(redis_client, name, "worker", beats=True)
    presence.start()
    try:
        wait_for(lambda: check().exit_code == 0, 20, "it is not well")
    finally:
        presence.stop()
    cache.describe(redis_client, name, b'{"kind":"worker"}')
    cache.heartbeat(redis_client, name, time.time() - 60)
    late = check()
    assert (late.exit_code, "the last heartbeat came 6" in late.output) == (1, True), late.output


def test_without_redis_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACERA_REDIS_URL", "redis://127.0.0.1:9/0")
    found = check()
    assert (found.exit_code, "Redis does not answer" in found.output) == (1, True), found.output


def test_a_worker_knows_whether_it_takes_tasks(work: Work) -> None:
    worker = work(plain=Gate())
    assert worker.is_alive()
    worker.stop()
    assert not worker.is_alive()
