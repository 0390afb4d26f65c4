"""Demo history: fills in past prices of the simulated market, so that charts and measures start with data."""

from datetime import UTC, datetime, timedelta

import numpy as np
import structlog

from app.analytics.arrays import Ints
from app.items import matching
from app.providers.base import Quote
from app.providers.demo.provider import DemoProvider
from db.core.pool import Database
from db.quotes import latest, writer

log = structlog.get_logger(__name__)

NEWEST_FIRST = timedelta(days=8)


def fill(database: Database, days: int) -> int:
    """Keep `days` of hourly history of the simulated market unless it is there; returns how many quotes are new.

    The newest days come first, so that the short windows fill within seconds.
    """
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    start = now - timedelta(days=days)
    if latest.exists_before(database, "demo", start + timedelta(days=2)):
        return 0
    provider = DemoProvider(None)
    ids = _items(database, provider, now)
    stored = 0
    end = now
    while end > start:
        begin = max(start, end - NEWEST_FIRST)
        stored += _load(database, provider, ids, begin, end)
        end = begin
    log.info("simulated history kept", quotes=stored)
    return stored


def _items(database: Database, provider: DemoProvider, now: datetime) -> Ints:
    described = [
        Quote(market_hash_name=item.market_hash_name, source="demo", price=1, quoted_at=now, rarity=item.rarity)
        for item in provider.items()
    ]
    with database.connection() as connection, connection.transaction():
        matched = matching.match(connection, described)
    return np.array([item.id for item in matched.items], dtype=np.int64)


def _load(database: Database, provider: DemoProvider, ids: Ints, begin: datetime, end: datetime) -> int:
    history = provider.history_arrays(begin, end)
    steps = len(history.times)
    columns = writer.QuoteColumns.of(
        np.repeat(ids, steps),
        np.tile(history.times * 1_000_000, len(ids)),
        history.prices.ravel(),
        volume=history.volumes.ravel(),
        rolling=0,
    )
    with database.connection() as connection:
        writer.make_partitions(connection, columns)
        with connection.transaction():
            writer.lock_source(connection, "demo")
            return writer.store(connection, "demo", columns, heartbeat=timedelta(0)).inserted
