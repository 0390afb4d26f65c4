"""Risk of a portfolio, and of what it would be after a change."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from app.analytics.arrays import Floats
from app.analytics.portfolio.history import History, history
from app.analytics.portfolio.index import index_returns, market_index
from app.analytics.portfolio.risk import Risk, measure, percentile
from app.analytics.portfolio.what_if import apply
from app.portfolio.currency_returns import converted, rate_steps
from app.portfolio.exclusions import NO_PRICE, Exclusions, exclusions_of
from app.portfolio.valuation import Market, Terms
from db.core.pool import Database, Row
from db.items import items
from db.portfolio import holdings, prices, snapshots

DAYS = 90
MOST_CORRELATED = 30


@dataclass(frozen=True, slots=True)
class Past:
    """Daily histories of items, the market's on the same days, and of other items why they have none."""

    item_id: list[int]
    history: History
    market: Floats
    unused: Exclusions


def read_past(database: Database, ids: list[int], now: datetime, currency: str = "USD") -> Past:
    """The last three months of some items, beside the value-weighted index over all, both as seen in a currency."""
    first = datetime(now.year, now.month, now.day, tzinfo=UTC) - timedelta(days=DAYS)
    every, closes, volume = prices.daily(database, None, first, DAYS + 1)
    # A source that tells no sales says nothing of an item's weight: one each.
    levels = market_index(closes, np.where(np.isfinite(volume), volume, 1.0))
    mine = np.flatnonzero(np.isin(every, ids))
    found = history(closes[mine])
    days = found.returns.shape[1]
    steps = rate_steps(database, currency, first.date(), DAYS + 1)
    found = replace(found, returns=converted(found.returns, steps))
    market = converted(index_returns(levels), steps)
    unused = exclusions_of(every[mine].tolist(), closes[mine], found.used)
    return Past(every[mine][found.used].tolist(), found, market[len(market) - days :], unused)


def standing(database: Database, user_id: int, volatility: float | None) -> float | None:
    """The share of other users whose portfolios are less volatile; None if one's own is unknown, or under 20 others."""
    if volatility is None:
        return None
    return percentile(volatility, np.array(snapshots.volatilities(database, user_id)))


def risk_report(database: Database, portfolio: Row, fees: Mapping[str, int], now: datetime) -> dict[str, Any]:
    """The measures with one row per holding, and where the portfolio stands among the instance's others."""
    rows = [
        row
        for row in holdings.held(database, portfolio["user_id"], portfolio["id"], now)
        if row["marketable"] and max(row["steam"], row["recorded"]) > 0
    ]
    held = [row for row in rows if row["item_id"]]
    quantities = {row["item_id"]: max(row["steam"], row["recorded"]) for row in held}
    names = {row["item_id"]: row["market_hash_name"] for row in held}
    past = read_past(database, list(quantities), now, portfolio["currency"])
    risk, used = _measure(database, portfolio, quantities, past, fees)
    missing = {names[item]: past.unused.of(item) for item in quantities if item not in used}
    missing |= {row["market_hash_name"]: NO_PRICE for row in rows if not row["item_id"]}
    largest = np.argsort(-np.abs(np.nan_to_num(risk.contributions)), kind="stable")[:MOST_CORRELATED].tolist()
    return {
        **_figures(risk),
        "percentile": standing(database, portfolio["user_id"], risk.volatility),
        "contributions": [
            {"item_id": item, "market_hash_name": names[item], "contribution": _known(risk.contributions[at])}
            for at, item in enumerate(used)
        ],
        "correlation": {
            "item_ids": [used[at] for at in largest],
            "matrix": [[_known(risk.correlation[row, column]) for column in largest] for row in largest],
        },
        "left_out": sorted(missing),
        "left_out_reasons": [{"market_hash_name": name, "reason": missing[name]} for name in sorted(missing)],
    }


def what_if(
    database: Database, portfolio: Row, changes: Mapping[int, int], fees: Mapping[str, int], now: datetime
) -> dict[str, Any]:
    """Value and risk before and after units of items are added (positive) or removed.

    Raises:
        ChangeError: more is removed than is held.
    """
    held = [row for row in holdings.held(database, portfolio["user_id"], portfolio["id"], now) if row["item_id"]]
    before = {row["item_id"]: max(row["steam"], row["recorded"]) for row in held if row["marketable"]}
    after = apply(before, changes)
    known = {row["id"] for row in items.some(database, list(after))}
    past = read_past(database, sorted(before.keys() | after.keys()), now, portfolio["currency"])
    result = {}
    for name, quantities in (("before", before), ("after", {item: after[item] for item in after if item in known})):
        market = Market(database, list(quantities), _terms(portfolio, fees))
        values = market.values(list(quantities), list(quantities.values()))
        known_values = [value for value in values if value is not None]
        risk, _ = _measure(database, portfolio, quantities, past, fees)
        result[name] = {
            "total_value": sum(known_values) if known_values or not values else None,
            "unpriced": len(values) - len(known_values),
            **_figures(risk),
        }
    return result


def _measure(
    database: Database,
    portfolio: Row,
    quantities: Mapping[int, int],
    past: Past,
    fees: Mapping[str, int],
) -> tuple[Risk, list[int]]:
    """Risk of those items that have a price and a history, and which those are."""
    market = Market(database, list(quantities), _terms(portfolio, fees))
    usable = [item for item in past.item_id if item in quantities]
    values = market.values(usable, [quantities[item] for item in usable])
    used = [(item, value) for item, value in zip(usable, values, strict=True) if value]
    row = {item: at for at, item in enumerate(past.item_id)}
    returns = past.history.returns[[row[item] for item, _ in used]]
    return measure(np.array([value for _, value in used], dtype=np.float64), returns, past.market), [
        item for item, _ in used
    ]


def _terms(portfolio: Row, fees: Mapping[str, int]) -> Terms:
    return Terms(portfolio["currency"], portfolio["price_source"], fees)


def _figures(risk: Risk) -> dict[str, Any]:
    names = (
        "volatility",
        "yearly_volatility",
        "beta",
        "value_at_risk",
        "expected_shortfall",
        "max_drawdown",
        "diversification",
        "days",
    )
    return {name: getattr(risk, name) for name in names}


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
