"""Edge query: which pairs are asked for, in which order, and which gates keep the others out."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from app.analytics.arrays import Bools, Floats, Ints
from app.items.edges.pairs import Pairs
from db.items.edges import Quotes

STALE, SINGLE, NO_VOLATILITY, NO_RATE = "stale_price", "single_listing", "volatility_unknown", "rate_unknown"
GATED: Final = (STALE, SINGLE)
"""Gates that keep a pair out unless it is asked for; the others are named beside it."""
MAX_AGE: Final = 86_400.0
"""Seconds: an older price is a stale one where nothing else is asked for."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for; None and "" ask for nothing.

    Spreads and chances in percent, ages in seconds, `min_price` in whole units of the market's currency. `gated` lists what a gate
    keeps out as well. A figure that is not known does not pass a filter of it.
    """

    buy: str = ""
    sell: str = ""
    min_spread: float = 0.0
    max_loss: float | None = None
    max_age: float = MAX_AGE
    min_price: float | None = None
    gated: bool = False
    sort: str = "net_spread"
    descending: bool = True


@dataclass(frozen=True, slots=True)
class Found:
    """Places of pairs in order, and how many a gate kept out that else had passed."""

    order: Ints
    left_out: dict[str, int]


def ages(quotes: Quotes, found: Pairs, now: float) -> tuple[Floats, Floats]:
    """Seconds since both prices, (e,); a clock that is ahead makes none negative."""
    return tuple(np.maximum(0, now - quotes.at[found.item, side]) for side in (found.buy, found.sell))  # type: ignore[return-value]


def gates(quotes: Quotes, found: Pairs, query: Query, now: float) -> dict[str, Bools]:
    """Which pairs each gate of GATED names."""
    bought, sold = ages(quotes, found, now)
    listings = np.minimum(_listings(quotes, found.item, found.buy), _listings(quotes, found.item, found.sell))
    return {STALE: np.maximum(bought, sold) > query.max_age, SINGLE: listings <= 1}


def matching(quotes: Quotes, found: Pairs, query: Query, rate: Floats, now: float) -> Found:
    """What is asked for. `rate` (n,) turns an item's minor units into whole units of the market's currency, NaN where unknown."""
    passed = found.spread >= query.min_spread
    for name, side in ((query.buy, found.buy), (query.sell, found.sell)):
        if name:
            passed &= side == (quotes.sources.index(name) if name in quotes.sources else -1)
    if query.max_loss is not None:
        passed &= found.loss <= query.max_loss
    if query.min_price is not None:
        passed &= found.cost * rate[found.item] >= query.min_price
    named = gates(quotes, found, query, now)
    left_out = {name: int((passed & kept_out).sum()) for name, kept_out in named.items()}
    if not query.gated:
        passed &= ~np.logical_or.reduce(list(named.values()))
    rows = np.flatnonzero(passed)
    keys = _column(quotes, found, query.sort, rate)[rows]
    keys = np.where(np.isnan(keys), np.inf, -keys if query.descending else keys)
    return Found(rows[np.lexsort((found.item[rows], -found.spread[rows], keys))], left_out)


def _listings(quotes: Quotes, item: Ints, side: Ints) -> Ints:
    listings = quotes.listings[item, side]
    return np.where(listings < 0, np.iinfo(np.int64).max, listings)


def _column(quotes: Quotes, found: Pairs, sort: str, rate: Floats) -> Floats:
    if sort == "profit":
        return (found.proceeds - found.cost) * rate[found.item]
    if sort == "sales_per_day":
        return quotes.sales[found.item, found.sell]
    return {"net_spread": found.spread, "chance_of_loss": found.loss, "worst_case": found.worst}[sort]
