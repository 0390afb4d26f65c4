"""Kept closes say what the database says, whatever was kept and whenever."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from app.analytics.arrays import Ints
from db.core.pool import Database
from db.quotes import closes, writer
from jobs.kept_closes import KeptCloses

BEGIN = datetime(2024, 5, 8, 10, 37, 30, tzinfo=UTC)
SPAN = timedelta(hours=30)
ITEMS = 12
EVERY = range(ITEMS + 3)


@pytest.fixture
def items(database: Database) -> Database:
    """Items 1 to 12 of the market, those before and behind are none."""
    database.execute(
        "INSERT INTO items (id, market, market_hash_name, match_key, slug)"
        " SELECT n, 'steam:730', 'Item ' || n, 'item ' || n, 'item-' || n FROM generate_series(1, %s) n",
        [ITEMS],
    )
    return database


def store(database: Database, dice: np.random.Generator, chosen: Ints, until: datetime, span: timedelta) -> None:
    """Quotes of cents, and of figures that no narrow column holds: dear, far apart, often sold, or with no known volume."""
    seconds = int(until.timestamp()) - dice.integers(0, int(span.total_seconds()), len(chosen))
    prices = dice.integers(80, 9_000, len(chosen)) * np.where(chosen % 4 == 0, 1 << 24, 1)
    volume = np.where(chosen % 5 == 0, 70_000, dice.integers(-1, 60, len(chosen)))
    rolling = np.where(volume < 0, -1, chosen % 2)
    quotes = writer.QuoteColumns.of(chosen, seconds * 1_000_000, prices, volume=volume, rolling=rolling)
    with database.connection() as connection:
        writer.make_partitions(connection, quotes)
        with connection.transaction():
            writer.lock_source(connection, source := "steam" if len(chosen) % 2 else "skinport")
            writer.store(connection, source, quotes, heartbeat=timedelta(0))


def rows(found: closes.Closes) -> dict[tuple[int, str], object]:
    """By item and source, everything that is said of it."""
    return {
        (item, found.source[at]): (
            int(found.scale[at]),
            repr(float(found.previous[at])),
            repr(float(found.previous_age[at])),
            found.cells[found.row == at].tolist(),
        )
        for at, item in enumerate(found.item_id.tolist())
    }


@pytest.mark.parametrize("limit", [1 << 20, 4_000, 0])
@pytest.mark.parametrize("seed", range(4))
def test_they_say_what_the_database_says(items: Database, seed: int, limit: int) -> None:
    dice, now, kept = np.random.default_rng(seed), BEGIN, KeptCloses(limit)
    for count in (60, 61):
        store(items, dice, dice.integers(1, ITEMS + 1, count), now, SPAN * 2)
    for _ in range(8):
        now += timedelta(minutes=int(dice.integers(1, 600)))
        chosen = np.unique(dice.integers(1, ITEMS + 1, int(dice.integers(1, 5))))
        store(items, dice, chosen, now, SPAN * 2)
        kept.forget(chosen.tolist())
        first = now.replace(minute=0, second=0) - SPAN
        # What changes a minute is read alone; now and then everything is asked for.
        for asked in (chosen.tolist(), EVERY):
            held = rows(kept.hourly(items, "steam:730", first, now, asked))
            assert held == rows(closes.hourly(items, "steam:730", first, now, asked))
        assert kept.bytes <= limit


def test_what_is_kept_is_not_read_again(items: Database) -> None:
    dice, kept = np.random.default_rng(1), KeptCloses()
    store(items, dice, np.arange(1, ITEMS + 1), BEGIN, SPAN)
    first = BEGIN - SPAN
    whole = rows(kept.hourly(items, "steam:730", first, BEGIN, EVERY))
    items.execute("DELETE FROM price_quotes")
    items.execute("DELETE FROM price_hours")
    assert rows(kept.hourly(items, "steam:730", first, BEGIN, EVERY)) == whole
    kept.forget([3])
    assert {item for item, _ in whole} - {
        item for item, _ in rows(kept.hourly(items, "steam:730", first, BEGIN, EVERY))
    } == {3}
