"""The whole market as it was recorded, week by week, through the real provider."""

import asyncio
import os
import signal
import subprocess
import sys
from datetime import timedelta
from typing import LiteralString

import pytest
import redis

from db.core.pool import Database
from db.embedded.servers import Endpoints
from db.operations import integrity
from db.operations import providers as provider_state
from jobs.ingest import Ingest, Report
from tests.conftest import ROOT, wait_for
from tests.patience import within
from tests.providers.conftest import Upstream
from tests.upstream.data import Item, load_snapshot, snapshots

PAGE = 500
HEARTBEAT = timedelta(minutes=30)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(len(snapshots()) < 2, reason="needs the recorded market data beside the project"),
]


def number(database: Database, query: LiteralString) -> int:
    row = database.row(query)
    assert row
    return int(row["n"])


def kept(database: Database) -> int:
    return number(database, "SELECT count(*) AS n FROM price_history")


def ingest_command(database: Database, endpoints: Endpoints, upstream: Upstream) -> "subprocess.Popen[str]":
    environment = os.environ | {
        "TRACERA_DATABASE_URL": database.url,
        "TRACERA_REDIS_URL": endpoints.redis_url,
        "TRACERA_STEAM_URL": upstream.url,
        "TRACERA_STEAM_REQUESTS_PER_MINUTE": "0",
        "TRACERA_STEAM_PAGE_SIZE": str(PAGE),
        "TRACERA_PROVIDERS": "steam",
    }
    command = [sys.executable, "-m", "app.cli", "ingest"]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def cycle(database: Database, client: redis.Redis, upstream: Upstream) -> Report:
    provider = upstream.provider("steam", page_size=PAGE)

    async def run() -> Report:
        try:
            return await Ingest(database, client, heartbeat=HEARTBEAT).cycle(provider)
        finally:
            await provider.aclose()

    return asyncio.run(run())


def newest(database: Database) -> dict[str, int]:
    rows = database.rows(
        "SELECT i.market_hash_name AS name, l.price FROM price_latest l JOIN items i ON i.id = l.item_id"
    )
    return {row["name"]: row["price"] for row in rows}


def sold(items: list[Item]) -> dict[str, int]:
    return {item.name: item.price for item in items if item.price > 0}


def test_two_weeks_of_the_market_and_a_kill_in_the_middle(
    database: Database, redis_client: redis.Redis, upstream: Upstream, endpoints: Endpoints
) -> None:
    upstream.world.page_size = PAGE
    first, second = (load_snapshot(path) for path in snapshots()[:2])
    before, after = sold(first), sold(second)
    provider_state.register(database, "steam", simulated=False, interval=1)

    upstream.world.replace(first)
    killed = ingest_command(database, endpoints, upstream)
    wait_for(lambda: kept(database) > 3 * PAGE, 120, "the first run stored nothing")
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    part = kept(database)
    assert part < len(before), "the kill came too late to test anything"
    again = ingest_command(database, endpoints, upstream)
    output, _ = again.communicate(timeout=240)
    assert again.returncode == 0, output
    assert newest(database) == before
    assert kept(database) == len(before)

    upstream.world.replace(second)
    report = cycle(database, redis_client, upstream)
    assert (report.error, report.rejected) == (None, [])
    assert newest(database) == before | after
    changed = sum(before.get(name) != price for name, price in after.items())
    # The crowd that is asked once more for its volume may add a quote each.
    assert changed <= kept(database) - len(before) <= changed + 5
    assert report.new_items == len(after.keys() - before.keys())
    assert number(database, "SELECT count(*) - count(DISTINCT (item_id, source, time)) AS n FROM price_history") == 0
    assert number(database, "SELECT sum(samples) AS n FROM price_7d") == kept(database)
    assert integrity.verify(database) == []
    assert report.database_seconds < within(100), "an order of magnitude above what it takes"
