"""Sample portfolio: invented trades at kept closes, to try the pages with before one's own are there."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from app.analytics.arrays import Floats
from app.providers.demo.provider import DemoProvider
from app.providers.sources import is_simulated
from db.core.pool import LONG_TIMEOUT, Database, Row
from db.portfolio import portfolios, prices, transactions
from db.portfolio.transactions import Transaction

DAY: Final = timedelta(days=1)
DAYS: Final = 90
ITEMS: Final = 16
LEAST_ITEMS, LEAST_DAYS = 4, 2
CANDIDATES: Final = 300
"""Items whose closes are read."""
PRICES: Final = (100, 40_000)
"""US cents: what is cheaper or dearer would say nothing, or too much, in the figures."""
PURSE: Final = 20_000
"""US cents: about so much goes into a purchase."""
MOST_UNITS: Final = 12
TIERS: Final = 3
"""Cheap, middling and dear items are taken in turn."""
COVERAGE: Final = 0.8
"""The share of days with a close that an item needs."""
SALE_FEE: Final = 0.05
SEED: Final = 730
KINDS: Final = ("buy",) * 21 + ("sell",) * 17 + ("drop",) * 3 + ("trade", "fee")
"""What is done beside one first purchase of every item; a trade has two legs."""


class TooFewPricesError(Exception):
    """There are no closes to make trades from yet."""


@dataclass(frozen=True, slots=True)
class Market:
    """Closes that trades are made at: names (n,), closes (n, m) in US cents of the days from `first` on, each known."""

    names: list[str]
    closes: Floats
    first: datetime


def make_sample(database: Database, user_id: int, market: str, now: datetime, *, simulated_days: int = 0) -> Row:
    """The user's sample portfolio, made where there is none; `simulated_days` as of `read_market`.

    Raises:
        TooFewPricesError: too few items have closes of two days.
    """
    found = portfolios.sample(database, user_id)
    if found is not None:
        return found
    news = trades(read_market(database, market, now, simulated_days=simulated_days))
    with database.connection(answer_within=LONG_TIMEOUT) as connection, connection.transaction():
        portfolios.lock(connection, user_id)
        made = portfolios.create_sample(connection, user_id)
        if made is not None:
            transactions.add(connection, user_id, made["id"], news)
    made = made or portfolios.sample(database, user_id)
    if made is None:
        raise LookupError(f"user {user_id} has no room for a sample portfolio")
    return made


def is_possible(database: Database, market: str) -> bool:
    """Whether enough items of a market have a price now."""
    least, most = PRICES
    return len(prices.traded(database, market, least=least, most=most, limit=LEAST_ITEMS)) == LEAST_ITEMS


def read_market(database: Database, market: str, now: datetime, *, simulated_days: int = 0) -> Market:
    """Closes of up to `ITEMS` items over the last whole days: 90, or as many as they are kept of.

    The simulated market is filled with `simulated_days` of its past when an instance starts for the first time, the newest
    first. What is not there yet is known all the same.
    """
    least, most = PRICES
    rows = prices.traded(database, market, least=least, most=most, limit=CANDIDATES)
    first = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS)
    closes = _kept(database, rows, first)
    if simulated_days:
        closes = np.where(np.isfinite(closes), closes, _simulated(rows, first, simulated_days))
    known = np.isfinite(closes)
    starts = np.where(known.any(axis=1), known.argmax(axis=1), DAYS)
    sound = known.sum(axis=1) >= COVERAGE * np.maximum(1, DAYS - starts)
    usable = np.flatnonzero(sound & (starts <= DAYS - LEAST_DAYS))
    if len(usable) < LEAST_ITEMS:
        raise TooFewPricesError
    # The half with the longer past decides how far back it goes, so that new items do not shorten it.
    begin = int(np.sort(starts[usable])[min(max(LEAST_ITEMS, len(usable) // 2), 2 * ITEMS) - 1])
    usable = usable[starts[usable] <= begin]
    places = usable[_varied([rows[at] for at in usable.tolist()])]
    names = [rows[at]["market_hash_name"] for at in places.tolist()]
    return Market(names, _carried(closes[places])[:, begin:], first + timedelta(days=begin))


def _kept(database: Database, rows: Sequence[Row], first: datetime) -> Floats:
    """Closes (n, `DAYS`) of items from `first` on, NaN where there is none."""
    ids, closes, _ = prices.daily(database, [row["id"] for row in rows], first, DAYS)
    place = {item: at for at, item in enumerate(ids.tolist())}
    found = np.full((len(rows), DAYS), np.nan)
    for at, row in enumerate(rows):
        if row["id"] in place:
            found[at] = closes[place[row["id"]]]
    return found


def _simulated(rows: Sequence[Row], first: datetime, days: int) -> Floats:
    """The same of the simulated market's last `days`, as they will be kept; NaN for items of other sources."""
    provider = DemoProvider(None)
    grid = provider.history_arrays(first + DAY, first + (DAYS + 1) * DAY, DAY)
    place = {item.market_hash_name: at for at, item in enumerate(provider.items())}
    found = np.full((len(rows), DAYS), np.nan)
    for at, row in enumerate(rows):
        if is_simulated(row["source"]) and row["market_hash_name"] in place:
            found[at] = grid.prices[place[row["market_hash_name"]]]
    found[:, : max(0, DAYS - days)] = np.nan
    return found


