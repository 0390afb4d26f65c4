"""Outages of providers are recorded while cycles run, with the kind of the first failure or why nobody asked."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis

from app.providers.base import Batch, ProviderError, Quote
from db.core.pool import Database
from db.operations import outages
from jobs.ingest import Ingest


@dataclass
class Market:
    """A provider that quotes an item a cycle, and then fails where it is told to."""

    name: str = "skinport"
    sources: tuple[str, ...] = ("skinport",)
    interval: float = 60.0
    timeout: float = 5.0
    simulated: bool = False
    fails: ProviderError | None = None
    quotes: list[Quote] = field(default_factory=list)

    async def fetch(self, cursor: dict[str, Any]) -> AsyncIterator[Batch]:
        if self.quotes:
            yield Batch(self.quotes, cursor)
        if self.fails:
            raise self.fails

    async def aclose(self) -> None:
        """Nothing is open."""


@pytest.fixture
def ingest(database: Database, redis_client: redis.Redis) -> Ingest:
    return Ingest(database, redis_client, heartbeat=timedelta(minutes=30))


def cycle(ingest: Ingest, **told: Any) -> None:
    asyncio.run(ingest.cycle(Market(**told)))


def every(database: Database) -> list[tuple[str, bool]]:
    """Cause and whether it lasts, oldest first."""
    found = outages.newest(database, 10, longer_than=timedelta(0))
    return [(row["cause"], row["until"] is None) for row in reversed(found)]


def passed(database: Database, time: timedelta, *, jobs_too: bool = True) -> None:
    """As if so much time had gone by since everything that is recorded."""
    database.execute(
        "UPDATE provider_state SET last_started = last_started - %(t)s, last_success = last_success - %(t)s,"
        " last_failure = last_failure - %(t)s, next_attempt = next_attempt - %(t)s",
        {"t": time},
    )
    database.execute("UPDATE provider_outages SET since = since - %(t)s, until = until - %(t)s", {"t": time})
    if jobs_too:
        database.execute("UPDATE job_state SET last_finished = last_finished - %s", [time])


def test_an_outage_is_from_the_first_failure_to_the_next_success(ingest: Ingest) -> None:
    cycle(ingest)
    assert every(ingest.database) == []
    cycle(ingest, fails=ProviderError("throttled", "slower, please"))
    cycle(ingest, fails=ProviderError("network", "nobody there"))
    assert every(ingest.database) == [("throttled", True)]
    (row,) = outages.newest(ingest.database, 1, longer_than=timedelta(0))
    assert (row["provider"], row["detail"]) == ("skinport", "nobody there")
    cycle(ingest)
    cycle(ingest)
    assert every(ingest.database) == [("throttled", False)]


def test_what_a_cycle_brought_before_it_failed_is_no_outage(ingest: Ingest) -> None:
    cycle(ingest, fails=ProviderError("network", "nobody there"))
    before = datetime.now(UTC)
    quote = Quote("Glove Case", "skinport", 500, before)
    cycle(ingest, quotes=[quote], fails=ProviderError("throttled", "slower, please"))
    assert every(ingest.database) == [("network", False), ("throttled", True)]
    newest = outages.newest(ingest.database, 1, longer_than=timedelta(0))[0]
    assert newest["since"] >= before


def lived(database: Database, ago: timedelta) -> None:
    database.execute("INSERT INTO job_state (name, last_finished) VALUES ('volatility', %s)", [datetime.now(UTC) - ago])


def test_an_instance_that_was_off_says_so(ingest: Ingest, redis_client: redis.Redis) -> None:
    cycle(ingest)
    passed(ingest.database, timedelta(hours=5))
    lived(ingest.database, timedelta(hours=4, minutes=59))
    later = Ingest(ingest.database, redis_client, heartbeat=timedelta(minutes=30))
    cycle(later)
    assert every(ingest.database) == [("instance_off", False)]
    (row,) = outages.newest(ingest.database, 1)
    assert timedelta(hours=4, minutes=58) < row["until"] - row["since"] < timedelta(hours=5)
    cycle(later)
    assert len(every(ingest.database)) == 1


def test_a_provider_that_was_off_while_others_ran_says_so(ingest: Ingest, redis_client: redis.Redis) -> None:
    cycle(ingest)
    passed(ingest.database, timedelta(hours=5))
    lived(ingest.database, timedelta(minutes=1))
    cycle(Ingest(ingest.database, redis_client, heartbeat=timedelta(minutes=30)))
    assert every(ingest.database) == [("provider_off", False)]


def test_a_restart_within_three_intervals_is_no_outage(ingest: Ingest, redis_client: redis.Redis) -> None:
    cycle(ingest)
    passed(ingest.database, timedelta(minutes=3))
    cycle(Ingest(ingest.database, redis_client, heartbeat=timedelta(minutes=30)))
    assert every(ingest.database) == []


def test_a_pass_of_hours_lasted_as_long_as_the_instance(ingest: Ingest, redis_client: redis.Redis) -> None:
    cycle(ingest)
    # The next cycle began, ran for three hours, and died with the instance an hour ago.
    ingest.database.execute("UPDATE provider_state SET last_started = now() + interval '1 second'")
    passed(ingest.database, timedelta(hours=4))
    lived(ingest.database, timedelta(hours=1))
    cycle(Ingest(ingest.database, redis_client, heartbeat=timedelta(minutes=30)))
    (row,) = outages.newest(ingest.database, 1)
    assert row["cause"] == "instance_off"
    assert timedelta(minutes=59) < row["until"] - row["since"] < timedelta(minutes=62)


def test_a_failure_that_lasts_over_a_night_off_stays_one_outage(ingest: Ingest, redis_client: redis.Redis) -> None:
    cycle(ingest, fails=ProviderError("network", "nobody there"))
    passed(ingest.database, timedelta(hours=9))
    cycle(Ingest(ingest.database, redis_client, heartbeat=timedelta(minutes=30)))
    assert every(ingest.database) == [("network", False)]


def test_a_provider_that_never_ran_here_has_none(ingest: Ingest) -> None:
    assert outages.recorded_since(ingest.database, "skinport") is None
    cycle(ingest)
    assert outages.recorded_since(ingest.database, "skinport") is not None
    assert every(ingest.database) == []
