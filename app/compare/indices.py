"""Market indices of a comparison: levels on its grid, and daily returns beside those of items."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from app.analytics.arrays import SECONDS_PER_DAY, Floats, Ints
from app.analytics.comparison import BASE
from app.portfolio.benchmark import at_times, market_levels
from app.providers.markets import MARKETS
from db.core.pool import Database


@dataclass(frozen=True, slots=True)
class Index:
    """A market's index from the beginning of a comparison on.

    `levels` (buckets,) is 100 at first and NaN in buckets without a close of the index, which has one a day; `days` are the UTC days
    (numbers since 1970) of `closes`.
    """

    market: str
    name: str
    levels: Floats
    days: Ints
    closes: Floats

    def on(self, days: Ints) -> Floats:
        """Its close of each of these days, NaN where it has none."""
        found = np.full(len(days), np.nan)
        _, here, there = np.intersect1d(days, self.days, return_indices=True)
        found[here] = self.closes[there]
        return found


def read(database: Database, markets: Sequence[str], time: Ints, width: int, now: datetime) -> list[Index]:
    """The indices of some markets over buckets of `width` seconds that begin at `time`; without those that do not reach so far back."""
    first = datetime.fromtimestamp(int(time[0]), UTC)
    found = []
    for market in dict.fromkeys(market for market in markets if market in MARKETS):
        known = market_levels(database, market, first, now)
        base = at_times(known, np.array([min(float(time[0]) + width, now.timestamp())]))
        if known is None or base is None:
            continue
        ends, closes = known
        levels = np.full(len(time), np.nan)
        bucket = ((ends - 1 - time[0]) // width).astype(np.int64)
        inside = (bucket > 0) & (bucket < len(time))
        levels[bucket[inside]] = BASE * closes[inside] / base[0]
        levels[0] = BASE
        days = ((ends - 1) // SECONDS_PER_DAY).astype(np.int64)
        found.append(Index(market, f"{MARKETS[market].name} index", levels, days, closes))
    return found
