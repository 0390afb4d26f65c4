"""Edge rows: pairs as JSON, with the source, the age and the n of every figure; unknown is null."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from app.analytics.arrays import Floats
from app.analytics.portfolio.fees import BASIS_POINTS, STEAM
from app.items.edges.pairs import OFF_MEDIAN, Pairs, Terms
from app.items.edges.query import NO_RATE, NO_VOLATILITY, Query, gates
from app.providers.markets import Market
from app.providers.sources import DEFAULT_FEES, SOURCES, is_simulated
from db.core.pool import Database, Row
from db.items import edges
from db.items.edges import WINDOW, Quotes
from db.portfolio import currency_rates

CONVERTED_SCALE: Final = 100
"""Minor units of a converted amount in one unit of the market's currency."""
DOLLAR: Final = "USD"
OF_ITEM: Final = (
    "market", "market_hash_name", "weapon_type", "weapon", "wear", "rarity", "image_url", "currency", "price_scale",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rates:
    """The newest rates: millionths of a currency for a dollar, with the day and the source of those that have one."""

    market: Market
    millionths: Mapping[str, int]
    published: Mapping[str, Row]

    def of(self, currency: str) -> float | None:
        """What a unit of a currency is in the market's; None where no rate is known."""
        one, other = self.millionths.get(currency), self.millionths.get(self.market.currency)
        return None if not one or not other else other / one

    def by_item(self, quotes: Quotes) -> Floats:
        """Whole units of the market's currency in one minor unit of each item, (n,); NaN where unknown."""
        units = [self.of(currency) for currency in quotes.currencies]
        each = np.array([np.nan if unit is None else unit for unit in units], dtype=np.float64)
        return each[quotes.currency] / quotes.scale if len(each) else np.empty(0)


def read_rates(database: Database, market: Market) -> Rates:
    """The day's rates."""
    published = {row["currency"]: row for row in currency_rates.latest(database)}
    tokens = dict.fromkeys((DOLLAR, *currency_rates.DOLLAR_TOKENS), 1_000_000)
    return Rates(market, {name: row["millionths"] for name, row in published.items()} | tokens, published)


@dataclass(frozen=True, slots=True)
class Context:
    """What rows are made from; `now` in seconds since 1970."""

    quotes: Quotes
    pairs: Pairs
    rates: Rates
    query: Query
    days: int
    now: float


def rows(database: Database, context: Context, places: Iterable[int]) -> list[dict[str, Any]]:
    """The pairs at these places of `context.pairs`, in their order."""
    order = [int(place) for place in places]
    quotes, found = context.quotes, context.pairs
    known = edges.items(database, sorted({int(quotes.ids[found.item[place]]) for place in order}))
    named = gates(quotes, found, context.query, context.now)
    made = []
    for place in order:
        item = known.get(int(quotes.ids[found.item[place]]))
        if item is not None:
            kept_out = [name for name, which in named.items() if which[place]]
            made.append(_row(context, item, place, kept_out))
    return made


def _row(context: Context, item: Row, place: int, kept_out: list[str]) -> dict[str, Any]:
    quotes, found = context.quotes, context.pairs
    at = int(found.item[place])
    cost, proceeds = int(found.cost[place]), int(found.proceeds[place])
    volatility = _volatility(quotes, at, int(found.sell[place]), known=np.isfinite(found.loss[place]))
    converted = _converted(context.rates, item, cost, proceeds)
    named = [*kept_out]
    if volatility is None:
        named.append(NO_VOLATILITY)
    if converted is None:
        named.append(NO_RATE)

    return {
        "item_id": item["id"],
        **{name: item[name] for name in OF_ITEM},
        "buy": _side(context, at, int(found.buy[place])) | {"cost": cost},
        "sell": _side(context, at, int(found.sell[place]))
        | {"proceeds": proceeds, "sales_per_day": _number(quotes.sales[at, found.sell[place]])},
        "profit": proceeds - cost,
        "net_spread": float(found.spread[place]),
        "days_locked": context.days,
        "chance_of_loss": _number(found.loss[place]),
        "worst_case": _number(found.worst[place]),
        "volatility": volatility,
        "converted": converted,
        "sources": int((quotes.price[at] > 0).sum()),
        "gates": named,
    }


def _side(context: Context, item: int, source: int) -> dict[str, Any]:
    quotes = context.quotes
    listings = int(quotes.listings[item, source])
    return {
        "source": quotes.sources[source],
        "simulated": is_simulated(quotes.sources[source]),
        "price": int(quotes.price[item, source]),
        "time": _moment(quotes.at[item, source]),
        "age": round(max(0.0, context.now - float(quotes.at[item, source])), 3),
        "listings": None if listings < 0 else listings,
    }


def _volatility(quotes: Quotes, item: int, source: int, *, known: bool) -> dict[str, Any] | None:
    """What the risk comes from: the deviation of a day's logarithmic return at the source where one sells."""
    if not known:
        return None
    return {
        "per_day": float(quotes.volatility[item, source]),
        "samples": int(quotes.samples[item, source]),
        "window": WINDOW,
        "source": quotes.sources[source],
        "as_of": _moment(quotes.as_of[item, source]),
    }


def _converted(rates: Rates, item: Row, cost: int, proceeds: int) -> dict[str, Any] | None:
    """Both amounts in the market's currency; null where no rate is known."""
    rate = rates.of(item["currency"])
    if rate is None:
        return None
    scale = CONVERTED_SCALE * rate / item["price_scale"]
    published = rates.published.get(item["currency"]) if item["currency"] != rates.market.currency else None
    return {
        "currency": rates.market.currency,
        "price_scale": CONVERTED_SCALE,
        "cost": round(cost * scale),
        "proceeds": round(proceeds * scale),
        "rate": rate,
        "day": published["day"].isoformat() if published else None,
        "source": published["source"] if published else None,
    }


def off_median(quotes: Quotes, off: Any, now: float) -> list[dict[str, Any]]:
    """Quotes that are never used, of the first item."""
    return [
        {
            "source": source,
            "price": int(quotes.price[0, at]),
            "age": round(max(0.0, now - float(quotes.at[0, at])), 3),
            "reason": OFF_MEDIAN,
        }
        for at, source in enumerate(quotes.sources)
        if off[0, at]
    ]


def fee_table(sources: Iterable[str], terms: Terms) -> dict[str, dict[str, Any]]:
    """Fees by source: what a seller pays and a buyer, in percent, in words, with the day when they were looked up."""
    return {source: _fee(source, terms) for source in sorted(sources)}


def _fee(source: str, terms: Terms) -> dict[str, Any]:
    entry = SOURCES.get(source)
    fee = terms.fees.get(source)
    own = source != STEAM and fee is not None and fee != DEFAULT_FEES.get(source)
    if source == STEAM:
        words = "5 % + 10 % on top of what the seller gets, a cent at least each"
    elif fee is None:
        words = "not known: nothing is sold there"
    else:
        words = f"{fee / 100:g} % of the price"
    as_of = entry.fees_as_of if entry and not own else None
    return {
        "seller": None if fee is None or source == STEAM else fee / 100,
        "buyer": 100 * (entry.buyer_fee if entry else 0) / BASIS_POINTS,
        "words": words,
        "origin": "TRACERA_PORTFOLIO_FEES" if own else "built in",
        "as_of": as_of.isoformat() if as_of else None,
    }


def _moment(seconds: float) -> datetime | None:
    return None if np.isnan(seconds) else datetime.fromtimestamp(float(seconds), UTC)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