def trades(market: Market) -> list[Transaction]:
    """Sixty of them, oldest first, the same for the same market; none gives away what is not held."""
    chance = np.random.default_rng(SEED)
    days = market.closes.shape[1]
    firsts = list(range(len(market.names)))
    rest = [str(kind) for kind in chance.permutation(np.array(KINDS + ("buy",) * (ITEMS - len(firsts))))]
    book = _Book(market, chance)
    steps = len(firsts) + len(rest)
    moments = np.sort(chance.uniform(0.0, days, steps))
    moments[0] = 0.0
    for at, moment in enumerate(moments.tolist()):
        # Every second step is a first purchase until each item was bought.
        if firsts and (at % 2 == 0 or at < LEAST_ITEMS or not rest):
            book.buy(firsts.pop(0), moment)
        else:
            book.do(rest.pop(), moment)
    return book.made


class _Book:
    """What was done so far, and what is held by it."""

    def __init__(self, market: Market, chance: np.random.Generator) -> None:
        self.made: list[Transaction] = []
        self._market, self._chance = market, chance
        self._held: dict[int, int] = defaultdict(int)

    def do(self, kind: str, moment: float) -> None:
        """A transaction of that kind, or both legs of a trade."""
        held = [item for item, units in self._held.items() if units]
        if kind == "fee":
            self._add("fee", None, 0, 499, moment, note="A month of price alerts")
        elif kind == "drop":
            self._add("drop", self._cheapest(moment), 1, 0, moment, note="Weekly drop")
        elif kind == "trade" and held:
            self._trade(self._any(held), moment)
        elif kind == "sell" and held:
            self._sell(self._any(held), moment)
        else:
            self.buy(self._any(range(len(self._market.names))), moment)

    def buy(self, item: int, moment: float) -> None:
        """A purchase of about `PURSE`."""
        price = max(1, round(self._price(item, moment) * self._chance.uniform(0.95, 1.01)))
        units = int(np.clip(round(PURSE * self._chance.uniform(0.4, 1.2) / price), 1, MOST_UNITS))
        self._add("buy", item, units, price, moment)

    def _sell(self, item: int, moment: float) -> None:
        units = min(self._held[item], int(self._chance.integers(1, self._held[item] // 2 + 2)))
        price = max(1, round(self._price(item, moment) * self._chance.uniform(0.99, 1.04)))
        self._add("sell", item, units, price, moment, fee=round(SALE_FEE * price * units))

    def _trade(self, given: int, moment: float) -> None:
        taken = (given + 1) % len(self._market.names)
        value = round(self._price(given, moment))
        self._add("trade", given, -1, value, moment, note="Traded with a friend")
        units = max(1, round(value / max(1.0, self._price(taken, moment))))
        self._add("trade", taken, units, round(value / units), moment, note="Traded with a friend")

    def _any(self, items: Sequence[int]) -> int:
        return items[int(self._chance.integers(len(items)))]

    def _cheapest(self, moment: float) -> int:
        return int(np.argmin(self._market.closes[:, int(moment)]))

    def _price(self, item: int, moment: float) -> float:
        return float(self._market.closes[item, int(moment)])

    def _add(
        self, kind: str, item: int | None, units: int, price: int, moment: float, *, fee: int = 0, note: str = ""
    ) -> None:
        name = None if item is None else self._market.names[item]
        time = self._market.first + timedelta(minutes=int(moment * 1440))
        self.made.append(Transaction(time, kind, name, units, price, fee, "USD", note))
        if item is not None:
            self._held[item] += -units if kind == "sell" else units


def _varied(rows: Sequence[Row]) -> list[int]:
    """Places of up to `ITEMS`: cheap, middling and dear ones in turn, each of the type taken least so far, the most sold first."""
    order = np.argsort([row["price"] for row in rows], kind="stable")
    tiers = [sorted(part.tolist()) for part in np.array_split(order, TIERS)]
    uses: Counter[str] = Counter()
    chosen: list[int] = []
    while len(chosen) < ITEMS and any(tiers):
        tier = tiers[len(chosen) % TIERS] or next(filter(None, tiers))
        place = min(tier, key=lambda at: (uses[rows[at]["weapon_type"]], at))
        tier.remove(place)
        uses[rows[place]["weapon_type"]] += 1
        chosen.append(place)
    return chosen


def _carried(closes: Floats) -> Floats:
    """The closes with each gap filled by the one before it; every row begins with a close."""
    known = np.isfinite(closes)
    last = np.maximum.accumulate(np.where(known, np.arange(closes.shape[1]), 0), axis=1)
    return np.take_along_axis(closes, last, axis=1)
