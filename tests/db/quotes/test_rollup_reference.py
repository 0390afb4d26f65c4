"""Roll-ups against an implementation of their own: arrays, the way into the database, and the check."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, LiteralString

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.core.binary import UNKNOWN
from db.core.pool import Database
from db.operations import integrity
from db.quotes import months, writer
from db.quotes.buckets import NAMES, WIDTHS_US, Buckets, Ticks, aggregate, combine
from tests.db.quotes.reference import WIDTHS, Tick, rollup

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
START = datetime(2024, 3, 10, 22, 0, tzinfo=UTC)  # Sunday: two hours on is another hour, day and week
SOURCES = count()
ITEMS: LiteralString = """
INSERT INTO items (id, market, market_hash_name, match_key, slug)
SELECT n, 'steam:730', 'I' || n, 'i' || n, 'i-' || n FROM generate_series(1, 3) n ON CONFLICT DO NOTHING
"""

tick = st.builds(
    lambda item, minutes, price, volume, rolling: Tick(
        item, START + timedelta(minutes=minutes), price, volume, rolling
    ),
    st.integers(1, 3),
    st.one_of(st.integers(-90, 400), st.integers(-20_000, 20_000)),
    st.one_of(st.integers(1, 3000), st.integers(10**9, 10**9 + 5)),
    st.one_of(st.none(), st.integers(0, 500)),
    st.sampled_from([None, False, True]),
)
ticks_of = st.lists(tick, min_size=1, max_size=60, unique_by=lambda one: (one.item_id, one.time))


def microseconds(moment: datetime | None) -> int:
    return UNKNOWN if moment is None else (moment - EPOCH) // timedelta(microseconds=1)


def known(value: Any) -> int:
    return UNKNOWN if value is None else int(value)


def as_ticks(given_ticks: list[Tick]) -> Ticks:
    ordered = sorted(given_ticks, key=lambda one: (one.item_id, one.time))
    rows = [(one.item_id, microseconds(one.time), one.price, known(one.volume), known(one.rolling)) for one in ordered]
    return Ticks(*np.array(rows, dtype=np.int64).reshape(-1, 5).T)


def rows(buckets: Buckets) -> dict[tuple[int, int], dict[str, Any]]:
    columns = {name: getattr(buckets, name).tolist() for name in NAMES}
    return {
        (columns["item_id"][at], columns["bucket"][at]): {name: columns[name][at] for name in NAMES[2:]}
        for at in range(len(buckets))
    }


def expected(given_ticks: list[Tick], table: str) -> dict[tuple[int, int], dict[str, Any]]:
    found = {}
    for (item, bucket), row in rollup(given_ticks, WIDTHS[table]).items():
        plain = {
            name: microseconds(value) if name.endswith("_time") else value if isinstance(value, float) else known(value)
            for name, value in row.items()
        }
        close = {name: pytest.approx(plain[name], rel=1e-9, abs=1e-9 * plain["high"]) for name in ("average", "stddev")}
        found[item, microseconds(bucket)] = plain | close
    return found


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(given_ticks=ticks_of)
def test_buckets_of_quotes_and_of_narrower_buckets_equal_the_reference(given_ticks: list[Tick]) -> None:
    ticks = as_ticks(given_ticks)
    below = None
    for table, width in WIDTHS_US.items():
        direct = aggregate(ticks, width)
        assert rows(direct) == expected(given_ticks, table)
        below = direct if below is None else combine(below, width)
        assert rows(below) == expected(given_ticks, table)


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    batches=st.lists(ticks_of, min_size=1, max_size=3),
    spoiled=st.integers(0, 10**6),
    still_open=st.sampled_from([months.OPEN, timedelta(days=3650)]),
)
def test_what_comes_in_equals_the_reference_and_the_check_agrees(
    database: Database, batches: list[list[Tick]], spoiled: int, still_open: timedelta
) -> None:
    database.execute(ITEMS)
    source = f"reference-{next(SOURCES)}"
    kept: dict[tuple[int, datetime], Tick] = {}
    for batch in batches:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                months, "OPEN", still_open
            )  # where nothing can be packed yet, a few quotes come in another way
            put(database, source, batch)
        for one in batch:
            kept.setdefault((one.item_id, one.time), one)
    for table, width in WIDTHS.items():
        query = f"SELECT * FROM {table} WHERE source = %s"  # noqa: S608
        held = {(row["item_id"], row["bucket"]): row for row in database.rows(query, [source])}
        reference = rollup(kept.values(), width)
        assert held.keys() == reference.keys()
        for key, row in reference.items():
            for name, value in row.items():
                near = pytest.approx(value, rel=1e-9, abs=1e-9 * row["high"]) if isinstance(value, float) else value
                assert held[key][name] == near, (table, key, name)
    assert integrity.verify(database) == []
    table = list(WIDTHS)[spoiled % 3]
    database.execute(
        f"UPDATE {table} SET close = close + 1 WHERE source = %s AND bucket = (SELECT max(bucket) FROM {table} WHERE source = %s)",  # noqa: S608
        [source, source],
    )
    assert integrity.check(database, repair=True).unrepaired == 0
    assert integrity.verify(database) == []


def put(database: Database, source: str, batch: list[Tick]) -> None:
    ticks = as_ticks(batch)
    given_quotes = writer.QuoteColumns.of(
        ticks.item_id, ticks.time, ticks.price, volume=ticks.volume, rolling=ticks.rolling
    )
    with database.connection() as connection:
        writer.make_partitions(connection, given_quotes)
        with connection.transaction():
            writer.lock_source(connection, source)
            writer.store(connection, source, given_quotes, heartbeat=timedelta(0))


def derived_rows(database: Database) -> list[list[dict[str, Any]]]:
    tables = (*WIDTHS, "price_latest")
    return [database.rows(f"SELECT * FROM {table} ORDER BY source, item_id, 3") for table in tables]  # noqa: S608


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=ticks_of, after=ticks_of, cut=st.integers(-21_000, 21_000))
def test_deleted_quotes_are_no_fault_and_a_repair_erases_nothing(
    database: Database, before: list[Tick], after: list[Tick], cut: int
) -> None:
    database.execute(ITEMS)
    source = f"forgotten-{next(SOURCES)}"
    put(database, source, before)
    database.execute("DELETE FROM price_history WHERE time < %s", [START + timedelta(minutes=cut)])
    put(database, source, after)  # late quotes, too: older than the oldest that is left
    assert integrity.verify(database) == []
    kept = derived_rows(database)
    integrity.check(database, repair=True)
    assert derived_rows(database) == kept
