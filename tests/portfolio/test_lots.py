import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.analytics.portfolio.ledger import Entry, Kind, LedgerError, Method, OversoldError
from app.analytics.portfolio.lots import match_lots, unrealised
from app.analytics.portfolio.money import share_out
from tests.portfolio.reference import reference

AK, CASE = 1, 2
# Bought 10 at 1.00, 10 at 1.50 (fee 0.07), 5 at 0.80; sold 12 at 2.00 (fee 0.31). In cents.
TABLE = [
    Entry(1, 1.0, Kind.BUY, AK, 10, 1000),
    Entry(2, 2.0, Kind.BUY, AK, 10, 1500, 7),
    Entry(3, 3.0, Kind.BUY, AK, 5, 400),
    Entry(4, 4.0, Kind.SELL, AK, 12, 2400, 31),
]
# By hand. FIFO: 10 of lot 1 (1000) + 2 of lot 2 (⌊1507 · 2/10⌋ = 301) = 1301. LIFO: 5 of lot 3 (400) + 7 of lot 2
# (⌊1507 · 7/10⌋ = 1054) = 1454. HIFO: 10 of lot 2 (1507) + 2 of lot 1 (200) = 1707. Average: ⌊2907 · 12/25⌋ = 1395.
COSTS = {Method.FIFO: 1301, Method.LIFO: 1454, Method.HIFO: 1707, Method.AVERAGE: 1395}


@pytest.mark.parametrize("method", list(Method))
def test_cost_of_a_sale_by_hand(method: Method) -> None:
    result = match_lots(TABLE, method)
    assert result.realised_gain == 2400 - 31 - COSTS[method]
    assert result.held() == {AK: (13, 2907 - COSTS[method])}


def test_lots_of_a_sale_by_hand() -> None:
    first, second = match_lots(TABLE, Method.FIFO).realised
    assert (first.lot_id, first.quantity, first.cost, first.proceeds) == (1, 10, 1000, 1974)  # ⌊2369 · 10/12⌋
    assert (second.lot_id, second.quantity, second.cost, second.proceeds) == (2, 2, 301, 395)
    left = match_lots(TABLE, Method.FIFO).lots
    assert [(lot.entry_id, lot.quantity, lot.cost) for lot in left] == [(2, 8, 1206), (3, 5, 400)]
    # 13 units worth 2,601 cents: ⌊2601 · 8/13⌋ = 1600 and the rest.
    assert unrealised(left, {AK: 2601}, {AK: 13}) == [1600 - 1206, 1001 - 400]
    assert unrealised(left, {AK: None}, {AK: 13}) == [None, None]


def test_drops_trades_and_fees_by_hand() -> None:
    entries = [
        Entry(1, 1.0, Kind.DROP, CASE, 3, 0),
        Entry(2, 2.0, Kind.TRADE, CASE, -2, 500),  # two cases for a rifle, both sides taken as 5.00
        Entry(3, 2.0, Kind.TRADE, AK, 1, 500),
        Entry(4, 3.0, Kind.FEE, None, 0, 99),
        Entry(5, 4.0, Kind.SELL, AK, 1, 650, 85),
    ]
    result = match_lots(entries, Method.FIFO)
    assert [part.gain for part in result.realised] == [500, 65]
    assert result.realised_gain == 500 + 65 - 99
    assert result.held() == {CASE: (1, 0)}


def test_of_a_day_without_a_time_what_comes_in_comes_first() -> None:
    bought = Entry(2, 36_000.0, Kind.BUY, AK, 1, 100)
    assert match_lots([Entry(1, 0.0, Kind.SELL, AK, 1, 200, until=86_399.0), bought], Method.FIFO).realised_gain == 100
    with pytest.raises(OversoldError):
        match_lots([Entry(1, 0.0, Kind.SELL, AK, 1, 200), bought], Method.FIFO)
    assert match_lots([Entry(1, 36_000.0, Kind.SELL, AK, 1, 200), bought], Method.FIFO).realised_gain == 100


def test_a_sale_of_more_than_is_held_names_itself() -> None:
    with pytest.raises(OversoldError, match="transaction 7: gives away 3 of item 1, but only 2 were held") as caught:
        match_lots([Entry(6, 1.0, Kind.BUY, AK, 2, 10), Entry(7, 2.0, Kind.SELL, AK, 3, 90)], Method.HIFO)
    assert (caught.value.entry_id, caught.value.item, caught.value.sold, caught.value.held) == (7, AK, 3, 2)


