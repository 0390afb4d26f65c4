"""Packed months answer as rows do, whatever comes in, in whatever order, and wherever the border lies."""

from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.core import migrate
from db.core.pool import Database
from db.operations import integrity
from db.quotes import candles, corrections, months, raw, writer
from tests.db.quotes.reference import WIDTHS, Tick, rollup
from tests.db.quotes.test_rollup_reference import ITEMS, as_ticks, ticks_of

SOURCES = count()
NEVER, ALWAYS = 0, 4_000_000_000_000_000
APRIL = int(datetime(2024, 4, 1, tzinfo=UTC).timestamp()) * 1_000_000
"""Quotes of `ticks_of` lie around 10 March 2024, some of them weeks off."""
VIEWS = ("price_history", *WIDTHS)


def put(database: Database, source: str, batch: list[Tick], packed_before: int) -> writer.Stored:
    ticks = as_ticks(batch)
    quotes = writer.QuoteColumns.of(ticks.item_id, ticks.time, ticks.price, volume=ticks.volume, rolling=ticks.rolling)
    with database.connection() as connection:
        writer.make_partitions(connection, quotes)
        with connection.transaction():
            writer.lock_source(connection, source)
            return writer.store(
                connection, source, quotes, heartbeat=timedelta(0), compare=True, packed_before=packed_before
            )


def content(database: Database, source: str) -> dict[str, list[dict[str, Any]]]:
    found = {
        # By item_id alone, TimescaleDB 2.29 fails to plan it: it takes both parts of the view for one table.
        view: database.rows(f"SELECT * FROM {view} WHERE source = %s ORDER BY item_id + 0, 3", [source])  # noqa: S608
        for view in VIEWS
    }
    for rows in found.values():
        for row in rows:
            row.pop("source")
            row |= {
                name: pytest.approx(row[name], rel=1e-9, abs=1e-9 * row["high"])
                for name in ("average", "stddev")
                if name in row
            }
    return found


def exact(found: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """The same without tolerance, for the left side of a comparison."""
    return {
        view: [row | {name: row[name].expected for name in ("average", "stddev") if name in row} for row in rows]
        for view, rows in found.items()
    }


def drawn(database: Database, source: str) -> list[list[Any]]:
    """Candles of all intervals and items, whole and in parts."""
    moments = [datetime(2024, 3, 1, tzinfo=UTC), datetime(2024, 3, 11, 0, 40, tzinfo=UTC)]
    found = []
    for item in (1, 2, 3):
        for interval in candles.SECONDS:
            for options in (
                {},
                {"limit": 2},
                {"since": moments[0], "until": moments[1], "lead": 3},
                {"since": moments[1], "lead": 2},
            ):
                got = candles.candles(database, item, source, interval, **options)
                columns = (got.time, got.open, got.high, got.low, got.close, got.volume, got.rolling, got.samples)
                found.append([got.lead, *(column.tolist() for column in columns)])
    return found


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    batches=st.lists(st.tuples(ticks_of, st.sampled_from([NEVER, APRIL, ALWAYS])), min_size=1, max_size=3),
    again=st.sampled_from([NEVER, ALWAYS]),
)
def test_whatever_is_packed_the_answers_are_the_same(
    database: Database, batches: list[tuple[list[Tick], int]], again: int
) -> None:
    database.execute(ITEMS)
    plain, packed = f"plain-{next(SOURCES)}", f"packed-{next(SOURCES)}"
    for batch, border in batches:
        assert put(database, packed, batch, border) == put(database, plain, batch, NEVER)
    before = content(database, plain)
    assert exact(content(database, packed)) == before
    assert drawn(database, packed) == drawn(database, plain)
    assert integrity.verify(database) == []
    every = [tick for batch, _ in batches for tick in batch]
    first = {(tick.item_id, tick.time): tick for tick in reversed(every)}
    assert {view: len(before[view]) for view in WIDTHS} == {
        view: len(rollup(first.values(), width)) for view, width in WIDTHS.items()
    }
    for batch, _ in batches:
        assert put(database, packed, batch, again).inserted == 0
    rows = len(content_rows(database, packed))
    assert raw.pack(database, datetime.now(UTC)) == len(first) + rows
    for source in (packed, plain):
        assert exact(content(database, source)) == before
        assert content_rows(database, source) == []
    assert raw.pack(database, datetime.now(UTC)) == 0
    assert integrity.verify(database) == []


