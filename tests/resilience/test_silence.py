"""Parts that hang instead of ending: they take connections and never answer. Requests say so within about a second."""

import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from db.embedded.programs import read_pid
from tests.conftest import Site, start_site, stop_site, wait_for
from tests.patience import within

SOON = 1.8
"""Seconds: the time-out of one, and what a busy machine needs besides."""
AT_ONCE = 0.6
RANKING = "/api/v1/rankings/volatile?window=24h"


def timed(site: Site, path: str) -> tuple[float, int, str]:
    begun = time.monotonic()
    status, body = site.get(path, wait=20)
    return time.monotonic() - begun, status, body.decode()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    started = start_site(
        tmp_path_factory.mktemp("silence") / "data", TRACERA_DEMO_INTERVAL="3", TRACERA_METRICS_SECONDS="30"
    )
    try:
        wait_for(lambda: started.get("/readyz")[0] == 200, 90, f"not ready; see {started.log}")
        yield started
    finally:
        stop_site(started)


@contextmanager
def stopped(*pids: int) -> Iterator[None]:
    """Processes that stay where they are: the kernel takes connections for them all the same."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def run_dir(site: Site) -> Path:
    return Path(str(psycopg.conninfo.conninfo_to_dict(site.endpoints().database_url)["host"]))


def valkey(site: Site) -> int:
    return read_pid(run_dir(site) / "valkey.pid") or 0


def postgres(site: Site) -> list[int]:
    """The postmaster and the backends that serve us."""
    postmaster = read_pid(site.data_dir / "postgres" / "postmaster.pid") or 0
    with psycopg.connect(site.endpoints().database_url) as connection:
        backends = connection.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'tracera'").fetchall()
    return [postmaster, *(pid for (pid,) in backends)]


def recovers(site: Site) -> None:
    wait_for(lambda: site.get("/readyz")[0] == 200, 30, "not ready again")


def test_a_silent_redis_costs_the_first_request_a_second(site: Site) -> None:
    recovers(site)
    with stopped(valkey(site)):
        seconds, status, _ = timed(site, RANKING)
        assert (status, seconds < within(SOON)) == (200, True), f"{seconds:.2f} s"
        for path in (RANKING, "/", "/api/v1/items?limit=1"):
            seconds, status, _ = timed(site, path)
            assert (status, seconds < within(AT_ONCE)) == (200, True), f"{path}: {seconds:.2f} s"
        time.sleep(2.2)  # the breaker lets one try again
        seconds, status, body = timed(site, "/readyz")
        assert (status, seconds < within(SOON)) == (503, True), f"{seconds:.2f} s"
        found = json.loads(body)["checks"]
        assert (found["database"]["ok"], found["redis"]["ok"]) == (True, False)
        assert "Redis does not answer" in found["redis"]["error"]
    recovers(site)


def test_health_is_told_at_once_whatever_hangs(site: Site) -> None:
    recovers(site)
    with stopped(valkey(site), *postgres(site)):
        for _ in range(3):
            seconds, status, _ = timed(site, "/healthz")
            assert (status, seconds < within(AT_ONCE)) == (200, True), f"{seconds:.2f} s"
        seconds, status, body = timed(site, "/readyz")
        assert (status, seconds < within(SOON)) == (503, True), f"{seconds:.2f} s"
        found = json.loads(body)["checks"]
        assert not any(found[part]["ok"] for part in ("database", "redis", "migrations", "ingestion"))
    recovers(site)


def test_a_silent_database_costs_the_first_request_a_second(site: Site) -> None:
    recovers(site)
    with stopped(*postgres(site)):
        seconds, status, body = timed(site, "/api/v1/items/1/history")
        assert (status, seconds < within(SOON)) == (503, True), f"{seconds:.2f} s"
        assert json.loads(body)["error"].startswith("the database does not answer")
        for path in ("/api/v1/items/1/history", "/api/v1/items/1/volatility"):
            seconds, status, _ = timed(site, path)
            assert (status, seconds < within(AT_ONCE)) == (503, True), f"{path}: {seconds:.2f} s"
        assert timed(site, "/")[0] < AT_ONCE
        seconds, status, body = timed(site, "/readyz")
        assert (status, seconds < within(SOON)) == (503, True), f"{seconds:.2f} s"
        assert "database does not answer" in json.loads(body)["checks"]["database"]["error"]
        assert json.loads(body)["checks"]["redis"]["ok"]
    recovers(site)


def test_one_silent_backend_does_not_keep_the_others(site: Site) -> None:
    recovers(site)
    _, *backends = postgres(site)
    with stopped(*backends):
        timed(site, "/api/v1/items/1/history")
        wait_for(lambda: site.get("/api/v1/items/1/history")[0] == 200, 20, "no new connection is made")
    recovers(site)


def test_sockets_that_never_answer(site: Site, tmp_path: Path) -> None:
    """The same with another host's parts, started from nothing; a job waits longer, requests do not."""
    del site
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        started = start_site(
            tmp_path / "data", TRACERA_REDIS_URL=f"redis://127.0.0.1:{port}/0", TRACERA_SCHEDULER="false"
        )
        try:
            wait_for(lambda: started.get("/healthz")[0] == 200, 60, f"not alive; see {started.log}")
            time.sleep(2.2)
            seconds, status, _ = timed(started, "/readyz")
            assert (status, seconds < within(SOON)) == (503, True), f"{seconds:.2f} s"
            assert timed(started, "/healthz")[0] < AT_ONCE
        finally:
            stop_site(started)
