"""A missing exchange rate takes nothing but cost and profit, and only where they depend on it."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.analytics.portfolio.ledger import Entry, Kind, Method, OversoldError
from app.analytics.portfolio.lots import match_lots
from app.portfolio.files.transaction_import import check
from app.portfolio.ledger import ExchangeRates, make_ledger
from app.portfolio.overview import overview
from db.core.pool import Database, Row
from db.portfolio import currency_rates
from db.portfolio.transactions import Transaction
from tests.portfolio.conftest import Person
from tests.portfolio.shop import AK, CASE, FEES, NOW, Shop, add, own

DAY = timedelta(days=1)
REDLINE = "AK-47 | Redline (Field-Tested)"


def test_a_sale_whose_purchase_has_no_rate_is_taken(database: Database, shop: Shop, mine: Row) -> None:
    shop.price(shop.item(AK), 20_000)
    with database.connection() as connection:
        currency_rates.store(connection, "test", {("EUR", NOW.date() - DAY): 900_000, ("EUR", NOW.date()): 900_000})
    news = [Transaction(datetime(2022, 3, 1, tzinfo=UTC), "buy", REDLINE, 2, 10_000, 0, "EUR"),
            Transaction(NOW - DAY, "sell", REDLINE, 1, 15_000, 0, "EUR")]  # fmt: skip
    assert check(database, mine, news) is None
    add(database, mine, *news)
    seen = overview(database, mine, FEES, NOW)
    row = seen.holdings[0]
    assert (row["quantity"], row["cost_quantity"], row["total_value"]) == (1, 1, 20_000)
    assert (row["cost_basis"], row["unrealized_pnl"]) == (None, None)
    assert (seen.totals["cost_basis"], seen.totals["unrealized_pnl"], seen.totals["realized_pnl"]) == (None, None, None)
    assert (seen.totals["without_cost"], seen.totals["sales_without_profit"]) == (1, 1)
    assert seen.problem is not None
    assert "EUR on 2022-03-01" in seen.problem
    assert "missing" not in seen.problem


def test_only_what_depends_on_the_rate_is_unknown(database: Database, shop: Shop, mine: Row) -> None:
    shop.price(shop.item(AK), 2000)
    shop.price(shop.item(CASE), 200)
    add(database, mine, Transaction(NOW - 9 * DAY, "buy", AK, 1, 900, 0, "GBP"),
        Transaction(NOW - 8 * DAY, "buy", CASE, 3, 150, 0, "USD"), Transaction(NOW - 7 * DAY, "sell", CASE, 1, 170, 0, "USD"),
        Transaction(NOW - 6 * DAY, "drop", CASE, 1, 0, 0, "GBP"))  # fmt: skip
    seen = overview(database, mine, FEES, NOW)
    costs = {row["market_hash_name"]: (row["cost_basis"], row["unrealized_pnl"]) for row in seen.holdings}
    assert costs == {AK: (None, None), CASE: (300, 300)}  # a drop costs nothing in any currency
    assert (seen.totals["cost_basis"], seen.totals["unrealized_pnl"], seen.totals["realized_pnl"]) == (300, 300, 20)
    assert (seen.totals["without_cost"], seen.totals["sales_without_profit"]) == (1, 0)


def test_a_holding_without_a_record_has_no_cost(database: Database, shop: Shop, person: Person, mine: Row) -> None:
    shop.price(shop.item(AK), 2000)
    own(database, person, (AK, 1))
    assert overview(database, mine, FEES, NOW).totals["cost_basis"] is None


def test_what_lies_in_the_future_does_not_count_yet(database: Database, shop: Shop, mine: Row) -> None:
    shop.price(shop.item(AK), 1000)
    add(database, mine, Transaction(NOW - DAY, "buy", AK, 1, 900, 0, "USD"),
        Transaction(datetime(2062, 11, 1, tzinfo=UTC), "buy", AK, 4, 100, 0, "USD"))  # fmt: skip
    seen = overview(database, mine, FEES, NOW)
    row = seen.holdings[0]
    assert (row["quantity"], row["recorded_quantity"], row["cost_quantity"], row["cost_basis"]) == (1, 1, 1, 900)
    assert (seen.totals["total_value"], len(seen.lots)) == (1000, 1)


def test_a_sale_without_a_time_is_of_any_moment_of_its_day(database: Database, mine: Row) -> None:
    news = [Transaction(datetime(2024, 5, 31, 10, tzinfo=UTC), "buy", CASE, 1, 100, 0, "USD"),
            Transaction(datetime(2024, 5, 31, tzinfo=UTC), "sell", CASE, 1, 200, 0, "USD")]  # fmt: skip
    assert check(database, mine, news) is None
    add(database, mine, *news)
    assert overview(database, mine, FEES, NOW).totals["realized_pnl"] == 100


def test_the_unknown_fee_of_a_sale_leaves_the_costs_known() -> None:
    entries = [Entry(1, 1.0, Kind.BUY, 1, 2, 1000), Entry(2, 2.0, Kind.SELL, 1, 1, None, None),
               Entry(3, 3.0, Kind.FEE, None, 0, None)]  # fmt: skip
    result = match_lots(entries, Method.FIFO)
    assert result.held() == {1: (1, 500)}
    assert (result.realised[0].cost, result.realised[0].proceeds, result.realised[0].gain) == (500, None, None)
    assert (result.realised_gain, result.unknown_gains) == (None, 2)


def test_the_dearest_lot_is_unknown_where_one_has_no_cost() -> None:
    entries = [
        Entry(1, 1.0, Kind.BUY, 1, 1, 1000),
        Entry(2, 2.0, Kind.BUY, 1, 1, None),
        Entry(3, 3.0, Kind.SELL, 1, 1, 5),
    ]
    assert match_lots(entries, Method.HIFO).held() == {1: (1, None)}
    assert match_lots(entries, Method.FIFO).held() == {1: (1, None)}
    assert match_lots(entries, Method.LIFO).held() == {1: (1, 1000)}
    assert match_lots(entries, Method.AVERAGE).held() == {1: (1, None)}


def test_a_rate_does_not_hold_for_ever() -> None:
    newest = date(2026, 3, 1)
    rows = [{"currency": "ISK", "day": date(2008, 12, 9), "millionths": 7, "source": "ecb", "newest": newest},
            {"currency": "ISK", "day": date(2018, 2, 1), "millionths": 8, "source": "ecb", "newest": newest},
            {"currency": "UAH", "day": date(2010, 1, 1), "millionths": 9, "source": currency_rates.TABLE, "newest": newest}]  # fmt: skip
    rates = ExchangeRates(rows)
    assert rates.on(date(2008, 12, 12))["ISK"] == 7
    assert "ISK" not in rates.on(date(2012, 1, 1))  # ten years without a rate in the bank's file
    assert rates.on(date(2012, 1, 1)) == {"UAH": 9}  # a table of one's own holds from its day on
    assert "ISK" not in rates.on(date(2026, 1, 1))


# What follows is written apart from the product: units as slips, money as fractions, None where a rate is missing.


def _converted(row: dict[str, Any], rates: dict[tuple[str, date], int]) -> Fraction | None:
    if row["currency"] == "USD" or not row["price"]:
        return Fraction(row["price"] * row["quantity"])
    for back in range(15):
        found = rates.get((row["currency"], row["time"].date() - timedelta(days=back)))
        if found:
            return Fraction(row["price"] * row["quantity"] * 1_000_000, found)
    return None


def _plain(rows: list[dict[str, Any]], rates: dict[tuple[str, date], int]) -> dict[str, list[Fraction | None]]:
    """What each unit that is left cost, first in first out."""
    held: dict[str, list[Fraction | None]] = {}
    for row in rows:
        drawer = held.setdefault(row["market_hash_name"], [])
        if row["kind"] == "sell":
            del drawer[: row["quantity"]]
        else:
            whole = _converted(row, rates)
            drawer += [None if whole is None else whole / row["quantity"]] * row["quantity"]
    return {name: drawer for name, drawer in held.items() if drawer}


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[dict[str, Any]], dict[tuple[str, date], int]]:
    held: dict[str, int] = {}
    rows: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 12))):
        name = draw(st.sampled_from(["a", "b"]))
        kind = draw(st.sampled_from(["buy", "buy", "sell"])) if held.get(name) else "buy"
        quantity = draw(st.integers(1, held[name] if kind == "sell" else 5))
        held[name] = held.get(name, 0) + (quantity if kind == "buy" else -quantity)
        last: datetime = rows[-1]["time"] if rows else datetime(2026, 1, 1, tzinfo=UTC)
        time = last + DAY * draw(st.integers(1, 20))
        rows.append({"id": number, "time": time, "kind": kind, "market_hash_name": name, "quantity": quantity, "fee": 0,
                     "price": draw(st.integers(0, 10**6)), "currency": draw(st.sampled_from(["USD", "EUR", "GBP"]))})  # fmt: skip
    days = [row["time"].date() - timedelta(days=draw(st.integers(0, 20))) for row in rows]
    rates = {(draw(st.sampled_from(["EUR", "GBP"])), day): draw(st.integers(100_000, 2_000_000)) for day in days}
    return rows, rates


@pytest.mark.slow
@given(histories(), st.sampled_from(list(Method)))
def test_quantities_count_whatever_rates_there_are(
    made: tuple[list[dict[str, Any]], dict[tuple[str, date], int]], method: Method
) -> None:
    rows, rates = made
    newest = date(2027, 1, 1)
    table = [{"currency": code, "day": day, "millionths": rate, "source": "ecb", "newest": newest}
             for (code, day), rate in sorted(rates.items())]  # fmt: skip
    ledger = make_ledger(rows, {"currency": "USD", "cost_method": method.value}, ExchangeRates(table))
    plain = _plain(rows, rates)
    held = ledger.held()
    assert {name: quantity for name, (quantity, _) in held.items()} == {
        name: len(drawer) for name, drawer in plain.items()
    }
    if method is Method.FIFO:
        for name, drawer in plain.items():
            cost = held[name][1]
            if any(unit is None for unit in drawer):
                assert cost is None
            else:
                assert cost is not None
                whole = sum((unit for unit in drawer if unit is not None), Fraction(0))
                assert abs(Fraction(cost) - whole) < len(rows) + 1


def test_a_sale_of_too_much_is_still_refused() -> None:
    with pytest.raises(OversoldError):
        match_lots([Entry(1, 1.0, Kind.BUY, 1, 1, None), Entry(2, 2.0, Kind.SELL, 1, 2, None)], Method.FIFO)
