"""Valuation: values every portfolio in one pass over all holdings and stores a snapshot each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import structlog

from app.analytics.arrays import Floats, Ints
from app.analytics.portfolio import batch, pricing
from app.analytics.portfolio.history import return_history
from app.analytics.portfolio.pricing import Exchange, Prices, Quotes
from app.portfolio.currency_returns import rate_steps
from app.providers.sources import SIMULATED, is_simulated
from db.core.arrays import Array
from db.core.pool import Database
from db.portfolio import currency_rates, holdings, prices, snapshots

log = structlog.get_logger(__name__)

RISK_DAYS = 90


@dataclass(frozen=True, slots=True)
class Account:
    """A portfolio as the last valuation left it; `value` is None where there was none."""

    id: int
    currency: str
    price_source: str
    changed: bool
    value: int | None
    growth: float
    deposits: int
    withdrawals: int
    same_terms: bool
    """Currency and price source are those of the last valuation."""


@dataclass(frozen=True, slots=True)
class ValuationReport:
    """How many portfolios and holdings a valuation covered."""

    portfolios: int
    holdings: int


class Valuation:
    """Values all portfolios, again and again; risk is computed anew once an hour, since daily returns change slowly."""

    def __init__(self, database: Database, fees: Mapping[str, int]) -> None:
        self.database, self.fees = database, fees
        self._returns: tuple[datetime, Ints, Floats] | None = None

    def run(self, now: datetime) -> ValuationReport:
        """One valuation; what it reads and writes is one transaction."""
        quotes = prices.latest(self.database, SIMULATED)
        sources = quotes.sources
        exchange = Exchange(prices.units(self.database), currency_rates.rates_of_items(self.database))
        daily = self._daily(now)
        with self.database.connection() as connection:
            holdings.link_new_items(connection)
            with connection.transaction():
                connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                accounts = [_account(row) for row in snapshots.accounts(connection, now)]
                if not accounts:
                    return ValuationReport(0, 0)
                before = snapshots.positions(connection, sources)
                changed = [account.id for account in accounts if account.changed]
                fresh = snapshots.held_now(connection, changed, now)
                after = np.concatenate([before[~np.isin(before["portfolio_id"], changed)], fresh])
                valuer = Valuer(accounts, quotes, exchange, self.fees)
                value_now, source = valuer.values(after)
                value_before = valuer.at_sources(before)
                known = after.copy()
                after["priced"], after["source"] = value_now >= 0, source + 1
                columns = snapshot(accounts, after, value_now, before, value_before)
                columns["simulated"] = _simulated(accounts, after, sources)
                sigma = _volatility(accounts, after, value_now, *daily, self._steps(accounts, now, daily[1].shape[1]))
                _write_positions(connection, changed, after, known, sources)
                currencies = [account.currency for account in accounts]
                terms = [account.price_source for account in accounts]
                snapshots.write(connection, now, columns, currencies, terms, sigma)
        return ValuationReport(len(accounts), len(after))

    def _daily(self, now: datetime) -> tuple[Ints, Floats]:
        if self._returns is None or now - self._returns[0] >= timedelta(hours=1):
            item_id, returns = read_returns(self.database, now)
            self._returns = (now, item_id, returns)
        return self._returns[1:]

    def _steps(self, accounts: list[Account], now: datetime, days: int) -> Floats | None:
        """How each portfolio's currency moved on the last days, (portfolios, days); None where all are in dollars."""
        currencies = {account.currency for account in accounts}
        if currencies == {"USD"}:
            return None
        first = now.astimezone(UTC).date() - timedelta(days=days)
        steps = {currency: rate_steps(self.database, currency, first, days + 1) for currency in currencies}
        return np.array([steps[account.currency] for account in accounts])


def _volatility(
    accounts: list[Account],
    after: Array,
    worth: Ints,
    item_id: Ints,
    returns: Floats,
    steps: Floats | None,
) -> Floats:
    """Of each portfolio, from the items of `item_id` (n,) that have `returns` (n, days); `steps` are its currency's."""
    place = Prices(item_id, item_id, item_id, item_id).at(after["item_id"].astype(np.int64))
    usable = (place >= 0) & (worth > 0)
    ids = np.array([account.id for account in accounts])
    rows = np.searchsorted(ids, after["portfolio_id"][usable])
    order = np.argsort(rows, kind="stable")
    offsets = np.searchsorted(rows[order], np.arange(len(ids) + 1))
    return batch.volatility(batch.Holdings(offsets, place[usable][order], worth[usable][order]), returns, steps)


