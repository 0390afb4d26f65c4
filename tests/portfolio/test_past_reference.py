"""200 random portfolios, replayed twice over: by the program and by an implementation of another make."""

import math
import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from app.portfolio.overview import read
from app.portfolio.periodic_returns import months
from db.core.pool import Database, Row
from db.portfolio import currency_rates, deletions, past, portfolios, transactions
from db.portfolio.transactions import Transaction
from tests.portfolio.conftest import Person, add_person
from tests.portfolio.past_reference import Market, Reference, monthly
from tests.portfolio.shop import Shop

COUNT, ITEMS, DAYS = 200, 10, 100
FIRST = date(2026, 1, 5)
TODAY = FIRST + timedelta(days=DAYS)
NOW = datetime(TODAY.year, TODAY.month, TODAY.day, 14, 30, tzinfo=UTC)
SOURCES, CODES = ("steam", "skinport"), ("EUR", "GBP", "JPY")
FEES = {"skinport": 800}
NAMES = [f"Item {number}" for number in range(ITEMS)]
Days = list[date]
ALL_DAYS: Days = [FIRST + timedelta(days=day) for day in range(DAYS + 1)]


def moment(day: date, hour: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def invent_market(chance: random.Random) -> Market:
    """Prices with holes, some from the middle on alone; rates without weekends, one currency silent for a month."""
    closes = {}
    for source in SOURCES:
        frame = pd.DataFrame(np.nan, index=ALL_DAYS, columns=NAMES)
        for number, name in enumerate(NAMES):
            level = 500.0 * (number + 1)
            for at, day in enumerate(ALL_DAYS[:-1]):
                level *= math.exp(chance.gauss(0, 0.05))
                begins = 0 if number < ITEMS // 2 else 15 * (number - ITEMS // 2)
                if at >= begins and chance.random() < 0.8:
                    frame.loc[day, name] = max(3, round(level))
        frame[NAMES[-1]] = np.nan  # nobody quotes it, or one source alone
        closes[source] = frame
    closes["skinport"][NAMES[0]] = np.nan
    latest = {
        source: {name: int(frame[name].dropna().iloc[-1]) + 7 for name in NAMES if frame[name].notna().any()}
        for source, frame in closes.items()
    }
    rates = pd.DataFrame(np.nan, index=ALL_DAYS, columns=list(CODES))
    for code, level in zip(CODES, (0.9, 0.8, 150.0), strict=True):
        for day in ALL_DAYS:
            hole = code == "GBP" and ALL_DAYS[30] <= day < ALL_DAYS[62]
            if day.weekday() < 5 and not hole:
                rates.loc[day, code] = round(level * math.exp(chance.gauss(0, 0.01)) * 1_000_000)
    return Market(closes, latest, rates)


def invent_entries(chance: random.Random) -> list[Transaction]:
    """Sales of what was held the day before alone, so that no correction oversells."""
    held = dict.fromkeys(NAMES, 0)
    found = []
    for day in sorted(chance.sample(ALL_DAYS, chance.randint(3, 25))):
        before = dict(held)
        for _ in range(chance.randint(1, 4)):
            name, units = chance.choice(NAMES), chance.randint(1, 5)
            timed, price, fee = chance.random() < 0.7, chance.randint(100, 9000), chance.choice([0, 0, 35])
            kind = chance.choice(["buy", "buy", "buy", "sell", "sell", "drop", "trade", "fee"])
            code = chance.choice(["USD", "USD", *CODES])
            time = moment(day, chance.randint(1, 13) if timed else 0)
            if kind == "sell" or (kind == "trade" and chance.random() < 0.5):
                units = min(units, before[name])
                if not units:
                    continue
                before[name] -= units
                held[name] -= units
                quantity = units if kind == "sell" else -units
            else:
                quantity = 0 if kind == "fee" else units
                held[name] += quantity
            price = 0 if kind == "drop" else price
            named = None if kind == "fee" and chance.random() < 0.5 else name
            found.append(Transaction(time, kind, named, quantity, price, fee, code, timed=timed))
    return found or [Transaction(moment(FIRST, 3), "buy", NAMES[0], 1, 500, 0, "USD")]


def keep_market(database: Database, shop: Shop, market: Market) -> dict[str, int]:
    ids = {name: shop.item(name) for name in NAMES}
    for source, frame in market.closes.items():
        for name, item in ids.items():
            keep_closes(database, item, source, frame[name].dropna())
            if name in market.latest[source]:
                shop.price(item, market.latest[source][name], source, NOW)
    keep_rates(database, market.rates)
    return ids


def keep_closes(database: Database, item: int, source: str, series: pd.Series) -> None:
    with database.connection() as connection, connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO price_days VALUES (%(item)s, %(source)s, %(at)s, %(p)s, %(p)s, %(p)s, %(p)s, %(p)s, 0, 1, false, 1, %(at)s, %(at)s, null)"
            " ON CONFLICT (item_id, source, bucket) DO UPDATE SET close = excluded.close",
            [{"item": item, "source": source, "at": moment(day), "p": price} for day, price in _days(series)],
        )


def keep_rates(database: Database, rates: pd.DataFrame) -> None:
    with database.connection() as connection:
        currency_rates.store(
            connection, "bank", {(code, day): rate for code in CODES for day, rate in _days(rates[code].dropna())}
        )


