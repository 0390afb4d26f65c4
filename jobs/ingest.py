"""Ingest: one cycle of one provider fetches, matches, stores and publishes; a batch is one transaction with its cursor."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import redis
import structlog

from app.analytics.arrays import Ints
from app.items import matching
from app.live.lag import now_ms
from app.live.publish import publish_prices
from app.providers.base import Batch, Provider, ProviderError, Quote, VolumeKind
from app.telemetry.jobs import job_ended
from db.core.binary import UNKNOWN
from db.core.pool import Database, DatabaseDownError
from db.operations import outages, providers
from db.quotes import writer
from jobs import cache_rebuild
from jobs.pauses import doubled_pause

log = structlog.get_logger(__name__)

MAX_WAIT = 3600.0
MIN_WAIT = 5.0
DATABASE_WAIT = 1.0
"""Seconds until the next attempt where the database was what failed: it is asked once, not a market."""
CLOCK_SKEW = timedelta(minutes=5)


@dataclass(slots=True)
class Report:
    """What one cycle did. `seconds` is the whole cycle, `database_seconds` the part spent in PostgreSQL."""

    provider: str
    started_at: datetime
    fetched: int = 0
    stored: int = 0
    unchanged: int = 0
    new_items: int = 0
    rejected: list[str] = field(default_factory=list)
    error_kind: str | None = None
    error: str | None = None
    retry_after: float | None = None
    seconds: float = 0.0
    database_seconds: float = 0.0


class Ingest:
    """Runs cycles against one database and one Redis."""

    def __init__(self, database: Database, client: redis.Redis, *, heartbeat: timedelta) -> None:
        self.database, self.redis, self.heartbeat = database, client, heartbeat
        self._began = datetime.now(UTC)
        self._unrecorded: set[str] = set()

    async def cycle(self, provider: Provider) -> Report:
        """Run one cycle; whatever the provider does, the report and the stored state say what happened."""
        begun = time.monotonic()
        report = Report(provider.name, datetime.now(UTC))
        try:
            await asyncio.to_thread(self._begin, provider, report.started_at)
            cursor = await asyncio.to_thread(providers.cursor_of, self.database, provider.name)
            async with asyncio.timeout(provider.timeout):
                async for batch in provider.fetch(cursor):
                    await asyncio.to_thread(self.store, provider.name, batch, report)
        except ProviderError as error:
            report.error_kind, report.error, report.retry_after = error.kind, str(error), error.retry_after
        except TimeoutError:
            report.error_kind, report.error = "timeout", f"no end within {provider.timeout:.0f} s"
        except DatabaseDownError as error:
            report.error_kind, report.error = "database", str(error)
        except Exception as error:  # a provider's fault must not reach the others; it is logged with its trace
            log.exception("provider failed unexpectedly", provider=provider.name)
            report.error_kind, report.error = "internal", f"{type(error).__name__}: {error}"
        report.seconds = time.monotonic() - begun
        job_ended(f"provider:{provider.name}", report.seconds, failed=report.error is not None)
        await asyncio.to_thread(self._end, provider, report)
        return report

    def wait(self, provider: Provider) -> float:
        """Seconds until the provider's next cycle is due."""
        try:
            due = providers.next_attempt(self.database, provider.name)
        except DatabaseDownError:
            return DATABASE_WAIT
        return max(0.0, (due - datetime.now(UTC)).total_seconds()) if due else 0.0

    def store(self, name: str | None, batch: Batch, report: Report) -> None:
        """Store a batch and its cursor in one transaction per source group, then publish the prices.

        `name` is the provider's whose cursor this is; None keeps the one that is there.
        """
        begun, received = time.monotonic(), now_ms()
        report.fetched += len(batch.quotes)
        report.rejected += batch.rejected
        sound, doubtful = _plausible(batch.quotes)
        report.rejected += doubtful
        with self.database.connection() as connection:
            if sound:
                moments = [quote.quoted_at for quote in sound]
                writer.make_months(connection, min(moments), max(moments))
            with connection.transaction():
                matched = matching.match(connection, sound)
                for source in sorted({quote.source for quote in matched.quotes}):
                    chosen = [at for at, quote in enumerate(matched.quotes) if quote.source == source]
                    own = columns([matched.quotes[at] for at in chosen], [matched.items[at].id for at in chosen])
                    writer.lock_source(connection, source)
                    stored = writer.store(connection, source, own, heartbeat=self.heartbeat)
                    report.stored += stored.inserted
                    report.unchanged += stored.unchanged
                if name is not None:
                    providers.save_cursor(connection, name, batch.cursor)
        stages = {"received": received, "stored": now_ms()}
        report.new_items += matched.new_items
        report.rejected += matched.rejected
        report.database_seconds += time.monotonic() - begun
        cache_rebuild.rebuild_latest(self.database, self.redis, sorted({item.id for item in matched.items}))
        publish_prices(self.redis, matched, stages)

    def _begin(self, provider: Provider, at: datetime) -> None:
        providers.register(self.database, provider.name, simulated=provider.simulated, interval=provider.interval)
        failed = provider.name in self._unrecorded
        outages.begin_cycle(self.database, provider.name, at, process_began=self._began, database_failed=failed)
        self._unrecorded.discard(provider.name)
        providers.started(self.database, provider.name, at)

    def _end(self, provider: Provider, report: Report) -> None:
        now = datetime.now(UTC)
        try:
            if report.error:
                wait = self._backoff(provider, report)
                providers.failed(
                    self.database,
                    provider.name,
                    at=now,
                    kind=report.error_kind or "internal",
                    error=report.error,
                    next_attempt=now + wait,
                )
                self._note_outage(provider.name, report, now)
                log.warning(
                    "cycle failed",
                    provider=provider.name,
                    kind=report.error_kind,
                    error=report.error,
                    retry_in=wait.total_seconds(),
                )
            else:
                wait = timedelta(seconds=max(0.0, provider.interval - report.seconds))
                providers.succeeded(
                    self.database,
                    provider.name,
                    at=now,
                    seconds=report.seconds,
                    stored=report.stored,
                    next_attempt=now + wait,
                )
                outages.end(self.database, provider.name, now)
            providers.record_cycle(self.database, _line(report, now))
        except DatabaseDownError as error:
            self._unrecorded.add(provider.name)
            log.warning("cycle not recorded", provider=provider.name, error=str(error))

    def _note_outage(self, name: str, report: Report, now: datetime) -> None:
        """What a cycle brought before it failed ends an outage, and the next one begins behind it."""
        if report.fetched:
            outages.end(self.database, name, now)
        since = now if report.fetched else report.started_at
        outages.begin(self.database, name, since, cause=report.error_kind or "internal", detail=report.error or "")

    def _backoff(self, provider: Provider, report: Report) -> timedelta:
        if report.error_kind == "database":
            return timedelta(seconds=DATABASE_WAIT)
        first = max(MIN_WAIT, min(provider.interval, 60.0))
        failures = providers.failures(self.database, provider.name) + 1
        return timedelta(seconds=doubled_pause(first, MAX_WAIT, failures, asked=report.retry_after))


