import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import psycopg
import pytest
import redis

from app.providers.base import Batch, Provider, Quote
from db.core.pool import Database
from db.embedded.servers import Endpoints
from db.operations import providers as provider_state
from jobs import measures
from jobs.ingest import Ingest, Report
from tests.conftest import ROOT, wait_for
from tests.patience import within
from tests.providers.conftest import Upstream
from tests.upstream.data import synthetic

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


def test_ingest_cycle_stores_quotes_creates_items_and_publishes_prices(
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


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["429", "500", "html", "redirect", "cut", "truncated", "garbage", "silence", "null"])
def test_a_failing_market_spoils_nothing(ingest: Ingest, upstream: Upstream, kind: str) -> None:
    upstream.app.faults.add(kind, "skinport")
    begun = time.monotonic()
    reports = run(ingest, *(upstream.provider(name) for name in ("skinport", *OTHERS)))
    assert time.monotonic() - begun < within(15)
    for name in OTHERS:
        assert reports[name].error is None, name
        assert reports[name].stored > 0, name
    assert reports["skinport"].error
    assert count(ingest.database, "skinport") == 0
    state = next(row for row in provider_state.states(ingest.database) if row["name"] == "skinport")
    assert (state["failures"], state["error"]) == (1, reports["skinport"].error)
    assert state["error_since"] is not None
    assert state["next_attempt"] > state["last_failure"]


# What goes wrong, with the options of the fault, what the provider is told, and what the kept state calls it.
WRONG: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("429", {"retry_after": "77"}, {}, "throttled"),
    ("500", {}, {}, "http"),
    ("html", {}, {}, "schema"),
    ("cut", {}, {}, "schema"),
    ("truncated", {}, {}, "network"),
    ("garbage", {"size": 10_000_000}, {"max_body": 64_000_000}, "schema"),
    ("garbage", {"size": 10_000_000}, {}, "too_large"),
    ("silence", {"seconds": 60.0}, {}, "network"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "options", "told", "called"), WRONG, ids=[f"{row[0]}-{row[3]}" for row in WRONG])
@pytest.mark.parametrize("failing", ["steam", "skinport", "csfloat", "priceempire", "csgotrader"])
def test_whichever_market_fails_the_others_quotes_arrive_in_the_same_cycle(
    ingest: Ingest,
    upstream: Upstream,
    failing: str,
    kind: str,
    options: dict[str, Any],
    told: dict[str, Any],
    called: str,
) -> None:
    markets = ["steam", "skinport", "csfloat", "priceempire", "csgotrader"]
    upstream.app.faults.add(kind, failing, **options)
    begun = datetime.now(UTC)
    reports = run(ingest, *(upstream.provider(name, **(told if name == failing else {})) for name in markets))
    for name in set(markets) - {failing}:
        assert (reports[name].error, reports[name].stored > 0) == (None, True), name
    report = reports[failing]
    assert (report.error_kind, report.fetched, report.stored) == (called, 0, 0)
    assert failing in (report.error or "")
    (state,) = [row for row in provider_state.states(ingest.database) if row["name"] == failing]
    assert (state["error_kind"], state["error"], state["failures"]) == (called, report.error, 1)
    assert state["last_failure"] >= begun
    assert state["last_success"] is None
    if kind == "429":
        assert state["next_attempt"] - state["last_failure"] >= timedelta(seconds=76)
    cycle = ingest.database.row("SELECT stored, error FROM ingest_cycles WHERE provider = %s", [failing])
    assert cycle == {"stored": 0, "error": report.error}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["429", "500", "html", "cut", "truncated", "garbage", "silence"])
def test_pages_before_a_bad_one_are_stored_and_the_pass_resumes_there(
    ingest: Ingest, upstream: Upstream, kind: str
) -> None:
    upstream.app.faults.add(kind, "steam", after=3)
    report = run(ingest, upstream.provider("steam", batch_quotes=10))["steam"]
    assert report.error
    assert (report.fetched, report.stored, count(ingest.database, "steam")) == (30, 30, 30)
    assert provider_state.cursor_of(ingest.database, "steam")["start"] == 30
    upstream.app.faults.clear()
    assert run(ingest, upstream.provider("steam", batch_quotes=10))["steam"].stored == 30
    assert count(ingest.database, "steam") == 60


def test_a_market_that_works_again_is_well_again(ingest: Ingest, upstream: Upstream) -> None:
    upstream.app.faults.add("html", "skinport", times=1)
    assert run(ingest, upstream.provider("skinport"))["skinport"].error
    assert run(ingest, upstream.provider("skinport"))["skinport"].error is None
    state = next(row for row in provider_state.states(ingest.database) if row["name"] == "skinport")
    assert (state["failures"], state["error"], state["error_since"]) == (0, None, None)


def test_quotes_are_stored_without_redis(database: Database, upstream: Upstream) -> None:
    nowhere = redis.Redis.from_url("unix:///nonexistent/valkey.sock")
    report = run(Ingest(database, nowhere, heartbeat=timedelta(0)), upstream.provider("steam"))["steam"]
    assert (report.stored, report.error) == (60, None)


def test_any_exception_of_a_provider_is_reported_and_contained(ingest: Ingest, upstream: Upstream) -> None:
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


@pytest.mark.slow
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


AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def keep(ingest: Ingest, *given: tuple[str, int, int]) -> None:
    """Batches of one quote each, or one batch of several: (source, minutes after AT, price)."""
    batch = [
        Quote(market_hash_name="A", source=source, price=price, quoted_at=AT + timedelta(minutes=minutes))
        for source, minutes, price in given
    ]
    ingest.store("steam", Batch(batch), Report("steam", AT))


def latest(ingest: Ingest) -> Any:
    (item,) = ingest.database.rows("SELECT id FROM items")
    return orjson.loads(ingest.redis.get(f"price:latest:{item['id']}"))  # type: ignore[arg-type]


def test_price_latest_is_the_newest_quote_whatever_order_quotes_come_in(ingest: Ingest) -> None:
    keep(ingest, ("steam", 10, 500))
    keep(ingest, ("steam", 5, 400))
    assert latest(ingest)["price"] == 500
    keep(ingest, ("steam", 30, 700), ("steam", 20, 600))
    assert latest(ingest)["price"] == 700


def test_price_latest_is_that_of_a_real_source_as_soon_as_there_is_one(ingest: Ingest) -> None:
    keep(ingest, ("demo", 10, 500))
    keep(ingest, ("steam", 20, 600))
    assert (latest(ingest)["price"], latest(ingest)["source"]) == (600, "steam")
    keep(ingest, ("demo", 30, 700))
    assert latest(ingest)["price"] == 600


def test_price_latest_follows_the_reference_source(ingest: Ingest) -> None:
    keep(ingest, ("skinport", 0, 500))
    for minutes in (-180, -120, -60, 0):
        keep(ingest, ("steam", minutes, 600))
    assert latest(ingest)["source"] == "skinport"
    measures.run(ingest.database, ingest.redis, AT + timedelta(minutes=5))
    assert latest(ingest)["source"] == "steam", "the better covered one speaks now"