def content_rows(database: Database, source: str) -> list[dict[str, Any]]:
    return database.rows("SELECT item_id FROM price_quotes WHERE source = %s", [source])


START = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)
BORDER = months.packed_before(datetime.now(UTC))


def quoted(hours: float, price: int, volume: int | None = 3, item: int = 1) -> Tick:
    return Tick(item, START + timedelta(hours=hours), price, volume, rolling=False)


@pytest.fixture
def market(database: Database) -> Database:
    """An item quoted daily for 90 days, three times in one hour on one of them; all packed."""
    database.execute(ITEMS)
    batch = [quoted(24 * day, 100 + day) for day in range(90)]
    batch += [quoted(24 * 40 + 0.25, 900), quoted(24 * 40 + 0.5, 50, None)]
    assert put(database, "steam", batch, BORDER).inserted == 92
    assert content_rows(database, "steam") == []
    return database


def counts(database: Database) -> dict[str, int]:
    """Rows of the tables behind the views."""
    tables = ("price_months", "price_hours", "price_days", "price_weeks")
    return {name: len(database.rows(f"SELECT 1 FROM {name}")) for name in tables}  # noqa: S608


def test_a_packed_month_is_a_row_and_only_days_of_several_quotes_are_kept_beside_it(market: Database) -> None:
    assert counts(market) == {"price_months": 3, "price_hours": 0, "price_days": 1, "price_weeks": 0}
    assert {view: len(rows) for view, rows in content(market, "steam").items()} == {
        "price_history": 92,
        "price_1h": 90,
        "price_24h": 90,
        "price_7d": 14,
    }


def test_the_last_month_and_this_one_are_not_packed() -> None:
    border = months.packed_before(datetime(2026, 3, 6, 1, tzinfo=UTC))
    assert (
        border
        == months.packed_before(datetime(2026, 2, 5, tzinfo=UTC))
        == int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * 10**6
    )


def test_a_corrected_quote_of_a_packed_month_changes_everything_made_of_it(market: Database) -> None:
    ticks = as_ticks([quoted(24 * 40 + 0.25, 30, None), quoted(24 * 7, 77, 8)])
    quotes = writer.QuoteColumns.of(ticks.item_id, ticks.time, ticks.price, volume=ticks.volume, rolling=ticks.rolling)
    with market.connection() as connection, connection.transaction():
        writer.lock_source(connection, "steam")
        corrections.replace_quotes(connection, "steam", quotes, heartbeat=timedelta(minutes=30))
    assert integrity.verify(market) == []
    held = content(market, "steam")
    assert [(row["low"], row["volume"]) for row in held["price_24h"] if row["samples"] == 3] == [(30, 6)]
    assert [(row["open"], row["volume"]) for row in held["price_1h"] if row["close"] == 77] == [(77, 8)]


def test_retention_takes_whole_months_and_what_was_derived_stays(market: Database) -> None:
    before = content(market, "steam")
    cut = datetime(2024, 7, 2, tzinfo=UTC)
    assert raw.delete_raw(market, "other", cut, sparing=[]) == 0
    assert raw.delete_raw(market, None, cut, sparing=["demo"]) == 31 + 30 + 2
    after = content(market, "steam")
    assert [row["price"] for row in after.pop("price_history")] == [100 + day for day in range(61, 90)]
    assert exact(after) == {view: rows for view, rows in before.items() if view != "price_history"}
    assert integrity.verify(market) == []
    assert put(market, "steam", [quoted(24 * day, 100 + day) for day in range(90)], BORDER).inserted == 0
    assert put(market, "steam", [quoted(24 * 62 + 0.5, 5)], BORDER).inserted == 1
    assert integrity.verify(market) == []
    assert raw.delete_raw(market, "steam", datetime(2024, 9, 1, tzinfo=UTC), sparing=[]) == 30
    assert integrity.verify(market) == []


