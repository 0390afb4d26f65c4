"""A task that kills its process with each run ends as a dead letter after so many, and others go on."""

import signal
import subprocess
import sys
import time

import pytest

from db.core.pool import Database
from db.embedded.servers import Endpoints
from db.tasks import details
from tests.conftest import ROOT
from tests.tasks.conftest import PLAIN, QUICK, put, state

PROGRAM = """
import os, signal, sys, time
import redis
from app.tasks import kinds, worker
from app.tasks.worker import TaskWorker, WorkerOptions
from db.core.pool import Database
from tests.tasks.conftest import PLAIN, QUICK
for kind in (PLAIN, QUICK):
    kinds.KINDS[kind.name] = kind
worker.POLL, worker.REAP_EVERY, worker.HEARTBEAT = 0.1, 0.2, 0.3
handlers = {"plain": lambda _task: os.kill(os.getpid(), signal.SIGKILL), "quick": lambda _task: None}
options = WorkerOptions(sys.argv[1], f"test:{os.getpid()}", 1, silent=1.5)
TaskWorker(Database(sys.argv[1]), redis.Redis.from_url(sys.argv[2]), handlers, options).start()
time.sleep(60)
"""


@pytest.mark.slow
def test_a_task_that_kills_its_process_is_given_up(database: Database, database_url: str, endpoints: Endpoints) -> None:
    poison = put(database)
    deaths, deadline = 0, time.monotonic() + 90
    process = None
    try:
        while state(database, poison) != "failed":
            assert time.monotonic() < deadline, f"it is not given up after {deaths} processes"
            if process is None or process.poll() is not None:
                if process is not None:
                    assert process.returncode == -signal.SIGKILL
                    deaths += 1
                process = subprocess.Popen([sys.executable, "-c", PROGRAM, database_url, endpoints.redis_url], cwd=ROOT)
            time.sleep(0.05)
        other = put(database, QUICK)
        while state(database, other) != "done":
            assert time.monotonic() < deadline, "the worker runs nothing else"
            time.sleep(0.05)
    finally:
        if process is not None:
            process.kill()
            process.wait()
    row = details.one(database, poison)
    assert row
    assert (deaths, row["failures"], row["dead"]) == (PLAIN.most, PLAIN.most, True)
    assert row["error"]["reason"] == "worker_lost"
    assert "ended without a word" in row["error"]["message"]
