"""Risk report: measures of a portfolio, and of a portfolio after a change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from app.analytics.arrays import Floats
from app.analytics.portfolio.history import ReturnHistory, return_history
from app.analytics.portfolio.index import index_returns, market_index
from app.analytics.portfolio.risk import Risk, measure, percentile
from app.analytics.portfolio.what_if import apply
from app.portfolio.currency_returns import converted, rate_steps
from app.portfolio.exclusions import NO_PRICE, Exclusions, exclusions_of
from app.portfolio.valuation import MarketPrices, Terms
from db.core.pool import Database, Row
from db.items import items
from db.items.markets import STEAM_MARKET
from db.portfolio import holdings, prices, snapshots

DAYS = 90
MAX_CORRELATED = 30


@dataclass(frozen=True, slots=True)
class ItemReturns:
    """Daily histories of items, the market's on the same days, and of other items why they have none."""

    item_id: list[int]
    history: ReturnHistory
    market: Floats
    unused: Exclusions


def read_return_history(
    database: Database, ids: list[int], now: datetime, currency: str = "USD", *, market: str | None = STEAM_MARKET
) -> ItemReturns:
    """The last three months of some items, beside the value-weighted index over a market, both as seen in a currency.

    Without a market its returns are NaN.
    """
    first = datetime(now.year, now.month, now.day, tzinfo=UTC) - timedelta(days=DAYS)
    steps = rate_steps(database, currency, first.date(), DAYS + 1)
    whole = np.full(DAYS, np.nan)
    if market is not None:
        _, closes, volume = prices.daily(database, None, first, DAYS + 1, market=market)
        # A source that tells no sales says nothing of an item's weight: one each.
        levels = market_index(closes, np.where(np.isfinite(volume), volume, 1.0))
        whole = converted(index_returns(levels), steps)
    every, closes, _ = prices.daily(database, ids, first, DAYS + 1)
    found = return_history(closes)
    days = found.returns.shape[1]
    found = replace(found, returns=converted(found.returns, steps))
    unused = exclusions_of(every.tolist(), closes, found.used)
    return ItemReturns(every[found.used].tolist(), found, whole[len(whole) - days :], unused)


def volatility(database: Database, portfolio: Row, held: Sequence[Mapping[str, Any]], now: datetime) -> float | None:
    """How far a portfolio's value swings in a day: the `volatility` of its `risk_report`, from the rows of its overview."""
    values = {row["item_id"]: row["total_value"] for row in held if row["item_id"] and row["marketable"]}
    found = read_return_history(database, list(values), now, portfolio["currency"], market=None)
    used = [(at, values[item]) for at, item in enumerate(found.item_id) if values[item]]
    worth = np.array([value for _, value in used], dtype=np.float64)
    return measure(worth, found.history.returns[[at for at, _ in used]]).volatility


def volatility_percentile(database: Database, user_id: int, volatility: float | None) -> float | None:
    """The share of other users whose portfolios are less volatile; None if one's own is unknown, or under 20 others."""
    if volatility is None:
        return None
    return percentile(volatility, np.array(snapshots.volatilities(database, user_id)))


def risk_report(
    database: Database, portfolio: Row, fees: Mapping[str, int], now: datetime, *, market: str = STEAM_MARKET
) -> dict[str, Any]:
    """The measures with one row per holding, and where the portfolio stands among the instance's others."""
    rows = [
        row
        for row in holdings.held(database, portfolio["user_id"], portfolio["id"], now)
        if row["marketable"] and _sellable(row) > 0
    ]
    held = [row for row in rows if row["item_id"]]
    quantities = {row["item_id"]: _sellable(row) for row in held}
    names = {row["item_id"]: row["market_hash_name"] for row in held}
    item_returns = read_return_history(database, list(quantities), now, portfolio["currency"], market=market)
    risk, used = _measure(database, portfolio, quantities, item_returns, fees)
    missing = {names[item]: item_returns.unused.of(item) for item in quantities if item not in used}
    missing |= {row["market_hash_name"]: NO_PRICE for row in rows if not row["item_id"]}
    largest = np.argsort(-np.abs(np.nan_to_num(risk.contributions)), kind="stable")[:MAX_CORRELATED].tolist()
    return {
        **_figures(risk),
        "percentile": volatility_percentile(database, portfolio["user_id"], risk.volatility),
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
    database: Database,
    portfolio: Row,
    changes: Mapping[int, int],
    fees: Mapping[str, int],
    now: datetime,
    *,
    market: str = STEAM_MARKET,
) -> dict[str, Any]:
    """Value and risk before and after units of items are added (positive) or removed.

    Raises:
        ChangeError: more is removed than is held.
    """
    held = [row for row in holdings.held(database, portfolio["user_id"], portfolio["id"], now) if row["item_id"]]
    before = {row["item_id"]: _sellable(row) for row in held if row["marketable"]}
    after = apply(before, changes)
    known = {row["id"] for row in items.some(database, list(after))}
    item_returns = read_return_history(
        database, sorted(before.keys() | after.keys()), now, portfolio["currency"], market=market
    )
    result = {}
    for name, quantities in (("before", before), ("after", {item: after[item] for item in after if item in known})):
        prices = MarketPrices(database, list(quantities), _terms(portfolio, fees))
        values = prices.values(list(quantities), list(quantities.values()))
        known_values = [value for value in values if value is not None]
        risk, _ = _measure(database, portfolio, quantities, item_returns, fees)
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
    item_returns: ItemReturns,
    fees: Mapping[str, int],
) -> tuple[Risk, list[int]]:
    """Risk of those items that have a price and a history, and which those are."""
    prices = MarketPrices(database, list(quantities), _terms(portfolio, fees))
    usable = [item for item in item_returns.item_id if item in quantities]
    values = prices.values(usable, [quantities[item] for item in usable])
    used = [(item, value) for item, value in zip(usable, values, strict=True) if value]
    row = {item: at for at, item in enumerate(item_returns.item_id)}
    returns = item_returns.history.returns[[row[item] for item, _ in used]]
    return measure(np.array([value for _, value in used], dtype=np.float64), returns, item_returns.market), [
        item for item, _ in used
    ]


def _sellable(row: Row) -> int:
    """Units that count in the value, of a row of `holdings.held`."""
    units: int = max(row["steam"] - row["not_marketable"], row["recorded"])
    return units


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
