"""The past of a portfolio, replayed from its transactions."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from app.portfolio.overview import read
from app.portfolio.periodic_returns import months
from app.portfolio.risk import risk_report
from db.core.pool import Database, Row
from db.portfolio import deletions, past, portfolios, transactions
from db.portfolio.transactions import Transaction
from db.quotes import writer
from jobs import past as job
from jobs.valuation import Valuation
from tests.portfolio.conftest import Person
from tests.portfolio.shop import AK, CASE, Shop, add, own

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
FEES = {"skinport": 800}


def day(number: int, hour: int = 0) -> datetime:
    return datetime(2026, 3, number, hour, tzinfo=UTC)


def bought(name: str, quantity: int, price: int, time: datetime, fee: int = 0) -> Transaction:
    return Transaction(time, "buy", name, quantity, price, fee, "USD")


def sold(name: str, quantity: int, price: int, time: datetime, fee: int = 0) -> Transaction:
    return Transaction(time, "sell", name, quantity, price, fee, "USD")


@pytest.fixture
def ak(shop: Shop) -> int:
    item = shop.item(AK)
    for number, close in ((1, 1000), (2, 1100), (4, 1200), (10, 1500)):
        shop.closed(item, close, day(number), "price_24h")
    shop.closed(item, 1500, day(10, 23))
    shop.price(item, 1600, at=NOW)
    return item


def course(database: Database, mine: Row, now: datetime = NOW, *, hours: bool = False) -> list[Row]:
    return read(database, portfolios.one(database, mine["user_id"], mine["id"]) or {}, FEES, now, hours=hours)[1]


def on(rows: list[Row], number: int) -> Row:
    return next(row for row in rows if row["time"] == day(number) + timedelta(seconds=86_399))


def test_value_flows_and_growth_from_the_first_transaction_on(database: Database, mine: Row, ak: int) -> None:
    assert ak
    add(database, mine, bought(AK, 2, 900, day(2, 10), 20), sold(AK, 1, 1300, day(4, 11), 30))
    rows = course(database, mine)
    assert rows[0]["time"] == day(2)
    assert (rows[0]["value"], rows[0]["basis"]) == (0, "transactions")
    assert [(on(rows, number)["value"], on(rows, number)["priced"]) for number in (2, 3, 4, 9, 10)] == [
        (2200, 1), (2200, 1), (1200, 1), (1200, 1), (1500, 1)]  # fmt: skip
    assert on(rows, 2)["deposits"] == 1820
    assert (on(rows, 4)["deposits"], on(rows, 4)["withdrawals"]) == (1820, 1270)
    # The day of the purchase counts, and what a sale brought counts at the end of its day.
    growth = 2200 / 1820 * (1200 + 1270) / 2200
    assert on(rows, 4)["growth"] == pytest.approx(growth)
    assert rows[-1]["value"] == 1600
    assert rows[-1]["growth"] == pytest.approx(growth * 1500 / 1200 * 1600 / 1500)


def test_the_gain_is_the_profit(database: Database, mine: Row, ak: int) -> None:
    assert ak
    fee = Transaction(day(5, 1), "fee", None, 0, 77, 0, "USD")
    add(database, mine, bought(AK, 3, 900, day(2, 10), 20), sold(AK, 1, 1300, day(4, 11), 30), fee)
    seen, _ = read(database, mine, FEES, NOW)
    assert seen.performance["gain"] == seen.totals["realized_pnl"] + seen.totals["unrealized_pnl"]
    assert seen.performance["since"] == day(2)


def test_the_hours_lead_to_the_same_figures(database: Database, mine: Row, ak: int) -> None:
    assert ak
    late = NOW.replace(day=12)
    add(database, mine, bought(AK, 2, 900, day(2, 10)), bought(AK, 1, 1450, day(10, 9)), sold(AK, 2, 1500, day(12, 3)))
    whole, hourly = course(database, mine, late), course(database, mine, late, hours=True)
    assert hourly[-1] == whole[-1]
    assert on(hourly, 10) == on(whole, 10)
    assert sum(row["time"] > day(6) for row in hourly) == 6 * 24 + 12 + 1
    assert next(row for row in hourly if row["time"] == day(10, 9) + timedelta(seconds=3599))["deposits"] == 3250


def test_days_without_a_price_are_at_cost_and_say_how_many(database: Database, mine: Row, ak: int, shop: Shop) -> None:
    assert ak
    case = shop.item(CASE)
    shop.closed(case, 70, day(9), "price_24h")
    shop.price(case, 80)
    add(database, mine, bought(AK, 1, 900, day(2)), bought(CASE, 10, 50, day(3)), sold(CASE, 4, 60, day(5)))
    rows = course(database, mine)
    assert [(on(rows, n)["value"], on(rows, n)["at_cost"], on(rows, n)["unpriced"]) for n in (3, 5, 9)] == [
        (1600, 500, 1), (1500, 300, 1), (1200 + 420, 0, 0)]  # fmt: skip
    assert on(rows, 8)["growth"] * (1200 + 420) / 1500 == pytest.approx(on(rows, 9)["growth"])
    # Carried on for more than two weeks: named.
    late = course(database, mine, NOW.replace(day=28))
    assert (on(late, 24)["stale"], on(late, 25)["stale"]) == (1, 2)


def test_only_what_changed_is_computed_again(database: Database, mine: Row, ak: int) -> None:
    add(database, mine, bought(AK, 2, 900, day(2, 10)), bought(AK, 1, 1000, day(6, 10)))
    course(database, mine)
    marker = 123_456

    def changed(since: int, change: Callable[[], object]) -> None:
        database.execute("UPDATE portfolio_past SET value = %s WHERE portfolio_id = %s", [marker, mine["id"]])
        assert on(course(database, mine), 19)["value"] == marker
        change()
        rows = course(database, mine)
        days = {n for n in range(2, 20) if on(rows, n)["value"] != marker}
        assert days == set(range(since, 20))
        database.execute("UPDATE portfolio_past_state SET stale_from = '2026-03-01'")
        course(database, mine)

    changed(8, lambda: add(database, mine, bought(AK, 1, 1000, day(8))))
    row = next(row for row in transactions.every(database, mine["user_id"], mine["id"]) if row["time"] == day(8))

    def remove() -> None:
        with database.connection() as connection:
            deletions.delete(connection, mine["user_id"], mine["id"], [row["id"]])

    changed(8, remove)

    def backfilled() -> None:
        with database.connection() as connection:
            past.mark_prices(connection, *(np.array([value]) for value in (ak, int(day(5).timestamp() * 1_000_000))))

    changed(5, backfilled)
    changed(2, lambda: database.execute("UPDATE items SET reference_source = 'skinport' WHERE id = %s", [ak]))


def test_months_begin_with_the_first_transaction(database: Database, mine: Row, ak: int) -> None:
    assert ak
    add(database, mine, bought(AK, 1, 500, day(10)))
    found = months(course(database, mine))
    assert list(found) == [(2026, 3)]
    assert found[2026, 3].earned == pytest.approx(1600 / 500 - 1)
    assert (found[2026, 3].deposits, found[2026, 3].gain) == (500, 1100)


def test_an_inventory_beyond_the_transactions_goes_on_with_snapshots(
    database: Database, person: Person, mine: Row, ak: int
) -> None:
    assert ak
    add(database, mine, bought(AK, 1, 900, day(2)))
    own(database, person, (AK, 3))
    Valuation(database, FEES).run(NOW - timedelta(hours=1))
    rows = course(database, mine)
    assert [row["basis"] for row in rows] == [*["transactions"] * (len(rows) - 1), "snapshots"]
    assert rows[-1]["value"] == 3 * 1600
    assert rows[-1]["growth"] == rows[-2]["growth"]
    assert rows[-1]["deposits"] == 900 + 3 * 1600 - 1500


def test_the_job_replays_what_is_behind_and_stops_in_time(database: Database, mine: Row, ak: int) -> None:
    assert ak
    add(database, mine, bought(AK, 1, 900, day(2)))
    assert job.run(database, FEES, NOW, seconds=0) == 0
    assert job.run(database, FEES, NOW) == 1
    assert job.run(database, FEES, NOW) == 0
    assert database.row("SELECT count(*) AS n, min(day) AS first FROM portfolio_past") == {
        "n": 18,
        "first": day(2).date(),
    }
    with database.connection() as connection:
        oversold = transactions.add(connection, mine["user_id"], mine["id"], [sold(AK, 9, 1, day(3))])
    assert (oversold, job.run(database, FEES, NOW)) == (1, 0)


def test_a_quote_of_a_past_day_changes_the_past_from_there(database: Database, mine: Row, ak: int) -> None:
    add(database, mine, bought(AK, 1, 900, day(2)))
    assert on(course(database, mine), 6)["value"] == 1200
    late = int(day(6, 8).timestamp() * 1_000_000)
    columns = (np.array([value]) for value in (ak, late, 1350))
    quotes = writer.QuoteColumns.of(*columns)
    with database.connection() as connection:
        writer.make_partitions(connection, quotes)
        with connection.transaction():
            writer.lock_source(connection, "steam")
            writer.store(connection, "steam", quotes, heartbeat=timedelta(0))
    rows = course(database, mine)
    assert [on(rows, number)["value"] for number in (5, 6, 9, 10)] == [1200, 1350, 1350, 1500]


def test_the_tile_and_the_risk_tab_tell_one_volatility(database: Database, mine: Row, shop: Shop) -> None:
    item = shop.item(AK)
    for number in range(91):
        shop.closed(item, 1000 + 37 * (number % 7), NOW.replace(hour=0) - timedelta(days=number), "price_24h")
    shop.price(item, 1000)
    add(database, mine, bought(AK, 1, 900, day(2)))
    seen, _ = read(database, mine, FEES, NOW)
    assert seen.performance["volatility"] is not None
    assert seen.performance["volatility"] == risk_report(database, mine, FEES, NOW)["volatility"]