class Valuer:
    """Values positions, each in its portfolio's currency at its portfolio's price source."""

    def __init__(self, accounts: list[Account], quotes: Quotes, exchange: Exchange, fees: Mapping[str, int]) -> None:
        self._ids = np.array([account.id for account in accounts])
        terms = sorted({(account.price_source, account.currency) for account in accounts})
        self._terms, self._exchange = terms, exchange
        self._term = np.array([terms.index((account.price_source, account.currency)) for account in accounts])
        self._prices = {source: pricing.choose(quotes, source, fees) for source, _ in terms}
        self._quotes = quotes

    def values(self, positions: Array) -> tuple[Ints, Ints]:
        """Values, shape (n,), -1 where there is no price, or no rate; and the source it is of, -1 likewise."""
        result = np.full(len(positions), pricing.UNKNOWN, dtype=np.int64)
        chosen = np.full(len(positions), pricing.UNKNOWN, dtype=np.int64)
        term = self._term[np.searchsorted(self._ids, positions["portfolio_id"])]
        item_id, quantity = positions["item_id"].astype(np.int64), positions["quantity"]
        for index, (source, currency) in enumerate(self._terms):
            mine, quoted = np.flatnonzero(term == index), self._prices[source]
            own = pricing.amounts(quoted, item_id[mine], quantity[mine])
            result[mine] = self._exchange.convert_all(item_id[mine], own, currency)
            if len(quoted.source):
                chosen[mine] = np.where(result[mine] >= 0, quoted.source[quoted.at(item_id[mine])], pricing.UNKNOWN)
        return result, chosen

    def at_sources(self, positions: Array) -> Ints:
        """Values now at the source that each was valued at before, shape (n,); -1 where that has no price, or no rate."""
        source, item_id = positions["source"].astype(np.int64) - 1, positions["item_id"].astype(np.int64)
        result = np.full(len(positions), pricing.UNKNOWN, dtype=np.int64)
        # Valued before its source was stored: it is taken that the source is the same.
        unnamed = (positions["source"] == 0) & (positions["priced"] != 0)
        result[unnamed] = self.values(positions[unnamed])[0]
        term = self._term[np.searchsorted(self._ids, positions["portfolio_id"])]
        for place in np.unique(source[source >= 0]).tolist():
            quoted = pricing.of_source(self._quotes, place)
            for index, (_, code) in enumerate(self._terms):
                mine = np.flatnonzero((source == place) & (term == index))
                own = pricing.amounts(quoted, item_id[mine], positions["quantity"][mine])
                result[mine] = self._exchange.convert_all(item_id[mine], own, code)
        return result


def snapshot(
    accounts: list[Account], after: Array, value_now: Ints, before: Array, value_before: Ints
) -> dict[str, Array]:
    """The columns of this valuation's snapshots.

    What was held, and had a price, at the last valuation earns its change of price at the source it had then; whatever
    else changed the value came in or went out: it is a deposit or a withdrawal at today's price, not a gain. Where a price
    or a rate of then is gone, what it would have earned is unknown, and so the step earns nothing.
    """
    ids = np.array([account.id for account in accounts])
    value = _sums(ids, after, np.maximum(value_now, 0))
    carried = _sums(ids, before, np.where(before["priced"] != 0, np.maximum(value_before, 0), 0))
    last = np.array([account.value or 0 for account in accounts])
    comparable = np.array([account.value is not None and account.same_terms for account in accounts])
    comparable &= _sums(ids, before, ((before["priced"] != 0) & (value_before < 0)).astype(np.int64)) == 0
    earned = np.where(comparable, carried, last)
    flow = value - earned
    step = np.divide(carried, last, out=np.ones(len(ids)), where=comparable & (last > 0))
    return {
        "portfolio_id": ids,
        "value": value,
        "growth": np.array([account.growth for account in accounts]) * step,
        "deposits": np.array([account.deposits for account in accounts]) + np.maximum(flow, 0),
        "withdrawals": np.array([account.withdrawals for account in accounts]) + np.maximum(-flow, 0),
        "priced": _sums(ids, after, (value_now >= 0).astype(np.int64)),
        "unpriced": _sums(ids, after, (value_now < 0).astype(np.int64)),
    }


def read_returns(database: Database, now: datetime) -> tuple[Ints, Floats]:
    """Items with a good history, and their daily returns (n, days) over the last three months."""
    first = datetime(now.year, now.month, now.day, tzinfo=UTC) - timedelta(days=RISK_DAYS)
    item_id, closes, _ = prices.daily(database, None, first, RISK_DAYS + 1)
    found = return_history(closes)
    return item_id[found.used], found.returns


def _account(row: tuple[Any, ...]) -> Account:
    number, currency, source, changed, value, growth, deposits, withdrawals, was_currency, was_source = row
    same = (currency, source) == (was_currency, was_source)
    return Account(number, currency, source, changed, value, growth or 1.0, deposits or 0, withdrawals or 0, same)


def _sums(ids: Ints, positions: Array, amounts: Ints) -> Ints:
    """Per portfolio; bincount adds in floats, which are exact for 2^53 alone."""
    sums = np.zeros(len(ids), dtype=np.int64)
    np.add.at(sums, np.searchsorted(ids, positions["portfolio_id"]), amounts)
    return sums


def _simulated(accounts: list[Account], positions: Array, sources: list[str]) -> Array:
    """Whether any price of each portfolio was invented."""
    ids = np.array([account.id for account in accounts])
    invented = np.array([False, *(is_simulated(source) for source in sources)])[positions["source"]]
    return _sums(ids, positions, invented.astype(np.int64)) > 0


def _write_positions(connection: Any, changed: list[int], after: Array, known: Array, sources: list[str]) -> None:
    """Changed portfolios' positions anew; of the others only what is priced now by another source, or no more, or again.

    `known` are the positions `after` as they were.
    """
    mine = np.isin(after["portfolio_id"], changed)
    snapshots.replace_positions(connection, changed, after[mine], sources)
    turned = ((after["priced"] != 0) != (known["priced"] != 0)) | (after["source"] != known["source"])
    snapshots.mark_priced(connection, after[~mine & turned], sources)
