"""How quickly tasks are run, next to procrastinate's own worker on tasks that do nothing, in the same run.

    python -m tests.bench.bench_tasks [--tasks 10000] [--letters 50000]

Throughput is that of tasks which are all there when the worker starts; latency, from a task's commit to its start, is that of single ones
into an empty queue. Ours write beside the queue's own rows whose run it is and that it is done, and run each task in a thread. Both are
measured again with so many dead letters kept.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

import numpy as np
import procrastinate
import psycopg
import redis

from app.tasks import kinds
from app.tasks.kinds import Kind
from app.tasks.task import Task
from app.tasks.worker import TaskWorker, WorkerOptions
from db.core import migrate
from db.core.pool import Database
from db.embedded.servers import Embedded, Endpoints

OURS, PEER = Kind("bench", "Bench", "long", 0, most=3, pause=1), "bench_peer"
CONCURRENCY, SINGLE, PAUSE = 8, 200, 0.02
PATH = "-c search_path=tasks,public"
LETTERS = """WITH job AS (
    INSERT INTO tasks.procrastinate_jobs (queue_name, task_name, status, args)
    SELECT 'bench', 'bench', 'failed', '{"of": "the past"}' FROM generate_series(1, %s) RETURNING id
) INSERT INTO tasks.details (job_id, finished_at, failures, error, trace)
SELECT id, now(), 3, '{"reason": "failed", "message": "no"}', repeat('trace ', 200) FROM job"""

Figures = tuple[float, np.ndarray]
"""Tasks a second, and seconds of waiting of each single task."""


class Counted:
    """Counts runs, and notes when the last one began."""

    def __init__(self) -> None:
        self.began: list[float] = []
        self.goal, self.reached = 0, Event()

    def run(self) -> None:
        """One run."""
        self.began.append(time.perf_counter())
        if len(self.began) >= self.goal:
            self.reached.set()

    def expect(self, count: int) -> None:
        """From now on so many."""
        self.began.clear()
        self.reached.clear()
        self.goal = count


def ours(at: Endpoints, count: int) -> Figures:
    """Our worker's figures."""
    database, counted = Database(at.database_url, size=CONCURRENCY + 4), Counted()

    def put_in(many: int) -> None:
        with database.connection() as connection, connection.transaction():
            for _ in range(many):
                OURS.defer(connection, {})

    def handle(_task: Task) -> None:
        counted.run()

    put_in(count)
    counted.expect(count)
    options = WorkerOptions(at.database_url, "bench", CONCURRENCY)
    worker = TaskWorker(database, redis.Redis.from_url(at.redis_url), {OURS.name: handle}, options)
    started = time.perf_counter()
    worker.start()
    try:
        return throughput(counted, started, count), singles(counted, lambda: put_in(1))
    finally:
        worker.stop()
        database.close()


def peer(at: Endpoints, count: int) -> Figures:
    """The figures of procrastinate alone, with an async task."""
    return asyncio.run(_peer(at, count))


async def _peer(at: Endpoints, count: int) -> Figures:
    counted = Counted()
    connector = procrastinate.PsycopgConnector(conninfo=at.database_url, kwargs={"options": PATH}, max_size=CONCURRENCY)
    app = procrastinate.App(connector=connector)

    @app.task(name=PEER, queue=PEER)
    async def nothing() -> None:
        counted.run()

    async with app.open_async():
        await nothing.batch_defer_async(*({} for _ in range(count)))
        counted.expect(count)
        started = time.perf_counter()
        worker = asyncio.create_task(
            app.run_worker_async(queues=[PEER], concurrency=CONCURRENCY, install_signal_handlers=False)
        )
        rate = await asyncio.to_thread(throughput, counted, started, count)
        with psycopg.connect(at.database_url, autocommit=True, options=PATH) as connection:
            defer = "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW(%s, %s, 0, NULL, NULL, '{}', NULL)]::procrastinate_job_to_defer_v1[])"
            waits = await asyncio.to_thread(singles, counted, lambda: connection.execute(defer, [PEER, PEER]))
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
    return rate, waits


def throughput(counted: Counted, started: float, count: int) -> float:
    """Tasks a second, from the worker's start to the last task's."""
    if not counted.reached.wait(600):
        raise TimeoutError(f"{len(counted.began)} of {count} ran")
    return count / (counted.began[-1] - started)


def singles(counted: Counted, put_in: Callable[[], object]) -> np.ndarray:
    """Seconds from a task's commit to its start, one after the other."""
    time.sleep(1)  # what ran before is written down
    waits = []
    for _ in range(SINGLE):
        counted.expect(1)
        put_in()
        put = time.perf_counter()
        counted.reached.wait(10)
        waits.append(max(0.0, counted.began[0] - put))
        time.sleep(PAUSE)
    return np.array(waits)


def say(name: str, figures: Figures, floor: Figures | None = None) -> None:
    """One line."""
    rate, waits = figures
    p50, p99 = 1000 * np.percentile(waits, [50, 99])
    beside = "" if floor is None else f"{rate / floor[0]:8.2f}"
    print(f"{name:<34}{rate:10.0f}{p50:10.1f}{p99:10.1f}{beside}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--letters", type=int, default=50_000)
    options = parser.parse_args()
    kinds.KINDS[OURS.name] = OURS
    with tempfile.TemporaryDirectory() as folder:
        embedded = Embedded(Path(folder) / "data").start()
        try:
            at = embedded.endpoints()
            migrate.upgrade(at.database_url)
            print(f"{'':<34}{'tasks/s':>10}{'p50 ms':>10}{'p99 ms':>10}{'ratio':>8}")
            floor = peer(at, options.tasks)
            say("procrastinate alone", floor)
            say("ours", ours(at, options.tasks), floor)
            with psycopg.connect(at.database_url, autocommit=True) as connection:
                connection.execute(LETTERS, [options.letters])
                connection.execute("VACUUM ANALYZE tasks.procrastinate_jobs, tasks.details")
            floor = peer(at, options.tasks)
            say(f"procrastinate, {options.letters:,} letters kept", floor)
            say(f"ours, {options.letters:,} letters kept", ours(at, options.tasks), floor)
        finally:
            embedded.stop()


if __name__ == "__main__":
    main()
