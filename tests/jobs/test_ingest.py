import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
import redis

from db import providers as provider_state
from db.embedded import Endpoints
from db.pool import Database
from jobs.ingest import Ingest, Report
from jobs.providers.base import Batch, Provider
from tests.conftest import ROOT, wait_for
from tests.jobs.conftest import Upstream
from tests.upstream.data import load_snapshot, snapshots, synthetic

OTHERS = ("csfloat", "csgotrader", "priceempire")


@pytest.fixture
def ingest(database: Database, redis_client: redis.Redis) -> Ingest:
    return Ingest(database, redis_client, heartbeat=timedelta(minutes=30))


def run(ingest: Ingest, *providers: Provider) -> dict[str, Report]:
    async def all_of_them() -> list[Report]:
        try:
            return list(await asyncio.gather(*(ingest.cycle(provider) for provider in providers)))
        finally:
            for provider in providers:
                await provider.aclose()

    return {report.provider: report for report in asyncio.run(all_of_them())}


def count(database: Database, source: str) -> int:
    row = database.row("SELECT count(*) AS n FROM price_history WHERE source = %s", [source])
    assert row
    return int(row["n"])


def test_a_cycle_keeps_quotes_makes_items_and_tells_redis(
    ingest: Ingest, upstream: Upstream, redis_client: redis.Redis
) -> None:
    listener = redis_client.pubsub()  # type: ignore[no-untyped-call]
    listener.subscribe("prices")
    report = run(ingest, upstream.provider("steam"))["steam"]
    assert (report.fetched, report.stored, report.new_items, report.error) == (60, 60, 60, None)
    rows = ingest.database.rows(
        "SELECT i.id, l.price, l.source, i.reference_source FROM items i JOIN price_latest l ON l.item_id = i.id"
    )
    assert len(rows) == 60
    assert {row["reference_source"] for row in rows} == {"steam"}
    kept = redis_client.mget([f"price:latest:{row['id']}" for row in rows])
    assert all(kept)
    heard = []
    while message := listener.get_message(timeout=0.2):
        heard.append(message["type"])
    assert heard.count("message") == 60
    listener.close()


def test_unchanged_prices_are_kept_once_per_heartbeat_but_their_age_moves(ingest: Ingest, upstream: Upstream) -> None:
    run(ingest, upstream.provider("steam"))
    before = ingest.database.row("SELECT min(time) AS time FROM price_latest")
    report = run(ingest, upstream.provider("steam"))["steam"]
    assert (report.stored, report.unchanged) == (0, 60)
    after = ingest.database.row("SELECT min(time) AS time FROM price_latest")
    assert before
    assert after
    assert after["time"] > before["time"]
    assert count(ingest.database, "steam") == 60


@pytest.mark.parametrize("kind", ["429", "500", "html", "redirect", "cut", "truncated", "garbage", "silence", "null"])
def test_a_failing_market_spoils_nothing(ingest: Ingest, upstream: Upstream, kind: str) -> None:
    upstream.app.faults.add(kind, "skinport")
    begun = time.monotonic()
    reports = run(ingest, *(upstream.provider(name) for name in ("skinport", *OTHERS)))
    assert time.monotonic() - begun < 15
    for name in OTHERS:
        assert reports[name].error is None, name
        assert reports[name].stored > 0, name
    assert reports["skinport"].error
    assert count(ingest.database, "skinport") == 0
    state = next(row for row in provider_state.states(ingest.database) if row["name"] == "skinport")
    assert (state["failures"], state["error"]) == (1, reports["skinport"].error)
    assert state["error_since"] is not None
    assert state["next_attempt"] > state["last_failure"]


def test_a_market_that_works_again_is_well_again(ingest: Ingest, upstream: Upstream) -> None:
    upstream.app.faults.add("html", "skinport", times=1)
    assert run(ingest, upstream.provider("skinport"))["skinport"].error
    assert run(ingest, upstream.provider("skinport"))["skinport"].error is None
    state = next(row for row in provider_state.states(ingest.database) if row["name"] == "skinport")
    assert (state["failures"], state["error"], state["error_since"]) == (0, None, None)


def test_without_redis_quotes_are_kept_all_the_same(database: Database, upstream: Upstream) -> None:
    nowhere = redis.Redis.from_url("unix:///nonexistent/valkey.sock")
    report = run(Ingest(database, nowhere, heartbeat=timedelta(0)), upstream.provider("steam"))["steam"]
    assert (report.stored, report.error) == (60, None)


def test_a_provider_that_raises_anything_is_told_and_contained(ingest: Ingest, upstream: Upstream) -> None:
    broken = upstream.provider("csfloat")

    class Broken:
        name, interval, timeout, simulated = "broken", 1.0, 5.0, False
        sources: tuple[str, ...] = ("broken",)

        async def fetch(self, cursor: dict[str, Any]) -> AsyncIterator[Batch]:
            yield Batch([], dict(cursor))
            raise KeyError("surprise")

        async def aclose(self) -> None:
            pass

    reports = run(ingest, Broken(), broken)
    assert reports["broken"].error_kind == "internal"
    assert "surprise" in (reports["broken"].error or "")
    assert reports["csfloat"].error is None


def test_killed_in_mid_cycle_and_run_again_nothing_is_lost_or_doubled(
    database: Database, upstream: Upstream, endpoints: Endpoints
) -> None:
    upstream.world.replace(synthetic(4000))
    environment = os.environ | {
        "TRACERA_DATABASE_URL": database.url,
        "TRACERA_REDIS_URL": endpoints.redis_url,
        "TRACERA_STEAM_URL": upstream.url,
        "TRACERA_STEAM_REQUESTS_PER_MINUTE": "0",
        "TRACERA_PROVIDERS": "steam",
    }
    command = [sys.executable, "-m", "app.cli", "ingest"]
    first = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    provider_state.register(database, "steam", simulated=False, interval=1)
    wait_for(lambda: count(database, "steam") > 0, 30, "the first run stored nothing")
    first.send_signal(signal.SIGKILL)
    first.wait()
    part = count(database, "steam")
    assert part < 4000, "the kill came too late to test anything"
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    with psycopg.connect(database.url) as connection:
        rows = connection.execute("SELECT count(*), count(DISTINCT item_id) FROM price_history").fetchone()
        latest = connection.execute("SELECT count(*) FROM price_latest").fetchone()
        hours = connection.execute("SELECT sum(samples) FROM price_1h").fetchone()
    assert rows == (4000, 4000)
    assert latest == (4000,)
    assert hours == (4000,)


@pytest.mark.slow
@pytest.mark.skipif(not snapshots(), reason="../shared/data is not here")
def test_a_recorded_market_comes_in_whole(ingest: Ingest, upstream: Upstream) -> None:
    items = load_snapshot(snapshots()[0])
    upstream.world.replace(items)
    upstream.world.page_size = 500
    report = run(ingest, upstream.provider("steam", page_size=500))["steam"]
    assert report.error is None
    assert report.stored == len({item.name for item in items if item.price > 0})
    assert report.database_seconds < 30, "an order of magnitude above what it takes"
