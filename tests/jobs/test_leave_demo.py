"""An instance that leaves the simulated market: nothing of it stays in any figure, even before a real price comes."""

from pathlib import Path

import pytest
import redis

from app.providers.sources import SIMULATED
from db.core.pool import Database
from db.embedded.servers import Endpoints
from db.items import simulated
from db.operations import integrity
from jobs import demo_history
from jobs.cache_rebuild import latest_differences
from tests.conftest import Site, free_port, start_site, stop_site, wait_for

pytestmark = pytest.mark.slow
RANKED = "/api/v1/rankings/volatile?window=24h&limit=1"


def ranked(site: Site) -> int:
    return len(site.get(RANKED)[1])


@pytest.fixture
def data_dir(tmp_path: Path, endpoints: Endpoints, redis_client: redis.Redis) -> Path:
    """A simulated past of two days. Redis outlives the instance, as one of its own does."""
    del redis_client
    folder = tmp_path / "data"
    site = start_site(folder, TRACERA_DEMO_HISTORY_DAYS="2", TRACERA_REDIS_URL=endpoints.redis_url)
    try:
        wait_for(lambda: ranked(site) > len("[]"), 60, f"no rankings; see {site.log}")
    finally:
        stop_site(site)
    return folder


def test_nothing_of_the_simulated_market_stays(data_dir: Path, endpoints: Endpoints, redis_client: redis.Redis) -> None:
    assert redis_client.keys("price:latest*")
    site = start_site(
        data_dir,
        TRACERA_PROVIDERS="steam",
        TRACERA_STEAM_URL=f"http://127.0.0.1:{free_port()}",  # nobody answers: no real price takes its place
        TRACERA_REDIS_URL=endpoints.redis_url,
        TRACERA_RATES_URL="",
    )
    try:
        wait_for(lambda: site.get("/readyz")[0] in {200, 503}, 30, f"no answer; see {site.log}")
        database = Database(site.endpoints().database_url, size=1)

        def left(table: str, more: str = "source = 'demo'") -> int:
            return len(database.rows(f"SELECT 1 FROM {table} WHERE {more} LIMIT 1"))  # noqa: S608

        wait_for(lambda: left("job_state", "name = 'leave_demo' AND last_finished >= last_started") == 1, 30, "no job")
        states = database.rows("SELECT * FROM job_state WHERE name = 'leave_demo'")
        assert [state["error"] for state in states] == [None]
        assert [left(table) for table in ("price_latest", "item_metrics")] == [0, 0]
        assert left("items", "reference_source IS NOT NULL") == 0
        assert left("price_1h") == 1  # its history stays
        assert latest_differences(database, redis_client) == []
        assert ranked(site) == len("[]")
        assert site.get("/api/v1/items?limit=1")[0] == 200
        assert b'"price":null' in site.get("/api/v1/screener?limit=1")[1]
        database.close()
    finally:
        stop_site(site)


def test_a_simulated_market_that_was_left_can_be_chosen_again(database: Database) -> None:
    """Its history stayed, and goes on: the hours since, and the days before those that were kept."""
    demo_history.fill(database, 4)
    with database.connection() as connection:
        assert simulated.forget_simulated(connection, SIMULATED)
    assert demo_history.fill(database, 12) > 0
    assert integrity.verify(database) == []