def _days(series: pd.Series) -> list[tuple[date, int]]:
    return [(day, int(cell)) for day, cell in series.items() if isinstance(day, date)]


def compare(database: Database, portfolio: Row, market: Market, entries: Sequence[Transaction]) -> None:
    seen, rows = read(database, portfolio, FEES, NOW)
    method = portfolio["cost_method"]
    reference = Reference(market, portfolio["currency"], portfolio["price_source"], method, FEES["skinport"])
    expected = reference.course(entries, TODAY)
    assert [row["time"].date() for row in rows[1:]] == [day.day for day in expected]
    deposits = withdrawals = 0
    growth = 1.0
    for row, day in zip(rows[1:], expected, strict=True):
        deposits, withdrawals, growth = (
            deposits + day.deposits,
            withdrawals + day.withdrawals,
            growth * float(day.factor),
        )
        here = (day.day, row["value"], row["deposits"], row["withdrawals"], row["unpriced"])
        assert here == (day.day, day.value, deposits, withdrawals, day.unpriced)
        assert row["growth"] == pytest.approx(growth, rel=1e-9)
    found = seen.performance
    assert (found["deposits"], found["withdrawals"]) == (deposits, withdrawals)
    assert found["gain"] == expected[-1].value - deposits + withdrawals
    if found["money_weighted"] is not None:
        days = [(day.day - FIRST).days + 86_399 / 86_400 for day in expected[:-1]]
        end = (TODAY - FIRST).days + 14.5 / 24
        moved = [day.deposits - day.withdrawals for day in expected]
        rate = 1 + found["money_weighted"]
        worth = [flow * rate ** ((end - at) / 365) for flow, at in zip(moved, [*days, end], strict=True)]
        assert math.fsum(worth) == pytest.approx(expected[-1].value, abs=1e-6 * max(1, math.fsum(map(abs, worth))))
    by_month = months(rows)
    lines = monthly(expected)
    for at, month in enumerate(pd.PeriodIndex(lines.index).to_timestamp()):
        line, period = lines.iloc[at], by_month[month.year, month.month]
        assert (period.deposits, period.withdrawals, period.end) == tuple(
            int(line[name]) for name in ("deposits", "withdrawals", "value")
        )
        assert (1.0 if period.earned is None else 1 + period.earned) == pytest.approx(line["growth"], rel=1e-9)


def correct_market(database: Database, ids: dict[str, int], market: Market, chance: random.Random) -> None:
    for source in SOURCES:
        for name in chance.sample(NAMES[1:-1], 4):
            days = chance.sample(ALL_DAYS[:-1], 3)
            market.closes[source].loc[days, name] = [float(chance.randint(300, 5000)) for _ in days]
            keep_closes(database, ids[name], source, market.closes[source][name].dropna())
            with database.connection() as connection:
                changed = np.array([int(moment(day).timestamp() * 1_000_000) for day in days])
                past.mark_prices(connection, np.full(3, ids[name]), changed)
    for day in chance.sample(ALL_DAYS[70:-1], 5):
        market.rates.loc[day, "EUR"] = chance.randint(850_000, 950_000)
    keep_rates(database, market.rates)


def correct_entries(database: Database, portfolio: Row, chance: random.Random) -> list[Transaction]:
    """One price is corrected, a sale is removed, a purchase added late."""
    user, number = portfolio["user_id"], portfolio["id"]
    kept = transactions.every(database, user, number)
    gone = [row for row in kept if row["kind"] == "sell"][:1]
    changed = [row for row in kept if row["kind"] == "buy" and row not in gone][-1:]
    late = Transaction(moment(chance.choice(ALL_DAYS), 5), "buy", chance.choice(NAMES), 2, 1234, 5, "EUR")
    news = [late, *(_as_given(row, price=row["price"] + 111) for row in changed)]
    with database.connection() as connection:
        deletions.delete(connection, user, number, [row["id"] for row in [*gone, *changed]])
        transactions.add(connection, user, number, news)
    return [_as_given(row) for row in transactions.every(database, user, number)]


def _as_given(row: Row, **changes: int) -> Transaction:
    values = {name: value for name, value in row.items() if name not in {"id", "item_id"}}
    return Transaction(**{**values, **changes})


@pytest.mark.slow
def test_two_implementations_agree_on_random_portfolios(database: Database, shop: Shop) -> None:
    chance = random.Random(1234)  # the same portfolios each time
    market = invent_market(chance)
    ids = keep_market(database, shop, market)
    person: Person = add_person(database, None)
    made: list[tuple[Row, list[Transaction]]] = []
    for number in range(COUNT):
        portfolio = portfolios.create(database, person.id, f"p{number}", chance.choice(["USD", "USD", *CODES]))
        assert portfolio
        terms = {
            "price_source": chance.choice(["reference", "reference", "skinport", "best"]),
            "cost_method": chance.choice(["fifo", "lifo", "hifo", "average"]),
        }
        portfolio = portfolios.change(database, person.id, portfolio["id"], **terms)
        assert portfolio
        entries = invent_entries(chance)
        with database.connection() as connection:
            transactions.add(connection, person.id, portfolio["id"], entries)
        made.append((portfolio, entries))
        compare(
            database,
            portfolio,
            market,
            [_as_given(row) for row in transactions.every(database, person.id, portfolio["id"])],
        )
    correct_market(database, ids, market, chance)
    for portfolio, _ in made:
        compare(database, portfolio, market, correct_entries(database, portfolio, chance))
