"""`tracera db verify` finds the same, in the same order, in however many parts that are looked at side by side."""

from datetime import timedelta

import numpy as np
import pytest

from db.core.pool import Database
from db.operations import integrity
from db.quotes import stored, writer

HOUR_US = 3_600_000_000


def test_parts_side_by_side_find_what_one_part_finds(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    database.execute(
        "INSERT INTO items (id, market, market_hash_name, match_key, slug)"
        " SELECT n, 'steam:730', 'Item ' || n, 'item ' || n, 'item-' || n FROM generate_series(1, 30) n"
    )
    items = np.repeat(np.arange(1, 31), 40)
    times = 1_715_000_000_000_000 + np.tile(np.arange(40), 30) * HOUR_US
    quotes = writer.QuoteColumns.of(items, times, 100 + items)
    with database.connection() as connection:
        writer.make_partitions(connection, quotes)
        with connection.transaction():
            writer.lock_source(connection, "steam")
            writer.store(connection, "steam", quotes, heartbeat=timedelta(0))
    database.execute("UPDATE price_hours SET high = high + 1 WHERE item_id % 2 = 0")
    database.execute("DELETE FROM price_days WHERE item_id % 3 = 0")
    whole = integrity.check(database)
    monkeypatch.setattr(integrity, "ROWS_AT_ONCE", 1)
    seen: list[int] = []
    parted = integrity.check(database, progress=lambda at: seen.append(at.done))
    assert (parted.tally, parted.rows, parted.unchecked) == (whole.tally, whole.rows, whole.unchecked)
    assert len(seen) == 30
    assert seen == sorted(seen)
    assert whole.differences > 0
    assert integrity.check(database, repair=True).repaired["price_1h"] > 0
    assert integrity.verify(database) == []


@pytest.mark.parametrize("last", [10_000, 1 << 62])
def test_codes_are_equal_for_equal_keys_and_ordered_like_them(last: int) -> None:
    """Whether or not a product of the two holds them."""
    dice = np.random.default_rng(3)
    items = dice.choice(np.array([1, 5, 9, 2_000_000_000]), (2, 50))
    times = dice.choice(np.array([-7, 0, 3, last]), (2, 50))
    found = np.concatenate(stored.codes((items[0], times[0]), (items[1], times[1]), (items[0][:0], times[0][:0])))
    keys = list(zip(items.ravel().tolist(), times.ravel().tolist(), strict=True))
    order = {key: at for at, key in enumerate(sorted(set(keys)))}
    codes = {code: at for at, code in enumerate(sorted(set(found.tolist())))}
    assert [codes[code] for code in found.tolist()] == [order[key] for key in keys]
