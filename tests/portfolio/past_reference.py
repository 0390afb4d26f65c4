"""A portfolio's past, once more and otherwise: day by day, lot by lot, with pandas for what is carried on and Fractions for money."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction

import pandas as pd

from db.portfolio.transactions import Transaction

DIGITS = {"JPY": 0}


@dataclass
class Market:
    """Closes in cents (rows: days, columns: items) by source, prices now likewise, and units of a currency for a dollar."""

    closes: Mapping[str, pd.DataFrame]
    latest: Mapping[str, Mapping[str, int]]
    rates: pd.DataFrame


@dataclass
class Stock:
    """What is held of one item."""

    lots: list[list[int]] = field(default_factory=list)
    cost_known: bool = True

    @property
    def units(self) -> int:
        return sum(units for units, _ in self.lots)

    @property
    def cost(self) -> int:
        return sum(cost for _, cost in self.lots)

    def take(self, wanted: int, method: str) -> None:
        while wanted:
            if method == "hifo":
                at = max(range(len(self.lots)), key=lambda lot: (Fraction(self.lots[lot][1], self.lots[lot][0]), -lot))
            else:
                at = len(self.lots) - 1 if method == "lifo" else 0
            units, cost = self.lots[at]
            taken = min(units, wanted)
            gone = cost * taken // units
            self.lots[at] = [units - taken, cost - gone]
            wanted -= taken
            if units == taken:
                self.lots.pop(at)

    def put(self, units: int, cost: int, method: str) -> None:
        if method == "average" and self.lots:
            self.lots[0] = [self.lots[0][0] + units, self.lots[0][1] + cost]
        else:
            self.lots.append([units, cost])


@dataclass
class Day:
    """The end of a day; flows are the day's own."""

    day: date
    value: int
    deposits: int
    withdrawals: int
    factor: Fraction
    unpriced: int


def steam_net(price: int) -> int:
    seller = price
    while seller > 0 and seller + max(1, seller // 20) + max(1, seller // 10) > price:
        seller -= 1
    return seller


def net(source: str, price: int, fee: int) -> int:
    return steam_net(price) if source == "steam" else price - -(-price * fee // 10_000)


class Reference:
    """The course of one portfolio from its first transaction to the day `today`, which is not over."""

    def __init__(self, market: Market, currency: str, price_source: str, method: str, fee: int) -> None:
        self.market, self.currency, self.method, self.fee = market, currency, method, fee
        self.sources = {"reference": ["steam"], "best": list(market.closes)}.get(price_source, [price_source])
        self.filled = {source: _cells(frame.ffill()) for source, frame in market.closes.items()}
        # A rate holds for two weeks; a currency that is left out for longer has none.
        self.rates = _cells(market.rates.ffill(limit=14))

    def convert(self, amount: int, source: str, day: date) -> int | None:
        if source == self.currency or not amount:
            return amount
        factor = Fraction(10 ** DIGITS.get(self.currency, 2), 10 ** DIGITS.get(source, 2))
        for code, sign in ((self.currency, 1), (source, -1)):
            if code != "USD":
                held = self.rates.get((day, code))
                if held is None:
                    return None
                factor *= Fraction(held, 1_000_000) ** sign
        return round(amount * factor)

    def price(self, item: str, day: date, *, now: bool) -> int | None:
        found: list[tuple[int, int]] = []
        for source in self.sources:
            held = self.market.latest[source].get(item) if now else self.filled[source].get((day, item))
            if held is not None:
                found.append((net(source, held, self.fee), held))
        return max(found)[1] if found else None

    def course(self, entries: Sequence[Transaction], today: date) -> list[Day]:
        stocks: dict[str, Stock] = {}
        worth: dict[str, int | None] = {}
        days: list[Day] = []
        begin = min(entry.time.date() for entry in entries)
        for number in range((today - begin).days + 1):
            day = begin + timedelta(days=number)
            own = [entry for entry in entries if entry.time.date() == day]
            days.append(self.day(day, own, stocks, worth, days[-1] if days else None, now=day == today))
        return days

    def day(
        self, day: date, own: Sequence[Transaction], stocks: dict[str, Stock], worth: dict[str, int | None], last: Day | None, *, now: bool
    ) -> Day:  # fmt: skip
        flows: dict[str, list[int]] = {}
        loose = 0
        # Of one moment, and of a day alone, what comes in comes first.
        for entry in sorted(own, key=lambda one: (_leaves(one) and not one.timed, one.time, _leaves(one))):
            name = entry.market_hash_name
            whole = self.convert(entry.price * (abs(entry.quantity) or 1), entry.currency, day)
            fee = self.convert(entry.fee, entry.currency, day)
            amount = None if whole is None or fee is None else whole + (-fee if _leaves(entry) else fee)
            if entry.kind == "fee" or name is None:
                loose += amount or 0
                continue
            stock, flow = stocks.setdefault(name, Stock()), flows.setdefault(name, [0, 0])
            if amount is None:
                stock.cost_known = False
                price = self.price(name, day, now=False)
                found = None if price is None else self.convert(price * abs(entry.quantity), "USD", day)
                flow[_leaves(entry)] += found or 0
            elif _leaves(entry):
                flow[amount >= 0] += abs(amount)
            else:
                flow[0] += amount
            if _leaves(entry):
                stock.take(abs(entry.quantity), self.method)
            else:
                stock.put(entry.quantity, amount or 0, self.method)
        value = deposits = withdrawals = unpriced = 0
        deposits += loose
        for name, stock in stocks.items():
            price = self.price(name, day, now=now) if stock.units else None
            # The exchange rate of now is the newest one.
            own_value: int | None = None if price is None else self.convert(price * stock.units, "USD", day)
            unpriced += bool(stock.units) and own_value is None
            if own_value is None:
                own_value = 0 if not stock.units else stock.cost if stock.cost_known else None
            came, went = flows.get(name, [0, 0])
            before = worth.get(name, 0)
            if own_value is None or before is None:
                moved = (own_value or 0) - (before or 0)
                came, went = max(moved, 0), max(-moved, 0)
            worth[name] = own_value
            value, deposits, withdrawals = value + (own_value or 0), deposits + came, withdrawals + went
        moved = deposits - withdrawals
        start, end = (last.value if last else 0) + max(moved, 0), value + max(-moved, 0)
        return Day(day, value, deposits, withdrawals, Fraction(end, start) if start and end else Fraction(1), unpriced)


def monthly(days: Sequence[Day]) -> pd.DataFrame:
    """By month: growth factor, deposits, withdrawals, value at the end."""
    index = pd.PeriodIndex([day.day for day in days], freq="M")
    frame = pd.DataFrame(
        {
            "growth": [float(day.factor) for day in days],
            "deposits": [day.deposits for day in days],
            "withdrawals": [day.withdrawals for day in days],
            "value": [day.value for day in days],
        },
        index=index,
    )
    return frame.groupby(level=0).agg({"growth": "prod", "deposits": "sum", "withdrawals": "sum", "value": "last"})


def _cells(frame: pd.DataFrame) -> dict[tuple[date, str], int]:
    return {
        (day, str(name)): int(cell)
        for name in frame
        for day, cell in frame[name].dropna().items()
        if isinstance(day, date)
    }


def _leaves(entry: Transaction) -> bool:
    return entry.kind == "sell" or entry.quantity < 0
