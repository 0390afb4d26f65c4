"""Past prices: what units of items were worth at past moments, at kept closes and the exchange rates of each day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np

from app.analytics.arrays import Floats, Ints
from app.analytics.portfolio.fees import net_proceeds_all
from app.analytics.portfolio.pricing import BEST, LARGEST, UNKNOWN, Exchange
from app.analytics.portfolio.replay import last_before
from app.portfolio.ledger import ExchangeRates
from app.portfolio.valuation import Terms
from app.providers.sources import is_simulated
from db.core.pool import Database
from db.portfolio import currency_rates, past, portfolios, prices
from db.portfolio.currency_rates import DOLLAR_TOKENS
from db.portfolio.past import Closes

DAY: Final = 86_400
HOUR: Final = 3_600


@dataclass(frozen=True, slots=True)
class Grid:
    """The columns of a replay: last seconds of days and hours, (m,), ascending, and the earlier column each is measured from.

    Closes of buckets of `step` seconds from `first` to before `end` are read for them, and the last ones before.
    """

    columns: Floats
    base: Ints
    first: datetime
    end: datetime
    step: int


def midnight(day: date) -> datetime:
    """When a day begins (UTC)."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def day_grid(first: date, last: date) -> Grid:
    """The ends of the day before `first` and of each day to `last`."""
    begin, count = midnight(first), (last - first).days + 1
    columns = begin.timestamp() - 1 + DAY * np.arange(count + 1, dtype=np.float64)
    return Grid(columns, np.maximum(np.arange(count + 1) - 1, 0), begin, begin + timedelta(days=count), DAY)


def hour_grid(first: date, now: datetime) -> Grid:
    """The end of the day before `first`, the ends of the whole hours since, and now."""
    begin = midnight(first)
    hours = int((now - begin).total_seconds()) // HOUR
    columns = np.append(begin.timestamp() - 1 + HOUR * np.arange(hours + 1, dtype=np.float64), now.timestamp())
    base = np.maximum((np.arange(hours + 2) - 1) // 24 * 24, 0)
    return Grid(columns, base, begin, begin + timedelta(hours=hours), HOUR)


class PastPrices:
    """Prices of n items (0 for what no source has quoted yet) at the columns of a grid, in a portfolio's terms."""

    def __init__(self, database: Database, ids: Sequence[int], terms: Terms, grid: Grid) -> None:
        self._ids = np.array(ids, dtype=np.int64)
        self._terms, self._grid = terms, grid
        every = portfolios.sources(database) if terms.price_source == BEST else []
        names = [name for name in every if not is_simulated(name)] or every
        known = np.unique(self._ids[self._ids > 0])
        found = past.closes(database, known.tolist(), terms.price_source, names, grid.first, grid.end, grid.step)
        self.price, self.time = self._chosen(known, found)
        wanted = set(known.tolist())
        self._others = {item: unit for item, unit in prices.units(database).items() if item in wanted}
        self._rates = self._read_rates(database)

    @property
    def age(self) -> Ints:
        """Seconds since each price's bucket ended, (n, m); meaningless where there is none."""
        return self._grid.columns.astype(np.int64) - self.time

    def values(self, units: Ints) -> Ints:
        """What units (n, m) were worth in the portfolio's currency, each rounded once; -1 without a price or a rate."""
        known = (self.price >= 0) & (units <= LARGEST // np.maximum(self.price, 1))
        amounts = np.where(known, self.price * np.where(known, units, 0), UNKNOWN)
        result = np.full(units.shape, UNKNOWN, dtype=np.int64)
        for columns, rates in self._rates:
            part = amounts[:, columns]
            items = np.repeat(self._ids, part.shape[1])
            converted = Exchange(self._others, rates).convert_all(items, part.ravel(), self._terms.currency)
            result[:, columns] = converted.reshape(part.shape)
        return result

    def _chosen(self, known: Ints, found: Closes) -> tuple[Ints, Ints]:
        """One price of each item at each column and the end of its bucket, (n, m): the source's, or the best one's."""
        grid, rows = self._grid, len(known)
        # What is carried in from before is the close of a day.
        ends = found.time + np.where(found.time < grid.first.timestamp(), DAY, grid.step) - 1
        price = np.full((rows, len(grid.columns)), UNKNOWN, dtype=np.int64)
        time, net = price.copy(), np.full(price.shape, -2, dtype=np.int64)
        for place in np.unique(found.source).tolist():
            mine = found.source == place
            row = np.searchsorted(known, found.item_id[mine])
            own, moment = last_before(grid.columns, row, ends[mine], found.close[mine], rows)
            left = np.where(own >= 0, net_proceeds_all(found.sources[place], own, self._terms.fees), -2)
            better = (own >= 0) & ((left > net) | ((left == net) & (own > price)))
            price, time, net = (np.where(better, new, old) for new, old in ((own, price), (moment, time), (left, net)))
        place_of = np.searchsorted(known, self._ids)
        named = (self._ids > 0)[:, np.newaxis]
        if not rows:
            nothing = np.full((len(self._ids), len(grid.columns)), UNKNOWN, dtype=np.int64)
            return nothing, nothing
        place_of = np.minimum(place_of, rows - 1)
        return np.where(named, price[place_of], UNKNOWN), np.where(named, time[place_of], UNKNOWN)

    def _read_rates(self, database: Database) -> list[tuple[Ints, dict[str, int]]]:
        """Rates in millionths for a dollar, with the columns that they are of."""
        columns = np.arange(len(self._grid.columns))
        codes = {code for code, _ in self._others.values()} | {self._terms.currency}
        foreign = sorted(codes - {"USD", *DOLLAR_TOKENS})
        tokens: Mapping[str, int] = dict.fromkeys(DOLLAR_TOKENS, 1_000_000)
        if not foreign:
            return [(columns, {**tokens})]
        days = [datetime.fromtimestamp(moment, UTC).date() for moment in self._grid.columns.tolist()]
        rates = ExchangeRates(currency_rates.since(database, foreign, days[0]))
        groups: dict[tuple[tuple[str, int], ...], list[int]] = {}
        of_day = {day: tuple(sorted(rates.on(day).items())) for day in set(days)}
        for column, day in enumerate(days):
            groups.setdefault(of_day[day], []).append(column)
        return [(np.array(found), {**tokens, **dict(key)}) for key, found in groups.items()]
