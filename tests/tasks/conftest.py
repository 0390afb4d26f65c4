"""Kinds of tasks that only tests have, and workers that run them."""

from collections.abc import Callable, Iterator
from threading import Event
from typing import Any

import pytest
import redis

from app.tasks import kinds, worker
from app.tasks.kinds import Kind
from app.tasks.task import Handler
from app.tasks.worker import TaskWorker, WorkerOptions
from db.core.pool import Database
from db.tasks import details
from tests.conftest import wait_for

PLAIN = Kind("plain", "Plain", "long", 10, most=3, pause=0.05)
QUICK = Kind("quick", "Quick", "quick", 10, most=3, pause=0.05)


@pytest.fixture(autouse=True)
def _kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in (PLAIN, QUICK):
        monkeypatch.setitem(kinds.KINDS, kind.name, kind)
    monkeypatch.setattr(worker, "POLL", 0.1)
    monkeypatch.setattr(worker, "REAP_EVERY", 0.2)
    monkeypatch.setattr(worker, "GRACE", 0.5)


Work = Callable[..., TaskWorker]


@pytest.fixture
def work(database: Database, database_url: str, redis_client: redis.Redis) -> Iterator[Work]:
    """Starts workers with these handlers; they end with the test."""
    begun: list[TaskWorker] = []

    def start(concurrency: int = 2, silent: float = 2.0, **handlers: Handler) -> TaskWorker:
        options = WorkerOptions(database_url, f"test:{len(begun)}", concurrency, silent)
        made = TaskWorker(database, redis_client, handlers, options)
        made.start()
        begun.append(made)
        return made

    yield start
    for made in begun:
        made.stop()


def put(database: Database, kind: Kind = PLAIN, **payload: Any) -> int:
    with database.connection() as connection:
        return kind.defer(connection, payload)


def state(database: Database, task_id: int) -> str:
    row = details.one(database, task_id)
    return str(row["state"]) if row else "gone"


def ends(database: Database, task_id: int, seconds: float = 20) -> str:
    """The state in which a task ends, in the queue too."""
    over = "SELECT 1 AS yes FROM tasks.procrastinate_jobs WHERE id = %s AND status IN ('succeeded', 'failed', 'aborted', 'cancelled')"
    wait_for(lambda: database.rows(over, [task_id]), seconds, f"task {task_id} does not end")
    return state(database, task_id)


class Gate:
    """A handler that begins, waits to be let on, and counts."""

    def __init__(self) -> None:
        self.begun, self.go = Event(), Event()
        self.runs = 0

    def __call__(self, task: Any) -> None:
        self.runs += 1
        self.begun.set()
        while not self.go.wait(0.02):
            task.check()