def test_a_sale_before_the_purchase_is_refused() -> None:
    with pytest.raises(OversoldError):
        match_lots([Entry(1, 2.0, Kind.BUY, AK, 2, 10), Entry(2, 1.0, Kind.SELL, AK, 1, 90)], Method.FIFO)


def test_at_one_moment_purchases_come_first() -> None:
    assert match_lots([Entry(2, 1.0, Kind.SELL, AK, 1, 90), Entry(1, 1.0, Kind.BUY, AK, 1, 50)], Method.FIFO).lots == []


@pytest.mark.parametrize(
    "entry",
    [
        Entry(1, 0.0, Kind.BUY, AK, 0, 5),
        Entry(1, 0.0, Kind.BUY, AK, -1, 5),
        Entry(1, 0.0, Kind.BUY, AK, 1, -5),
        Entry(1, 0.0, Kind.BUY, AK, 1, 5, -1),
        Entry(1, 0.0, Kind.DROP, AK, 1, 5),
        Entry(1, 0.0, Kind.FEE, None, 1, 5),
        Entry(1, 0.0, Kind.BUY, None, 1, 5),
        Entry(1, 0.0, Kind.TRADE, AK, 0, 5),
    ],
)
def test_entries_that_contradict_themselves(entry: Entry) -> None:
    with pytest.raises(LedgerError, match="transaction 1"):
        match_lots([entry], Method.FIFO)


def random_history(seed: int) -> list[Entry]:
    rng = random.Random(seed)
    held: dict[int, int] = {}
    entries = []
    for number in range(rng.randint(1, 60)):
        item = rng.randint(1, 4)
        fee = rng.choice([0, 0, rng.randint(1, 50)])
        choice = rng.random()
        if held.get(item, 0) and choice < 0.45:
            quantity = rng.randint(1, held[item])
            held[item] -= quantity
            kind, signed = (Kind.SELL, quantity) if rng.random() < 0.8 else (Kind.TRADE, -quantity)
            entries.append(Entry(number, float(number // 2), kind, item, signed, rng.randint(0, 9_999), fee))
        elif choice < 0.5:
            entries.append(Entry(number, float(number // 2), Kind.FEE, None, 0, rng.randint(1, 99)))
        else:
            quantity = rng.randint(1, 40)
            held[item] = held.get(item, 0) + quantity
            kind = rng.choice([Kind.BUY, Kind.BUY, Kind.TRADE, Kind.DROP])
            amount = 0 if kind is Kind.DROP else rng.randint(0, 99_999)
            entries.append(Entry(number, float(number // 2), kind, item, quantity, amount, fee))
    return entries


@pytest.mark.slow
@pytest.mark.parametrize("method", list(Method))
def test_a_thousand_histories_against_the_plain_implementation(method: Method) -> None:
    compared = 0
    for seed in range(1000):
        entries = random_history(seed)
        result = match_lots(entries, method)
        gain, left, units = reference(entries, method)
        # Exact: money in is money in lots and money out, to the cent, whatever was rounded on the way.
        cost = sum(lot.cost or 0 for lot in result.lots)
        paid = sum((entry.amount or 0) + (entry.fee or 0) for entry in entries if entry.gain_of_units > 0)
        assert paid == cost + sum(part.cost or 0 for part in result.realised)
        received = sum((entry.amount or 0) - (entry.fee or 0) for entry in entries if entry.gain_of_units < 0)
        assert received == sum(part.proceeds or 0 for part in result.realised)
        assert Fraction((result.realised_gain or 0) - cost) == gain - left
        assert {item: quantity for item, (quantity, _) in result.held().items()} == units
        # A cut through a lot rounds by less than a cent; each sale cuts at most one lot.
        cuts = sum(entry.gain_of_units < 0 for entry in entries)
        assert abs((result.realised_gain or 0) - gain) < cuts + 1
        compared += len(entries)
    assert compared > 20_000


@given(st.integers(-(10**12), 10**12), st.lists(st.integers(0, 10**6), min_size=1).filter(any))
def test_shares_add_up_and_are_near(total: int, weights: list[int]) -> None:
    parts = share_out(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(total * weight, sum(weights))) <= len(weights)
