"""The embedded scheduler: what fails is told, what only ends is not called a failure."""

from collections.abc import Iterator
from threading import Event, Thread

import pytest
from structlog.testing import capture_logs

from app.runtime import Runtime
from app.server.providers import job_config
from db.operations import jobs as job_state
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
