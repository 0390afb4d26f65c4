"""A local Steam, people with accounts, and an importer that asks it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

import pytest
import redis
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.accounts.api_keys import hash_key, new_key
from app.portfolio.inventory.run import Importer, ImportOptions
from app.portfolio.inventory.start import failure_of, start_import
from app.providers.http.options import HttpOptions
from app.runtime import Runtime
from app.server.tasks import build_worker
from app.settings import Settings
from app.tasks.kinds import INVENTORY
from app.tasks.run import run_once
from app.tasks.task import Task
from app.web.factory import create_server
from db.accounts import api_keys
from db.core.pool import Database, Row
from db.embedded.servers import Endpoints
from db.portfolio import portfolios
from db.tasks import details
from tests.portfolio.shop import Shop
from tests.upstream.app import UpstreamApp
from tests.upstream.data import World, synthetic
from tests.upstream.inventory import Owner
from tests.upstream.server import running

ME = "76561198000000001"
QUICK = HttpOptions(
    read_timeout=5, total_timeout=10, max_body=8_000_000, attempts=2, retry_wait=0.01, throttle_pause=0.05, patience=0,
    json_only=False,
)  # fmt: skip


@pytest.fixture(scope="session")
def _steam() -> Iterator[tuple[str, UpstreamApp]]:
    with running(World(synthetic(10))) as (url, app):
        yield url, app


@pytest.fixture
def steam(_steam: tuple[str, UpstreamApp]) -> Iterator[UpstreamApp]:
    """The local Steam; what a test changed is forgotten after it."""
    _, app = _steam
    yield app
    app.world.inventories.clear()
    app.forget()


@pytest.fixture
def steam_url(_steam: tuple[str, UpstreamApp]) -> str:
    return _steam[0]


@dataclass(frozen=True)
class Person:
    """A user of the instance with a linked Steam account."""

    id: int
    steam_id: str


def add_person(database: Database, steam_id: str | None = ME) -> Person:
    row = database.row("INSERT INTO users (name, session_key) VALUES ('Someone', 'key') RETURNING id")
    assert row
    if steam_id:
        database.execute(
            "INSERT INTO user_identities (provider, subject, user_id) VALUES ('steam', %s, %s)", [steam_id, row["id"]]
        )
    return Person(row["id"], steam_id or "")


@pytest.fixture
def person(database: Database) -> Person:
    return add_person(database)


@pytest.fixture
def options(steam_url: str) -> ImportOptions:
    return ImportOptions(steam_url, requests_per_minute=0, http=QUICK)


@pytest.fixture
def importer(database: Database, redis_client: redis.Redis, options: ImportOptions) -> Importer:
    return Importer(database, redis_client, options)


def import_here(importer: Importer, client: redis.Redis, user_id: int, drop: int | None = None) -> dict[str, object]:
    """Put an import in and run it in this thread, as a worker does; its result or its failure."""
    database = importer.database
    task_id = start_import(database, client, user_id, drop, cooldown=60)
    database.execute("UPDATE tasks.procrastinate_jobs SET status = 'doing' WHERE id = %s", [task_id])
    run_once(Task(database, task_id, token_hex(4), {"drop": drop}), INVENTORY, importer.run, "test")
    database.rows("SELECT tasks.procrastinate_finish_job_v1(%s, 'succeeded', false)", [task_id])
    ended = details.one(database, task_id)
    assert ended
    if ended["state"] == "failed":
        raise failure_of(ended)
    result: dict[str, object] = ended["result"]
    return result


@dataclass
class Bench:
    """An import as a test makes it: this person, this inventory, no cooldown left from the last one."""

    importer: Importer
    steam: UpstreamApp
    person: Person
    redis: redis.Redis

    def run(self, owner: Owner, drop: int | None = None) -> dict[str, object]:
        self.steam.world.inventories[self.person.steam_id] = owner
        self.redis.flushdb()
        return self.import_again(drop)

    def import_again(self, drop: int | None = None, user_id: int | None = None) -> dict[str, object]:
        """Put an import in, and run it here."""
        return import_here(self.importer, self.redis, user_id or self.person.id, drop)

    def holdings(self) -> list[tuple[str, str, int]]:
        rows = self.importer.database.rows(
            "SELECT steam_asset_id, market_hash_name, quantity FROM user_portfolio_holdings WHERE user_id = %s ORDER BY 1",
            [self.person.id],
        )
        return [(row["steam_asset_id"], row["market_hash_name"], row["quantity"]) for row in rows]


@pytest.fixture
def desk(importer: Importer, steam: UpstreamApp, person: Person, redis_client: redis.Redis) -> Bench:
    return Bench(importer, steam, person, redis_client)


@dataclass(frozen=True)
class Caller:
    """Somebody who asks, with a key."""

    client: FlaskClient
    person: Person
    key: str

    def ask(self, method: str, path: str, **given: Any) -> TestResponse:
        return self.client.open(
            f"/api/v1{path}", method=method, headers={"Authorization": f"Bearer {self.key}"}, **given
        )

    def json(self, method: str, path: str, status: int = 200, **given: Any) -> Any:
        reply = self.ask(method, path, **given)
        assert reply.status_code == status, reply.text
        return reply.json


@pytest.fixture
def client(database_url: str, endpoints: Endpoints, redis_client: redis.Redis, steam_url: str) -> Iterator[FlaskClient]:
    del redis_client
    made = Runtime(
        Settings(
            _env_file=None, database_url=database_url, redis_url=endpoints.redis_url, steam_url=steam_url, portfolio_requests_per_minute=0,
            session_secret="a-secret-of-tests-that-is-long-enough",  # noqa: S106
        )
    )  # fmt: skip
    yield create_server(made).test_client()
    made.stop()


@pytest.fixture
def working(client: FlaskClient) -> Iterator[None]:
    """A worker beside the client's application."""
    runtime: Runtime = client.application.extensions["tracera"]
    worker = build_worker(runtime, 2)
    worker.start()
    yield
    worker.stop()


@pytest.fixture
def meet(client: FlaskClient, database: Database) -> Callable[..., Caller]:
    def make(steam_id: str | None, scope: str = "full", person: Person | None = None) -> Caller:
        who = person or add_person(database, steam_id)
        key = new_key()
        api_keys.create(database, who.id, name="test", scope=scope, prefix=key[:8], key_hash=hash_key(key), most=10)
        return Caller(client, who, key)

    return make


@pytest.fixture
def me(meet: Callable[..., Caller]) -> Caller:
    return meet(ME)


@pytest.fixture
def shop(database: Database) -> Shop:
    return Shop(database)


@pytest.fixture
def mine(database: Database, person: Person) -> Row:
    """The person's main portfolio."""
    return portfolios.default(database, person.id)