def test_rows_written_through_the_views_are_rows(market: Database) -> None:
    market.execute("CALL price_partitions('2026-10-01', '2026-10-02')")
    market.execute(
        "INSERT INTO price_history (item_id, source, time, price) VALUES (2, 'steam', '2026-10-01 12:00Z', 5)"
    )
    market.execute("CALL price_refresh('2024-01-01', '2026-10-02')")
    assert counts(market) == {"price_months": 3, "price_hours": 1, "price_days": 2, "price_weeks": 1}
    market.execute("UPDATE price_1h SET close = 6 WHERE item_id = 2")
    assert market.rows("SELECT close FROM price_hours") == [{"close": 6}]
    market.execute("DELETE FROM price_history WHERE item_id = 2")
    assert content_rows(market, "steam") == []
    with pytest.raises(psycopg.errors.RaiseException, match="packed"):
        market.execute("UPDATE price_history SET price = 5 WHERE item_id = 1")


def test_a_spoiled_day_is_found_and_a_missing_one_comes_back(market: Database) -> None:
    before = content(market, "steam")
    market.execute("UPDATE price_days SET high = high + 1")
    assert integrity.verify(market) == ["price_24h.high: 1 not as expected"]
    market.execute("DELETE FROM price_days")
    assert integrity.verify(market) == ["price_24h: 1 rows that are missing or should not be there"]
    assert integrity.check(market, repair=True).unrepaired == 0
    assert exact(content(market, "steam")) == before


@pytest.mark.parametrize("price", [140, 7], ids=["the same price", "another price"])
@pytest.mark.parametrize("day", [0, 40, 89], ids=["the first", "a day of several", "the last"])
@pytest.mark.parametrize("counted", [False, True], ids=["not rolled up", "rolled up"])
def test_a_quote_both_packed_and_a_row_is_named_and_the_packed_one_stays(
    market: Database, day: int, price: int, *, counted: bool
) -> None:
    before = content(market, "steam")
    at = START + timedelta(days=day)
    market.execute("CALL price_partitions(%s, %s)", [at, at])
    market.execute("INSERT INTO price_history VALUES (1, 'steam', %s, %s, 3, false)", [at, price])
    if counted:
        market.execute("CALL price_refresh(%s, %s)", [START, START + timedelta(days=90)])
    report = integrity.check(market)
    assert report.tally.counts["price_history", "row"] == 1
    assert str(report.tally.examples["price_history", "row"][0]) == (
        f"price_history: item 1 steam {at:%Y-%m-%dT%H:%M:%SZ}: row: kept price {price} beside a packed quote, expected no row"
    )
    assert counted == any(table != "price_history" for table, _ in report.tally.counts)
    repaired = integrity.check(market, repair=True)
    assert (repaired.repaired["price_history"], repaired.unrepaired) == (1, 0)
    assert integrity.verify(market) == []
    assert content_rows(market, "steam") == []
    assert exact(content(market, "steam")) == before


HALF_HOURLY = [0.5 * at for at in range(8_000)]
BURST = [1_600 + at / 400 for at in range(800)]


@pytest.mark.plain
@pytest.mark.parametrize("hours", [HALF_HOURLY, BURST], ids=["half-hourly", "hundreds in an hour, one a day before"])
def test_the_newest_packed_hours_are_whole_and_months_before_them_are_not_read(
    database: Database, hours: list[float]
) -> None:
    database.execute(ITEMS)
    every = [*(-24 * day for day in range(400, 0, -1)), *hours]
    batch = [quoted(at, 100 + place % 90) for place, at in enumerate(every)]
    for source, border in (("packed", BORDER), ("plain", NEVER)):
        put(database, source, batch, border)
    end = START + timedelta(hours=hours[-1] + 1)
    ranges: list[dict[str, Any]] = [{"limit": 20}, {"until": end, "limit": 20}, {"since": end, "lead": 20}]
    right = [shown(database, "plain", options) for options in ranges]
    assert [len(got[1]) for got in right] == [20, 20, 20]
    assert [shown(database, "packed", options) for options in ranges] == right
    if hours == HALF_HOURLY:  # then what cannot be read is not missed
        database.execute("UPDATE price_months SET prices = '{}' WHERE month < '2024-09-01'")
        assert [shown(database, "packed", options) for options in ranges] == right


