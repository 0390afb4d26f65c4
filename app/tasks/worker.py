"""Task worker: runs what the queue holds, in threads of this process, by procrastinate's worker on an event loop of its own.

When PostgreSQL goes away the workers end, wait, and begin anew; what they had is handed back to the queue.
"""

import asyncio
import secrets
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any, Final

import procrastinate
import psycopg
import redis
import structlog
from procrastinate.exceptions import ConnectorException, JobAborted
from procrastinate.job_context import AbortReason, JobContext
from procrastinate.jobs import Job
from procrastinate.retry import BaseRetryStrategy, RetryDecision
from procrastinate.worker import Worker
from psycopg_pool import PoolTimeout

from app.tasks import kinds
from app.tasks.kinds import Kind, Lane
from app.tasks.run import UNSURE_PAUSE, AgainError, DeadError, run_once
from app.tasks.task import Handler, StoppedError, Task
from app.telemetry.jobs import timed_job
from db.core import redis as cache
from db.core.pool import Database, DatabaseDownError
from db.tasks import reaper

log = structlog.get_logger(__name__)

SHORT: Final[dict[Lane, int]] = {"quick": 2, "mail": 2, "webhook": 4}
"""Tasks that run at once in each lane but the long one, which has as many as the process is told to."""
HEARTBEAT: Final = 2.0
SILENT: Final = 10.0
"""Seconds without a heartbeat after which a worker counts as dead."""
REAP_EVERY: Final = 3.0
GRACE: Final = 2.0
"""Seconds that running tasks have to end when the worker does, and again to stop once they were told to."""
STOP_TIMEOUT: Final = 3 * GRACE
RESTART: Final = 1.0
POLL: Final = 2.0
"""Seconds between two looks at the queue where no notification came: what is due later than now sends none."""


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """`name` is the process in worker:all, `concurrency` how many long tasks run at once."""

    database_url: str
    name: str
    concurrency: int
    silent: float = SILENT


