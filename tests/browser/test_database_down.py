"""What Item and Items say while the database does not answer, and that they come back."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Page, expect
from redis import Redis

from db.embedded import Endpoints
from db.pool import Database
from jobs.ingest import Ingest, Report
from jobs.providers.base import Batch, Quote, VolumeKind
from tests.conftest import Site, start_site, stop_site, wait_for

NAME = "AK-47 | Redline (Field-Tested)"


@pytest.fixture
def item(database: Database, redis_client: Redis) -> int:
    now = datetime.now(UTC)
    quotes = [
        Quote(NAME, "steam", 1000 + hour, now - timedelta(hours=hour), volume=1, volume_kind=VolumeKind.INTERVAL)
        for hour in range(60)
    ]
    Ingest(database, redis_client, heartbeat=timedelta(0)).keep("steam", Batch(quotes), Report("steam", now))
    row = database.row("SELECT id FROM items")
    assert row
    return int(row["id"])


@pytest.fixture
def frail(item: int, database_url: str, endpoints: Endpoints, tmp_path: Path) -> Iterator[Site]:
    """An instance without jobs whose database can be cut off."""
    del item
    started = start_site(
        tmp_path / "data",
        TRACERA_DATABASE_URL=database_url,
        TRACERA_REDIS_URL=endpoints.redis_url,
        TRACERA_SCHEDULER="false",
    )
    try:
        wait_for(lambda: started.get("/healthz")[0] == 200, 60, f"no server; see {started.log}")
        yield started
    finally:
        stop_site(started)


@contextmanager
def cut_off(database: Database, endpoints: Endpoints) -> Iterator[None]:
    """Nobody gets into the test's database."""
    name = psycopg.conninfo.conninfo_to_dict(database.url)["dbname"]
    with psycopg.connect(endpoints.database_url, autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        try:
            yield
        finally:
            connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


def test_a_chart_says_so_and_is_drawn_again_on_request(
    page: Page, frail: Site, item: int, database: Database, endpoints: Endpoints
) -> None:
    page.goto(f"{frail.url}/item/{item}?window=30d")
    legend = page.locator("#price-chart-legend > span").first
    expect(legend).to_be_visible()
    with cut_off(database, endpoints):
        page.locator(".chart-controls label", has_text="7d").click()
        state = page.locator("#price-chart-state")
        expect(state).to_contain_text("The database does not answer")
        expect(page.locator(".item-head h1")).to_have_text("AK-47 | Redline")
    page.get_by_role("button", name="Try again").click()
    expect(state).to_be_hidden()
    expect(page.locator("#price-chart-legend")).to_contain_text("Step")


def test_an_item_that_cannot_be_read_at_all_offers_another_try(
    page: Page, frail: Site, item: int, database: Database, endpoints: Endpoints
) -> None:
    with cut_off(database, endpoints):
        page.goto(f"{frail.url}/item/{item}")
        head = page.locator("#item-head")
        expect(head).to_contain_text("The database does not answer")
    head.get_by_role("button", name="Try again").click()
    expect(page.locator(".item-head h1")).to_have_text("AK-47 | Redline")


def test_items_that_are_known_stay_and_unknown_ones_are_asked_for_again(
    page: Page, frail: Site, item: int, database: Database, endpoints: Endpoints
) -> None:
    del item
    with cut_off(database, endpoints):
        page.goto(f"{frail.url}/items")
        state = page.locator("#items-state")
        expect(state.get_by_text("The database does not answer")).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    expect(page.locator('[row-index="0"] .items-title').first).to_have_text("AK-47 | Redline")
    expect(state).to_be_hidden()
    with cut_off(database, endpoints):
        page.locator("#items-search").fill("redline")
        expect(page.locator("#items-total")).to_have_text("1 item")
        expect(page.locator('[row-index="0"] .items-title').first).to_have_text("AK-47 | Redline")