def shown(database: Database, source: str, options: dict[str, Any]) -> list[Any]:
    """An item's hours in a range."""
    got = candles.candles(database, 1, source, "1h", **options)
    return [
        got.lead,
        *(of.tolist() for of in (got.time, got.open, got.high, got.low, got.close, got.volume, got.samples)),
    ]


@pytest.mark.plain
def test_packing_waits_for_nobody_and_goes_on_where_it_stopped(
    market: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = [quoted(7 * at, 100 + at, item=item) for item in (1, 2, 3) for at in range(200)]
    put(market, "csfloat", batch, NEVER)
    before = content(market, "csfloat")
    monkeypatch.setattr(raw, "QUOTES_AT_ONCE", 100)
    with market.connection() as reader, reader.transaction():
        reader.execute("SELECT 1 FROM price_quotes LIMIT 1")
        assert raw.pack(market, datetime.now(UTC)) == 600
    assert market.rows("SELECT relname FROM pg_class WHERE relname = 'price_quotes_2024'"), "a reader is at it"
    assert raw.pack(market, datetime.now(UTC)) == 0
    assert not market.rows("SELECT relname FROM pg_class WHERE relname = 'price_quotes_2024'")
    assert exact(content(market, "csfloat")) == before
    assert counts(market)["price_hours"] == counts(market)["price_weeks"] == 0
    assert integrity.verify(market) == []


BEFORE = "0016_packed_months"
OLD_ROWS = """
INSERT INTO price_history (item_id, source, time, price, volume, volume_rolling, listings)
SELECT item, 'steam', time, 100 + n * item % 37, n % 5, item = 2, nullif(n % 3, 0)
FROM generate_series(1, 3) item, generate_series(0, 800) n, LATERAL (SELECT now() - n * item * interval '7 hours' AS time) t
"""


def test_a_database_of_the_schema_before_keeps_its_answers_and_is_packed_afterwards(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS public, tasks CASCADE")
        connection.execute("CREATE SCHEMA public")
    for file in migrate.FOLDER.glob("*.sql"):
        if file.stem < BEFORE:
            (tmp_path / file.name).write_text(file.read_text())
    monkeypatch.setattr(migrate, "FOLDER", tmp_path)
    assert BEFORE not in migrate.upgrade(database.url)
    database.execute(ITEMS)
    database.execute("CALL price_partitions(now() - interval '2 years', now())")
    database.execute(OLD_ROWS)
    database.execute("CALL price_refresh(now() - interval '2 years', now())")
    before = content(database, "steam")
    monkeypatch.undo()
    assert BEFORE in migrate.upgrade(database.url)
    assert exact(content(database, "steam")) == before
    asked = drawn(database, "steam")
    border = datetime.fromtimestamp(months.packed_before(datetime.now(UTC)) / 10**6, UTC)
    assert raw.pack(database, datetime.now(UTC)) == sum(row["time"] < border for row in before["price_history"]) > 1500
    assert exact(content(database, "steam")) == before
    assert drawn(database, "steam") == asked
    assert set(integrity.verify(database)) == {"price_latest: 3 rows that are missing or should not be there"}
    assert len(database.rows("SELECT 1 FROM price_quotes")) == sum(
        row["time"] >= border for row in before["price_history"]
    )
    assert database.row(
        "SELECT max(bucket) < %s AS old FROM price_weeks WHERE bucket < %s", [border, border - timedelta(days=7)]
    ) == {"old": None}