class _Decision(BaseRetryStrategy):
    """What a run decided, in procrastinate's terms."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """Run again where the run says so."""
        del job
        if isinstance(exception, AgainError):
            return RetryDecision(retry_at=datetime.now(UTC) + timedelta(seconds=exception.seconds))
        return None


class TaskWorker:
    """The workers of one process, a lane each, and its reaper. Kinds without a handler here wait for a process that has one."""

    def __init__(
        self, database: Database, client: redis.Redis, handlers: Mapping[str, Handler], options: WorkerOptions
    ) -> None:
        self.database, self.redis, self.handlers, self.options = database, client, handlers, options
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._run_loop, name="tasks", daemon=True)
        self._workers: list[Worker] = []
        self._stopping = False
        self._running: dict[int, str] = {}

    def start(self) -> None:
        """Begin to run tasks."""
        self._thread.start()

    def stop(self) -> None:
        """End in time: what runs may end within a moment, else it is stopped and handed back."""
        self._stopping = True
        if not self._thread.is_alive():
            return
        self._loop.call_soon_threadsafe(self._stop_workers)
        self._thread.join(STOP_TIMEOUT)
        if self._thread.is_alive():
            log.warning("tasks did not end in time; others take them over", tasks=list(self._running))

    def is_alive(self) -> bool:
        """Whether it still takes tasks, or waits for the database to come back."""
        return self._thread.is_alive()

    def running(self) -> dict[int, str]:
        """What runs now: kinds by task."""
        return dict(self._running)

    def _stop_workers(self) -> None:
        for worker in self._workers:
            worker.stop()  # type: ignore[no-untyped-call]

    def _run_loop(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._supervise())

    async def _supervise(self) -> None:
        """Run the workers, and begin anew when PostgreSQL ended them."""
        reaping = asyncio.create_task(self._reap(), name="reaper")
        try:
            while not self._stopping:
                begun: list[Worker] = []
                try:
                    await self._work(begun)
                except (ConnectorException, psycopg.Error, PoolTimeout, OSError) as error:
                    log.info(
                        "tasks wait: the database does not answer",
                        error=" ".join(str(error.__cause__ or error).split()),
                    )
                await self._release([worker.worker_id for worker in begun if worker.worker_id is not None])
                if not self._stopping:
                    await asyncio.sleep(RESTART)
        finally:
            reaping.cancel()

    async def _work(self, begun: list[Worker]) -> None:
        """Run one worker a lane until one of them ends."""
        app = self._app()
        async with app.open_async():
            begun += self._lanes(app)
            self._workers = begun
            if self._stopping:
                return
            runs = [asyncio.create_task(worker.run(), name=str(worker.queues)) for worker in begun]  # type: ignore[no-untyped-call]
            await asyncio.wait(runs, return_when=asyncio.FIRST_COMPLETED)
            self._stop_workers()
            for ended in await asyncio.gather(*runs, return_exceptions=True):
                if isinstance(ended, BaseException):
                    raise ended

    def _app(self) -> procrastinate.App:
        async def configure(connection: psycopg.AsyncConnection) -> None:
            await connection.set_autocommit(True)
            await connection.execute("SET search_path TO tasks, public")

        connector = procrastinate.PsycopgConnector(
            conninfo=self.options.database_url,
            kwargs={"application_name": "tracera-tasks", "connect_timeout": 3},
            configure=configure,
            min_size=1,
            max_size=4,
            timeout=5.0,
            name="tasks",
        )
        app = procrastinate.App(connector=connector)
        for kind in (kinds.KINDS[name] for name in self.handlers):
            app.task(name=kind.name, pass_context=True, queue=kind.name, retry=_Decision())(self._task(kind))
        return app

    def _lanes(self, app: procrastinate.App) -> Iterator[Worker]:
        queues: defaultdict[Lane, list[str]] = defaultdict(list)
        for name in self.handlers:
            queues[kinds.KINDS[name].lane].append(name)
        for lane, names in queues.items():
            yield self._worker(app, lane, names, SHORT.get(lane, self.options.concurrency))

    def _worker(self, app: procrastinate.App, lane: Lane, queues: list[str], concurrency: int) -> Worker:
        return Worker(
            app,
            queues=queues,
            name=f"{self.options.name}/{lane}",
            concurrency=concurrency,
            fetch_job_polling_interval=POLL,
            shutdown_graceful_timeout=GRACE,
            install_signal_handlers=False,
            update_heartbeat_interval=HEARTBEAT,
            stalled_worker_timeout=3600,  # the reaper looks after them
        )

    def _task(self, kind: Kind) -> Any:
        """The coroutine that procrastinate calls for a kind."""

        async def run(context: JobContext, **payload: Any) -> None:
            task = Task(self.database, context.job.id or 0, secrets.token_hex(8), payload)
            ended = self._in_thread(task, kind)
            self._running[task.id] = kind.name
            try:
                await asyncio.shield(ended)
            except asyncio.CancelledError:
                task.stopped.set()
                await asyncio.wait([ended], timeout=GRACE)
                if ended.done() and ended.exception() is None:
                    return
                if context.abort_reason() is AbortReason.USER_REQUEST:
                    raise JobAborted from None
                raise AgainError(0) from None
            finally:
                self._running.pop(task.id, None)

        return run

    def _in_thread(self, task: Task, kind: Kind) -> asyncio.Future[None]:
        """Run a task in a thread that holds up nothing when the process ends."""
        future: asyncio.Future[None] = self._loop.create_future()

        def ended(error: BaseException | None) -> None:
            if not future.done():
                future.set_result(None) if error is None else future.set_exception(error)

        def call() -> None:
            error: BaseException | None = AgainError(UNSURE_PAUSE)
            try:
                with timed_job(f"task:{kind.name}"):
                    run_once(task, kind, self.handlers[kind.name], self.options.name)
                error = None
            except (AgainError, DeadError, StoppedError) as known:
                error = known
            finally:
                if not self._loop.is_closed():
                    self._loop.call_soon_threadsafe(ended, error)

        future.add_done_callback(lambda done: None if done.cancelled() else done.exception())  # looked at: no complaint
        Thread(target=call, name=f"task {task.id}", daemon=True).start()
        return future

    async def _release(self, worker_ids: list[int]) -> None:
        """Hand back at once what workers of this process had that are over; the reaper does it where this fails."""
        if worker_ids:
            try:
                await asyncio.to_thread(reaper.release, self.database, worker_ids)
            except DatabaseDownError as error:
                log.info("tasks are handed back later", error=str(error))

    async def _reap(self) -> None:
        while True:
            await asyncio.sleep(REAP_EVERY)
            await asyncio.to_thread(self._reap_once)

    def _reap_once(self) -> None:
        silent = self.options.silent
        try:
            found = reaper.reap(
                self.database, silent=silent, orphans=self._orphans(), most=kinds.most, pause=kinds.pause
            )
        except DatabaseDownError as error:
            log.info("no look for dead workers: the database does not answer", error=str(error))
            return
        for one in found:
            what = "task failed for good" if one.dead else "task handed back"
            log.warning(what, why="its worker is gone", task=one.task_id, kind=one.kind, worker=one.worker)

    def _orphans(self) -> list[str]:
        """Processes whose heartbeat in worker:all is old; each is named in the log once."""
        try:
            found = cache.orphans(self.redis, time.time() - self.options.silent / 2)
            for name in found:
                if text := cache.take_description(self.redis, name):
                    log.warning("a process ended without a word", worker=name, did=text.decode())
        except redis.RedisError as error:
            log.info("worker:all cannot be read: Redis does not answer", error=str(error))
            return []
        return found
