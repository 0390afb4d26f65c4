"""Scheduler: runs providers, measures, valuation and house-keeping in this process; only the elected leader acts."""

import asyncio
import os
import socket
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import TimeoutError as FutureTimeoutError
from datetime import UTC, datetime, timedelta
from threading import Lock, Thread
from typing import Any

import redis
import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from app.providers.base import HistoryProvider, ItemProvider, Provider, ProviderError
from app.providers.exchange import Exchange
from app.providers.sources import SIMULATED, is_simulated
from app.tasks.kinds import RETENTION
from app.telemetry.jobs import job_ended
from db.core import redis as cache
from db.core.pool import Database, DatabaseDownError
from db.items import simulated
from db.operations import jobs as job_state
from db.operations.leader import Leadership
from db.quotes import raw
from db.tasks import queue
from db.timescale import columnstore
from jobs import alerts, backups, cache_rebuild, demo_history, measures, past, rates
from jobs.config import JobConfig
from jobs.exchange.feed import ExchangeFeed
from jobs.exchange.selection import FeedOptions
from jobs.gap_filling import Filler
from jobs.ingest import Ingest
from jobs.polling import Poller
from jobs.valuation import Valuation

log = structlog.get_logger(__name__)

LEADERSHIP_INTERVAL = 1.0
RATES_INTERVAL = 300.0
"""Seconds between checks whether exchange rates are due."""
RETENTION_INTERVAL = 3600
BACKUP_INTERVAL = 60
"""Seconds between two looks whether a backup is due."""
STOP_TIMEOUT = 8.0
END_TIMEOUT = 3.0
"""Seconds that cancelled tasks have to end."""
RETRY_DELAY = 5.0


