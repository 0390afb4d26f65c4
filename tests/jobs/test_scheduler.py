"""The embedded scheduler: what fails is told, what only ends is not called a failure."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from structlog.testing import capture_logs

from app.providers import exchange as exchanges
from app.providers.demo.exchange import DemoExchange
from app.runtime import Runtime
from app.server.providers import job_config
from db.operations import jobs as job_state
from jobs.backups import BackupPlan
from jobs.exchange.selection import FeedOptions
from jobs.scheduler import Jobs
from tests.conftest import wait_for


class Action:
    """Work that somebody takes something away from."""

    def __init__(self) -> None:
        self.begun, self.go_on = Event(), Event()

    def __call__(self) -> None:
        self.begun.set()
        assert self.go_on.wait(10)
        raise AttributeError("taken away")


@pytest.fixture
def jobs(runtime: Runtime) -> Iterator[Jobs]:
    runtime.start()
    made = Jobs(
        job_config(runtime.settings, runtime.database_url), runtime.services.database, runtime.services.redis, []
    )
    made.start()
    wait_for(lambda: made.leading, 10, "nobody leads")
    yield made
    made.stop()


def test_the_clock_puts_a_backup_in_once_a_slot(runtime: Runtime, tmp_path: Path) -> None:
    runtime.start()
    plan = BackupPlan(tmp_path, timedelta(days=1), time(3), 7)
    config = replace(job_config(runtime.settings, runtime.database_url), backups=plan)
    clock = Jobs(config, runtime.services.database, runtime.services.redis, [])
    clock.start()
    try:
        wait_for(lambda: clock.leading, 10, "nobody leads")
        job = clock.scheduler.get_job("backup")
        job.modify(next_run_time=datetime.now(UTC))
        wait_for(lambda: _backups(runtime) == 1, 10, "no task")
        job.func(*job.args)  # the next look, or another process's clock
        assert _backups(runtime) == 1
    finally:
        clock.stop()


def test_without_a_folder_no_backup_is_due(jobs: Jobs) -> None:
    assert jobs.scheduler.get_job("backup") is None


def _backups(runtime: Runtime) -> int:
    found = runtime.services.database.row(
        "SELECT count(*) AS n FROM tasks.procrastinate_jobs WHERE task_name = 'backup'"
    )
    assert found
    return int(found["n"])


@pytest.mark.parametrize(("ends", "told"), [(False, "job failed"), (True, "job given up: the process ends")])
def test_a_job_that_fails_because_the_process_ends_is_no_failure(
    runtime: Runtime, jobs: Jobs, *, ends: bool, told: str
) -> None:
    action = Action()
    thread = Thread(target=jobs._run, args=("lost", action))
    with capture_logs() as heard:
        thread.start()
        assert action.begun.wait(10)
        jobs._stopping = ends
        action.go_on.set()
        thread.join()
    assert [line["event"] for line in heard if line.get("job") == "lost"] == [told]
    kept = {state["name"]: state["error"] for state in job_state.states(runtime.services.database)}
    assert kept["lost"] == (None if ends else "AttributeError: taken away")


class SlowToClose(DemoExchange):
    """Its stream takes a moment to close, as the end of a WebSocket does."""

    opened = closed = False

    async def events(self) -> AsyncIterator[exchanges.Event]:
        try:
            self.opened = True
            async for event in super().events():
                yield event
        finally:
            await asyncio.sleep(0.2)
            self.closed = True


def test_what_a_feed_has_begun_ends_before_its_loop_does(runtime: Runtime) -> None:
    runtime.start()
    held, exchange = runtime.services, SlowToClose()
    config = job_config(runtime.settings, runtime.database_url)
    made = Jobs(config, held.database, held.redis, [], [(exchange, FeedOptions())])
    made.start()
    try:
        wait_for(lambda: exchange.opened, 20, "the feed does not begin")
    finally:
        made.stop()
    assert exchange.closed
    assert made._loop.is_closed()
    assert asyncio.all_tasks(made._loop) == set()  # "Task was destroyed but it is pending!" it would say of one
