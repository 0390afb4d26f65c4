"""APScheduler inside the process: one job a provider, the measures, and the house-keeping; the leader alone acts."""

import asyncio
import os
import socket
import time
from collections.abc import Callable
from concurrent.futures import TimeoutError as FutureTimeoutError
from datetime import UTC, datetime, timedelta
from threading import Lock, Thread

import redis
import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from app.providers.base import Provider, ProviderError
from db.core import redis as cache
from db.core.pool import Database, DatabaseDownError
from db.items import simulated
from db.items.sources import is_simulated
from db.operations import jobs as job_state
from db.operations.leader import Leadership
from db.portfolio import snapshots
from jobs import cache_rebuild, demo_history, measures, rates, retention
from jobs.config import JobConfig
from jobs.ingest import Ingest
from jobs.valuation import Valuation

log = structlog.get_logger(__name__)

LEAD_EVERY = 1.0
RATES_EVERY = 300.0
"""How often it is looked whether exchange rates are due."""
STOP_WITHIN = 8.0
BROKEN_WAIT = 5.0


class Jobs:
    """The embedded scheduler of one process.

    Providers run on one event loop in a thread of its own, so that a slow one costs the others nothing; the rest runs in
    APScheduler's threads.
    """

    def __init__(self, plan: JobConfig, database: Database, client: redis.Redis, providers: list[Provider]) -> None:
        self.plan, self.database, self.redis, self.providers = plan, database, client, providers
        self.ingest = Ingest(database, client, heartbeat=plan.heartbeat)
        self.leadership = Leadership(plan.database_url)
        self.worker = f"{socket.gethostname()}:{os.getpid()}"
        self.leading = False
        self._beaten = False
        self._stopping = False
        self._table_read: int | None = None
        self._measuring = Lock()
        self._valuation = Valuation(database, plan.portfolio_fees)
        self._loop: asyncio.AbstractEventLoop
        self._thread = Thread(target=self._turn, name="providers", daemon=True)
        self._cycles: dict[str, asyncio.Task[None]] = {}
        executors = {"default": ThreadPoolExecutor(6), "lead": ThreadPoolExecutor(1)}
        self.scheduler = BackgroundScheduler(
            timezone=UTC,
            executors=executors,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def start(self) -> None:
        """Begin; nothing acts before this process leads."""
        self._loop = asyncio.new_event_loop()
        self._thread.start()
        self.scheduler.add_job(
            self._lead, "interval", seconds=LEAD_EVERY, next_run_time=datetime.now(UTC), id="lead", executor="lead"
        )
        self._every("volatility", self.plan.metrics_seconds, self._volatility, first=15)
        self._every("retention", 3600, self._retention, first=120)
        self._every("portfolios", self.plan.portfolio_seconds, self._portfolios, first=20)
        if self.plan.rates_url:
            self._every("rates", min(RATES_EVERY, self.plan.rates_hours * 3600), self._rates, first=5)
        if self.plan.rates_table:
            self._every("rates_table", RATES_EVERY, self._rates_table, first=1)
        self.scheduler.start()

    def stop(self) -> None:
        """End: running transactions are rolled back or finish, nothing new begins."""
        self._stopping = True
        self.scheduler.shutdown(wait=False)
        self._on_loop(self._cancel)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=STOP_WITHIN)
        self.leadership.release()

    def _turn(self) -> None:
        self._loop.run_forever()
        self._loop.close()

    def _every(self, name: str, seconds: float, action: Callable[[], object], *, first: float) -> None:
        begin = datetime.now(UTC) + timedelta(seconds=first)
        self.scheduler.add_job(
            self._run, "interval", args=[name, action], seconds=seconds, next_run_time=begin, id=name
        )

    def _lead(self) -> None:
        """Claim or keep the lead, and beat so that others see this worker."""
        led, self.leading = self.leading, self.leadership.held()
        if self.leading and not led:
            log.info("this process runs the jobs", worker=self.worker)
            self.scheduler.add_job(self._run, args=["warm", self._warm], id="warm", replace_existing=True)
            if not any(is_simulated(provider.name) for provider in self.providers):
                self.scheduler.add_job(
                    self._run, args=["leave_demo", self._leave_demo], id="leave_demo", replace_existing=True
                )
            self._on_loop(self._begin_providers)
        elif led and not self.leading:
            log.warning("this process no longer runs the jobs", worker=self.worker)
            self._on_loop(self._cancel)
        self._beat()

    def _beat(self) -> None:
        """Tell others that this worker lives, and notice when Redis lost what it held."""
        try:
            forgotten = cache.beat(self.redis, self.worker, time.time())
        except redis.RedisError as error:
            log.info("no heartbeat: Redis does not answer", error=str(error))
            return
        if forgotten and self._beaten and self.leading:
            log.warning("Redis lost its data, which is put back")
            self.scheduler.add_job(self._run, args=["refill", self._refill], id="refill", replace_existing=True)
        self._beaten = True

    def _run(self, name: str, action: Callable[[], object]) -> None:
        """One run of a job, with its state kept; only where this process leads."""
        if not self.leading:
            return
        begun = time.monotonic()
        error: str | None = None
        try:
            job_state.started(self.database, name)
            action()
        except Exception as failure:  # the job's next run must come all the same
            foreseen = isinstance(failure, (DatabaseDownError, ProviderError))
            error = str(failure) if foreseen else f"{type(failure).__name__}: {failure}"
            if self._stopping:  # what it works with was taken away under it
                log.info("job given up: the process ends", job=name, error=error)
                return
            if foreseen:
                log.warning("job failed", job=name, error=error)
            else:
                log.exception("job failed", job=name)
        job = self.scheduler.get_job(name)
        try:
            job_state.finished(
                self.database,
                name,
                seconds=time.monotonic() - begun,
                next_run=job.next_run_time if job else None,
                error=error,
            )
        except DatabaseDownError as failure:
            log.warning("job state not kept", job=name, error=str(failure))

    def _warm(self) -> None:
        cache_rebuild.rebuild_latest(self.database, self.redis)
        if any(provider.name == "demo" for provider in self.providers) and self.plan.demo_history_days:
            demo_history.fill(self.database, self.plan.demo_history_days)
            self._volatility()

    def _leave_demo(self) -> None:
        with self.database.connection() as connection:
            gone = simulated.forget_simulated(connection)
        if gone:
            log.info("simulated prices left behind", prices=gone)
            cache_rebuild.rebuild_latest(self.database, self.redis)
            self._volatility()

    def _refill(self) -> None:
        cache_rebuild.rebuild_latest(self.database, self.redis)
        self._volatility()

    def _volatility(self) -> None:
        with self._measuring:  # one at a time, so that what is newer comes last
            measures.run(self.database, self.redis, datetime.now(UTC))

    def _retention(self) -> None:
        retention.run(self.database, raw_days=self.plan.retention_days, demo_days=self.plan.demo_retention_days)
        snapshots.thin(self.database, datetime.now(UTC))

    def _portfolios(self) -> None:
        self._valuation.run(datetime.now(UTC))

    def _rates(self) -> None:
        # An instance on invented prices asks nobody outside before somebody wants another currency.
        real = not all(is_simulated(provider.name) for provider in self.providers)
        if rates.due(self.database, self.plan.rates_hours, always=real):
            rates.run(self.database, self.plan.rates_url)

    def _rates_table(self) -> None:
        path = self.plan.rates_table
        if path and (changed := path.stat().st_mtime_ns) != self._table_read:
            rates.run_table(self.database, path)
            self._table_read = changed

    def _on_loop(self, action: Callable[[], None]) -> None:
        """Do something on the providers' event loop, and wait for it."""

        async def call() -> None:
            action()

        try:
            asyncio.run_coroutine_threadsafe(call(), self._loop).result(STOP_WITHIN)
        except FutureTimeoutError:
            log.warning("the providers' loop is busy")

    def _begin_providers(self) -> None:
        for provider in self.providers:
            self._cycles[provider.name] = self._loop.create_task(self._repeat(provider), name=provider.name)

    def _cancel(self) -> None:
        for task in self._cycles.values():
            task.cancel()
        self._cycles.clear()

    async def _repeat(self, provider: Provider) -> None:
        """Cycle after cycle, each at the time the last one set; nothing but a cancellation ends it."""
        while True:
            try:
                wait = await asyncio.to_thread(self.ingest.wait, provider)
                await asyncio.sleep(wait)
                await self.ingest.cycle(provider)
            except Exception:  # the provider's next cycle must come all the same; it is told with its trace
                log.exception("provider's cycle broke off", provider=provider.name)
                await asyncio.sleep(BROKEN_WAIT)
