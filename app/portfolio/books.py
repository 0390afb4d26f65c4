"""Transactions as entries in the portfolio's currency, each converted at the rate of its own day."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from app.analytics.portfolio.ledger import Entry, Kind, Method
from app.analytics.portfolio.lots import Book, book, unrealised
from app.analytics.portfolio.money import RateError, rate
from app.portfolio.days import placed
from db import currency_rates
from db.pool import Database, Row


class RateBook:
    """Rates by currency and day: a day without one takes the last before it."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._days: dict[str, list[date]] = {}
        self._rates: dict[str, list[int]] = {}
        for row in rows:
            self._days.setdefault(row["currency"], []).append(row["day"])
            self._rates.setdefault(row["currency"], []).append(row["millionths"])

    def on(self, day: date) -> dict[str, int]:
        """The rates that held on a day; currencies without one yet are left out."""
        found = {}
        for currency, days in self._days.items():
            at = bisect_right(days, day)
            if at:
                found[currency] = self._rates[currency][at - 1]
        return found


@dataclass(frozen=True, slots=True)
class Ledger:
    """A portfolio's book, and what could not go into it: transactions without a rate, by id with the reason.

    Items are numbered as in `names`; quantities and costs are by number.
    """

    book: Book
    names: list[str]
    entries: list[Entry]
    left_out: list[tuple[int, str]]

    def held(self) -> dict[str, tuple[int, int]]:
        """By name: recorded units and what they cost."""
        return {self.names[item]: found for item, found in self.book.held().items()}


def read_rates(database: Database, rows: Sequence[Row], currency: str) -> RateBook:
    """The rates that transactions need to be counted in a currency."""
    currencies = {row["currency"] for row in rows} | {currency}
    if currencies == {currency}:
        return RateBook([])
    return RateBook(currency_rates.since(database, sorted(currencies), min(row["time"] for row in rows).date()))


def make_ledger(rows: Sequence[Row], portfolio: Row, rates: RateBook, method: str | None = None) -> Ledger:
    """Run a portfolio's transactions (oldest first).

    Raises:
        OversoldError: more was given away than was held; it names the transaction.
    """
    names: dict[str, int] = {}
    entries, left_out = [], []
    for row in placed(rows):
        try:
            entries.append(_entry(row, portfolio["currency"], rates, names))
        except RateError as error:
            left_out.append((row["id"], str(error)))
    made = book(entries, Method(method or portfolio["cost_method"]))
    return Ledger(made, list(names), entries, left_out)


def _entry(row: Row, currency: str, rates: RateBook, names: dict[str, int]) -> Entry:
    by = rate(row["currency"], currency, rates.on(row["time"].date()))
    name = row["market_hash_name"]
    kind = Kind(row["kind"])
    whole = row["price"] * (1 if kind is Kind.FEE else abs(row["quantity"]))
    return Entry(
        id=row["id"],
        time=row["moment"].timestamp(),
        kind=kind,
        item=None if name is None else names.setdefault(name, len(names)),
        quantity=row["quantity"],
        amount=by.convert(whole),
        fee=by.convert(row["fee"]),
    )


def lots_of(ledger: Ledger, prices: Mapping[str, int | None]) -> list[dict[str, object]]:
    """Open lots with what they would bring, oldest first; `prices` are per name what all recorded units are worth."""
    values = {number: prices.get(name) for number, name in enumerate(ledger.names)}
    held = {item: quantity for item, (quantity, _) in ledger.book.held().items()}
    gains = unrealised(ledger.book.lots, values, held)
    return [
        {
            "transaction_id": lot.entry_id,
            "market_hash_name": ledger.names[lot.item],
            "opened": lot.opened,
            "quantity": lot.quantity,
            "cost_basis": lot.cost,
            "unrealized_pnl": gain,
        }
        for lot, gain in zip(ledger.book.lots, gains, strict=True)
    ]
