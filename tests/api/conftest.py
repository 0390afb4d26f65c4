"""A small market with known quotes."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from app.providers.base import Batch, Quote, VolumeKind
from app.runtime import Runtime
from jobs import measures
from jobs.ingest import Ingest, Report

NAMES = ("AK-47 | Redline (Field-Tested)", "★ Karambit | Doppler (Factory New)", "Glove Case")


@dataclass(frozen=True, slots=True)
class Market:
    """What is in the database: item ids in the order of NAMES, and the time of the newest quote."""

    ids: tuple[int, ...]
    now: datetime


def quote(name: str, price: int, at: datetime, source: str = "steam", volume: int | None = 100) -> Quote:
    return Quote(name, source, price, at, volume=volume, volume_kind=VolumeKind.INTERVAL)


@pytest.fixture
def market(runtime: Runtime) -> Market:
    """Three items with 48 hourly Steam quotes each, the first one also quoted by Skinport."""
    runtime.start()
    now = datetime.now(UTC).replace(microsecond=0)
    quotes = [
        quote(name, 1000 * (at + 1) + hour * (7 if hour % 2 else -5), now - timedelta(hours=hour))
        for at, name in enumerate(NAMES)
        for hour in range(48)
    ]
    quotes.append(quote(NAMES[0], 950, now - timedelta(minutes=3), "skinport", None))
    held = runtime.services
    ingest = Ingest(held.database, held.redis, heartbeat=timedelta(0))
    ingest.store("steam", Batch(quotes), Report("steam", now))
    measures.run(held.database, held.redis, now)
    rows = held.database.rows("SELECT id, market_hash_name FROM items")
    by_name = {row["market_hash_name"]: row["id"] for row in rows}
    return Market(tuple(by_name[name] for name in NAMES), now)
