"""A local Steam, people with accounts, and an importer that asks it."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import redis

from db import portfolios
from db.pool import Database, Row
from jobs.inventory.run import Importer, ImportOptions
from jobs.providers.http_options import HttpOptions
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
    return ImportOptions(steam_url, cooldown=60, requests_per_minute=0, http=QUICK)


@pytest.fixture
def importer(database: Database, redis_client: redis.Redis, options: ImportOptions) -> Importer:
    return Importer(database, redis_client, options)


@dataclass
class Bench:
    """An import as a test makes it: this person, this inventory, no cooldown left from the last one."""

    importer: Importer
    steam: UpstreamApp
    person: Person
    redis: redis.Redis

    def run(self, owner: Owner) -> dict[str, object]:
        self.steam.world.inventories[self.person.steam_id] = owner
        self.redis.flushdb()
        return self.importer.run(self.person.id)

    def holdings(self) -> list[tuple[str, str, int]]:
        rows = self.importer.database.rows(
            "SELECT steam_asset_id, market_hash_name, quantity FROM user_portfolio_holdings WHERE user_id = %s ORDER BY 1",
            [self.person.id],
        )
        return [(row["steam_asset_id"], row["market_hash_name"], row["quantity"]) for row in rows]


@pytest.fixture
def desk(importer: Importer, steam: UpstreamApp, person: Person, redis_client: redis.Redis) -> Bench:
    return Bench(importer, steam, person, redis_client)


@pytest.fixture
def shop(database: Database) -> Shop:
    return Shop(database)


@pytest.fixture
def mine(database: Database, person: Person) -> Row:
    """The person's main portfolio."""
    return portfolios.default(database, person.id)
