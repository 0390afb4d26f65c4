"""Ledger: transactions in the portfolio's currency, each converted at the rate of its own day."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, time, timedelta
from typing import Final

from app.analytics.portfolio.ledger import Entry, Kind, Method
from app.analytics.portfolio.lots import MatchedLots, match_lots, unrealised
from app.analytics.portfolio.money import MILLION, RateError, rate
from app.portfolio.transaction_times import placed
from db.core.pool import Database, Row
from db.portfolio import currency_rates

MIDNIGHT: Final = time()
LAST_SECOND: Final = 86_399


class ExchangeRates:
    """Rates by currency and day: a day without one takes the last before it, where that is no longer than a holiday ago.

    A currency that its source gave up, or left out for years, has no rate after that. A table of one's own says which rate
    holds from a day on, however long.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self._days: dict[str, list[date]] = {}
        self._rows: dict[str, list[Row]] = {}
        for row in rows:
            self._days.setdefault(row["currency"], []).append(row["day"])
            self._rows.setdefault(row["currency"], []).append(row)

    def on(self, day: date) -> dict[str, int]:
        """The rates that held on a day; currencies without one are left out."""
        found = {}
        for currency, days in self._days.items():
            at = bisect_right(days, day)
            if at and _holds(self._rows[currency][at - 1], day):
                found[currency] = self._rows[currency][at - 1]["millionths"]
        return found


def _holds(row: Row, day: date) -> bool:
    """After the source's newest day there is nothing to compare with: its last rate goes on."""
    until = row["day"] + timedelta(days=currency_rates.MAX_GAP)
    return bool(row["source"] == currency_rates.TABLE or min(day, row["newest"]) <= until)


@dataclass(frozen=True, slots=True)
class Ledger:
    """A portfolio's matched lots; `without_rate` are the currencies and days whose rate it misses, oldest first.

    Items are numbered as in `names`; quantities and costs are by number. `ids` are those of the items that are known, by name.
    `entries` are its transactions in order of time.
    """

    matched: MatchedLots
    names: list[str]
    without_rate: list[tuple[date, str]]
    entries: list[Entry]
    ids: dict[str, int]

    def held(self) -> dict[str, tuple[int, int | None]]:
        """By name: recorded units and what they cost, None where that is unknown."""
        return {self.names[item]: found for item, found in self.matched.held().items()}


def read_rates(database: Database, rows: Sequence[Row], currency: str) -> ExchangeRates:
    """The rates that transactions need to be counted in a currency."""
    currencies = {row["currency"] for row in rows} | {currency}
    if currencies == {currency}:
        return ExchangeRates([])
    return ExchangeRates(currency_rates.since(database, sorted(currencies), min(row["time"] for row in rows).date()))


def make_ledger(rows: Sequence[Row], portfolio: Row, rates: ExchangeRates, method: str | None = None) -> Ledger:
    """Run a portfolio's transactions (oldest first). Without a rate an amount is unknown; the units count all the same.

    Raises:
        OversoldError: more was given away than was held; it names the transaction.
    """
    names: dict[str, int] = {}
    entries = []
    missing: set[tuple[date, str]] = set()
    for row in placed(rows):
        known = {**rates.on(row["time"].date()), "USD": MILLION}
        entries.append(_entry(row, portfolio["currency"], known, names))
        if entries[-1].amount is None or entries[-1].fee is None:
            lacking = {row["currency"], portfolio["currency"]} - known.keys()
            missing |= {(row["time"].date(), code) for code in lacking}
    matched = match_lots(entries, Method(method or portfolio["cost_method"]))
    ids = {row["market_hash_name"]: row["item_id"] for row in rows if row.get("item_id") is not None}
    return Ledger(matched, list(names), sorted(missing), entries, ids)


def _entry(row: Row, currency: str, rates: dict[str, int], names: dict[str, int]) -> Entry:
    name = row["market_hash_name"]
    kind = Kind(row["kind"])
    time = row["time"].astimezone(UTC)
    whole = row["price"] * (1 if kind is Kind.FEE else abs(row["quantity"]))
    return Entry(
        id=row["id"],
        time=row["moment"].timestamp(),
        kind=kind,
        item=None if name is None else names.setdefault(name, len(names)),
        quantity=row["quantity"],
        amount=_converted(whole, row["currency"], currency, rates),
        fee=_converted(row["fee"], row["currency"], currency, rates),
        # A date without a time is kept as the first moment of its day.
        until=time.timestamp() + LAST_SECOND if time.time() == MIDNIGHT else None,
    )


def _converted(amount: int, source: str, target: str, rates: dict[str, int]) -> int | None:
    """Nothing is nothing in every currency; any other amount without a rate is unknown."""
    try:
        return rate(source, target, rates).convert(amount) if amount else 0
    except RateError:
        return None


def lots_of(ledger: Ledger, prices: Mapping[str, int | None]) -> list[dict[str, object]]:
    """Open lots with what they would bring, oldest first; `prices` are per name what all recorded units are worth."""
    values = {number: prices.get(name) for number, name in enumerate(ledger.names)}
    held = {item: quantity for item, (quantity, _) in ledger.matched.held().items()}
    gains = unrealised(ledger.matched.lots, values, held)
    return [
        {
            "transaction_id": lot.entry_id,
            "market_hash_name": ledger.names[lot.item],
            "opened": lot.opened,
            "quantity": lot.quantity,
            "cost_basis": lot.cost,
            "unrealized_pnl": gain,
        }
        for lot, gain in zip(ledger.matched.lots, gains, strict=True)
    ]
