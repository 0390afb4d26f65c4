"""An instance with two sources, an item that nobody has quoted for long, and the simulated market."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis

from app.providers.base import Batch, Quote, VolumeKind
from db.core.pool import Database
from jobs.ingest import Ingest, Report
from tests.browser.item.support import OLD, TWO, Market
from tests.conftest import Site, simulated_site


@pytest.fixture(scope="module")
def live_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An instance of this file's own: real prices stand in it, which would silence the simulated ones of others.

    Its measures are computed once, before they come.
    """
    with simulated_site(tmp_path_factory.mktemp("site"), measures_every=3600) as started:
        yield started


@pytest.fixture(scope="module")
def site(live_site: Site) -> str:
    """Its address."""
    return live_site.url


@pytest.fixture(scope="module")
def database(live_site: Site) -> Iterator[Database]:
    pool = Database(live_site.endpoints().database_url, size=2)
    yield pool
    pool.close()


@pytest.fixture(scope="module")
def cache(live_site: Site) -> Iterator[Redis]:
    with Redis.from_url(live_site.endpoints().redis_url) as client:
        yield client


@pytest.fixture(scope="module")
def market(database: Database, cache: Redis) -> Market:
    """Item ids by name: one that two sources quote, one that nobody has quoted for a year and a half.

    Real prices silence the simulated market: tests that ask for this come last in their file.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    ingest = Ingest(database, cache, heartbeat=timedelta(0))

    def hourly(
        name: str, source: str, price: int, newest: datetime, volume: int | None, kind: VolumeKind
    ) -> list[Quote]:
        return [
            Quote(
                name, source, price + 10 * (hour % 7), newest - timedelta(hours=hour), volume=volume, volume_kind=kind
            )
            for hour in range(60)
        ]

    steam = hourly(TWO, "steam", 2000, now, 40, VolumeKind.ROLLING_24H)
    old = hourly(OLD, "steam", 500, now - timedelta(days=500), 3, VolumeKind.INTERVAL)
    ingest.store("steam", Batch(steam + old), Report("steam", now))
    skinport = hourly(TWO, "skinport", 1500, now, None, VolumeKind.INTERVAL)
    ingest.store("skinport", Batch(skinport), Report("skinport", now))
    found = database.rows("SELECT id, market_hash_name FROM items")
    return {row["market_hash_name"]: row["id"] for row in found}


@pytest.fixture
def demo_item(database: Database) -> int:
    """An item that only the simulated market quotes, and that rarely trades."""
    row = database.row(
        "SELECT item_id FROM price_latest WHERE source = 'demo' AND price > 1000 ORDER BY time, item_id LIMIT 1"
    )
    assert row
    return int(row["item_id"])