class Jobs:
    """The embedded scheduler of one process.

    Providers run on one event loop in a thread of its own, so that a slow one costs the others nothing; the rest runs in
    APScheduler's threads.
    """

    def __init__(
        self,
        config: JobConfig,
        database: Database,
        client: redis.Redis,
        providers: list[Provider],
        exchanges: Sequence[tuple[Exchange, FeedOptions]] = (),
    ) -> None:
        self.config, self.database, self.redis, self.providers = config, database, client, providers
        self.feeds = [ExchangeFeed(exchange, database, client, options) for exchange, options in exchanges]
        self.ingest = Ingest(database, client, heartbeat=config.heartbeat)
        self.leadership = Leadership(config.database_url)
        self.worker = f"{socket.gethostname()}:{os.getpid()}"
        self.leading = False
        self._heartbeat_sent = False
        self._stopping = False
        self._rates_table_mtime: int | None = None
        self._measures_lock = Lock()
        self._measured = measures.Kept()
        self._valuation = Valuation(database, config.portfolio_fees)
        self._loop: asyncio.AbstractEventLoop
        self._thread = Thread(target=self._run_loop, name="providers", daemon=True)
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
            self._check_leadership,
            "interval",
            seconds=LEADERSHIP_INTERVAL,
            next_run_time=datetime.now(UTC),
            id="lead",
            executor="lead",
        )
        self._schedule("volatility", self.config.metrics_seconds, self._volatility, first=15)
        self._schedule("retention", RETENTION_INTERVAL, self._retention, first=120)
        self._schedule("packing", 3600, self._packing, first=180)
        self._schedule("portfolios", self.config.portfolio_seconds, self._portfolios, first=20)
        self._schedule("past", self.config.portfolio_seconds, self._past, first=40)
        if self.config.backups:
            self._schedule("backup", BACKUP_INTERVAL, self._backup, first=10)
        if self.config.rates_url:
            self._schedule("rates", min(RATES_INTERVAL, self.config.rates_hours * 3600), self._rates, first=5)
        if self.config.rates_table:
            self._schedule("rates_table", RATES_INTERVAL, self._rates_table, first=1)
        self.scheduler.start()

    def stop(self) -> None:
        """End: running transactions are rolled back or finish, nothing new begins."""
        self._stopping = True
        self.scheduler.shutdown(wait=False)
        self._run_on_loop(self._cancel_cycles)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=STOP_TIMEOUT)
        self.leadership.release()

    def _run_loop(self) -> None:
        """Run the providers' loop until it is stopped, then let what goes on there end."""
        self._loop.run_forever()
        # A cycle that was cancelled ends its own tasks; cancelled a second time, it could not close its connections.
        self._wait_for_end([task for task in asyncio.all_tasks(self._loop) if task.cancelling()])
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._wait_for_end(left)
        if left := asyncio.all_tasks(self._loop):
            log.warning("providers do not end", tasks=sorted(task.get_name() for task in left))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    def _wait_for_end(self, tasks: Collection[asyncio.Task[Any]]) -> None:
        if tasks:
            self._loop.run_until_complete(asyncio.wait(tasks, timeout=END_TIMEOUT))

    def _schedule(self, name: str, seconds: float, action: Callable[[], object], *, first: float) -> None:
        begin = datetime.now(UTC) + timedelta(seconds=first)
        self.scheduler.add_job(
            self._run, "interval", args=[name, action], seconds=seconds, next_run_time=begin, id=name
        )

    def _check_leadership(self) -> None:
        """Claim or renew leadership, start or stop the jobs with it, and send a heartbeat."""
        was_leading, self.leading = self.leading, self.leadership.held()
        if self.leading and not was_leading:
            log.info("this process runs the jobs", worker=self.worker)
            self.scheduler.add_job(self._run, args=["warm", self._rebuild_cache], id="warm", replace_existing=True)
            if not any(is_simulated(provider.name) for provider in self.providers):
                self.scheduler.add_job(
                    self._run, args=["leave_demo", self._leave_demo], id="leave_demo", replace_existing=True
                )
            self._run_on_loop(self._start_providers)
        elif was_leading and not self.leading:
            log.warning("this process no longer runs the jobs", worker=self.worker)
            self._run_on_loop(self._cancel_cycles)
        self._send_heartbeat()

    def _send_heartbeat(self) -> None:
        """Record that this worker is alive, and restore Redis when it lost its data."""
        try:
            redis_lost_data = cache.heartbeat(self.redis, self.worker, time.time())
        except redis.RedisError as error:
            log.info("no heartbeat: Redis does not answer", error=str(error))
            return
        if redis_lost_data and self._heartbeat_sent and self.leading:
            log.warning("Redis lost its data, which is put back")
            self.scheduler.add_job(self._run, args=["refill", self._restore_redis], id="refill", replace_existing=True)
        self._heartbeat_sent = True

    def _run(self, name: str, action: Callable[[], object]) -> None:
        """Run a job once and record its state; does nothing where this process does not lead."""
        if not self.leading:
            return
        begun = time.monotonic()
        error: str | None = None
        try:
            job_state.started(self.database, name)
            action()
        except Exception as failure:  # the job's next run must come all the same
            expected = isinstance(failure, (DatabaseDownError, ProviderError))
            error = str(failure) if expected else f"{type(failure).__name__}: {failure}"
            if self._stopping:  # what it works with was taken away under it
                log.info("job given up: the process ends", job=name, error=error)
                return
            if expected:
                log.warning("job failed", job=name, error=error)
            else:
                log.exception("job failed", job=name)
        seconds = time.monotonic() - begun
        job_ended(name, seconds, failed=error is not None)
        job = self.scheduler.get_job(name)
        try:
            job_state.finished(
                self.database,
                name,
                seconds=seconds,
                next_run=job.next_run_time if job else None,
                error=error,
            )
        except DatabaseDownError as failure:
            log.warning("job state not kept", job=name, error=str(failure))

    def _rebuild_cache(self) -> None:
        cache_rebuild.rebuild_latest(self.database, self.redis)
        if any(provider.name == "demo" for provider in self.providers) and self.config.demo_history_days:
            demo_history.fill(self.database, self.config.demo_history_days)
            self._volatility()

    def _leave_demo(self) -> None:
        with self.database.connection() as connection:
            gone = simulated.forget_simulated(connection, SIMULATED)
        if gone:
            log.info("simulated prices left behind", prices=gone)
            cache_rebuild.rebuild_latest(self.database, self.redis)
            self._volatility()

    def _restore_redis(self) -> None:
        cache_rebuild.rebuild_latest(self.database, self.redis)
        self._volatility()

    def _volatility(self) -> None:
        with self._measures_lock:  # one at a time, so that what is newer comes last
            measures.run(self.database, self.redis, datetime.now(UTC), self._measured)
        self._run("alerts", self._alerts)

    def _alerts(self) -> None:
        alerts.run(self.database, datetime.now(UTC))

    def _retention(self) -> None:
        """Put the task in, once in each hour however many clocks there are; jobs/retention.py is what it does."""
        with self.database.connection() as connection:
            slot = int(time.time()) // RETENTION_INTERVAL * RETENTION_INTERVAL
            queue.defer_slot(connection, RETENTION.task({}, lock=RETENTION.name), slot)

    def _backup(self) -> None:
        if self.config.backups:
            backups.put_in(self.database, self.config.backups, datetime.now(UTC))

    def _packing(self) -> None:
        if moved := raw.pack(self.database, datetime.now(UTC)):
            log.info("quotes of past months packed", quotes=moved)
        columnstore.compress(self.database, datetime.now(UTC))

    def _portfolios(self) -> None:
        self._valuation.run(datetime.now(UTC))

    def _past(self) -> None:
        past.run(self.database, self.config.portfolio_fees, datetime.now(UTC))

    def _rates(self) -> None:
        # An instance on simulated prices makes no outside request before a portfolio is in another currency.
        real = not all(is_simulated(provider.name) for provider in self.providers)
        if rates.due(self.database, self.config.rates_hours, always=real):
            rates.run(self.database, self.config.rates_url)

    def _rates_table(self) -> None:
        path = self.config.rates_table
        if path and (changed := path.stat().st_mtime_ns) != self._rates_table_mtime:
            rates.run_table(self.database, path)
            self._rates_table_mtime = changed

    def _run_on_loop(self, action: Callable[[], None]) -> None:
        """Run an action on the providers' event loop, and wait for it."""

        async def call() -> None:
            action()

        try:
            asyncio.run_coroutine_threadsafe(call(), self._loop).result(STOP_TIMEOUT)
        except FutureTimeoutError:
            log.warning("the providers' loop is busy")

    def _start_providers(self) -> None:
        for provider in self.providers:
            self._cycles[provider.name] = self._loop.create_task(self._run_cycles(provider), name=provider.name)
            if isinstance(provider, ItemProvider) and provider.poll_rate > 0:
                name = f"poll:{provider.name}"
                poller = Poller(provider, self.database, self.ingest)
                self._cycles[name] = self._loop.create_task(poller.run(), name=name)
            if isinstance(provider, HistoryProvider) and provider.tells_history:
                name = f"fill:{provider.name}"
                self._cycles[name] = self._loop.create_task(Filler(provider, self.database).run(), name=name)
        for feed in self.feeds:
            name = f"exchange:{feed.exchange.name}"
            self._cycles[name] = self._loop.create_task(feed.run(), name=name)

    def _cancel_cycles(self) -> None:
        for task in self._cycles.values():
            task.cancel()
        self._cycles.clear()

    async def _run_cycles(self, provider: Provider) -> None:
        """Run a provider's cycles, each when the last one said it is due, until cancelled."""
        while True:
            try:
                wait = await asyncio.to_thread(self.ingest.wait, provider)
                await asyncio.sleep(wait)
                await self.ingest.cycle(provider)
            except Exception:  # the provider's next cycle must come all the same; the error is logged with its trace
                log.exception("provider's cycle broke off", provider=provider.name)
                await asyncio.sleep(RETRY_DELAY)