def columns(batch: list[Quote], item_ids: list[int]) -> writer.QuoteColumns:
    """Quotes as columns."""

    def column(values: list[int | None]) -> Ints:
        return np.array([UNKNOWN if value is None else value for value in values], dtype=np.int64)

    return writer.QuoteColumns(
        item_id=np.array(item_ids, dtype=np.int64),
        time=np.array([microseconds(quote.quoted_at) for quote in batch], dtype=np.int64),
        price=column([quote.price for quote in batch]),
        volume=column([quote.volume for quote in batch]),
        rolling=column(
            [None if quote.volume_kind is None else int(quote.volume_kind is VolumeKind.ROLLING_24H) for quote in batch]
        ),
        listings=column([quote.listings for quote in batch]),
        bid=column([quote.bid for quote in batch]),
        ask=column([quote.ask for quote in batch]),
    )


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970 of an aware time, exactly."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _plausible(batch: list[Quote]) -> tuple[list[Quote], list[str]]:
    """Quotes with a price above zero and a time that is not in the future; the reason for each other one."""
    latest = datetime.now(UTC) + CLOCK_SKEW
    sound, doubtful = [], []
    for quote in batch:
        if quote.price <= 0:
            doubtful.append(f"{quote.market_hash_name}: price {quote.price}")
        elif quote.quoted_at > latest:
            doubtful.append(f"{quote.market_hash_name}: quoted in the future ({quote.quoted_at.isoformat()})")
        else:
            sound.append(quote)
    return sound, doubtful


def _line(report: Report, now: datetime) -> dict[str, object]:
    return {
        "provider": report.provider,
        "started_at": report.started_at,
        "finished_at": now,
        "fetched": report.fetched,
        "stored": report.stored,
        "unchanged": report.unchanged,
        "rejected": len(report.rejected),
        "new_items": report.new_items,
        "error": report.error,
    }
