"""Overview: everything that the portfolio page and `GET /portfolio` show, in one call."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from app.analytics.portfolio import returns
from app.analytics.portfolio.ledger import OversoldError
from app.analytics.portfolio.money import minus
from app.portfolio.history import history
from app.portfolio.ledger import Ledger, lots_of, make_ledger, read_rates
from app.portfolio.past import read_past
from app.portfolio.risk import volatility
from app.portfolio.valuation import MarketPrices, Terms
from db.core.pool import Database, Row
from db.portfolio import holdings, past, portfolios, transactions
from db.portfolio.currency_rates import DOLLAR_TOKENS

STALE_SECONDS = 86_400
MAX_DAYS_NAMED = 5
"""Days without an exchange rate that a message names."""


@dataclass(frozen=True, slots=True)
class Overview:
    """A portfolio at a moment; amounts in minor units of `currency`, unknown is None.

    `holdings` are rows by value, the dearest first, those without a price last; `totals`, `performance` and `lots` are
    what `GET /portfolio` documents. `problem` is set where the transactions contradict each other.
    """

    portfolio: Row
    holdings: list[dict[str, Any]]
    totals: dict[str, Any]
    performance: dict[str, Any]
    lots: list[dict[str, Any]]
    last_import: Row | None
    problem: str | None


def overview(database: Database, portfolio: Row, fees: dict[str, int], now: datetime) -> Overview:
    """Everything about one portfolio, in a handful of queries."""
    return read(database, portfolio, fees, now)[0]


def read(
    database: Database, portfolio: Row, fees: dict[str, int], now: datetime, *, hours: bool = False
) -> tuple[Overview, list[Row]]:
    """The overview and the history that its returns are of, see `app.portfolio.history`: of one moment.

    With `hours` the history's last days come by the hour.
    """
    user_id, number = portfolio["user_id"], portfolio["id"]
    known = past.opened(database, number)
    held = holdings.held(database, user_id, number, now)
    # Old databases may hold some that are dated in the future: they count when their time comes.
    entries = [row for row in transactions.every(database, user_id, number) if row["time"] <= now]
    ids = [row["item_id"] for row in held if row["item_id"] is not None]
    prices = MarketPrices(database, ids, Terms(portfolio["currency"], portfolio["price_source"], fees))
    ledger, problem = _ledger(database, entries, portfolio)
    rows = holding_rows(held, prices, ledger, now)
    recorded = {row["market_hash_name"]: row["recorded_value"] for row in rows}
    replay = None if ledger is None else partial(read_past, database, portfolio, known, ledger, fees, now, recorded)
    course = history(database, portfolio, rows, replay, hours=hours)
    seen = Overview(
        portfolio=portfolio,
        holdings=rows,
        totals=totals_of(rows, ledger),
        performance=performance(course, volatility(database, portfolio, rows, now)),
        lots=[] if ledger is None else lots_of(ledger, recorded),
        last_import=portfolios.last_import(database, user_id) if portfolio["includes_steam"] else None,
        problem=problem,
    )
    return seen, course


def performance(course: list[Row], daily: float | None) -> dict[str, Any]:
    """Returns over a `history`, and how volatile the holdings are a day; None where there is too little."""
    found = {"volatility": daily, "basis": course[-1]["basis"] if course else None}
    nothing = dict.fromkeys(
        ("since", "time_weighted", "time_weighted_yearly", "money_weighted", "gain", "deposits", "withdrawals")
    )
    if len(course) < 2:  # noqa: PLR2004  # a return needs a beginning and an end
        return nothing | found
    first, last = course[0], course[-1]
    values = [row["value"] for row in course]
    moved = [row["deposits"] - row["withdrawals"] for row in course]
    flows = [values[0], *(after - before for before, after in pairwise(moved))]
    times = np.array([row["time"].timestamp() for row in course])
    total = last["growth"] / first["growth"] - 1 if first["growth"] > 0 else None
    deposits, withdrawals = last["deposits"] - first["deposits"], last["withdrawals"] - first["withdrawals"]
    seconds = float(times[-1] - times[0])
    return {
        "since": first["time"],
        "time_weighted": total,
        "time_weighted_yearly": None if total is None else returns.annualised(total, seconds),
        "money_weighted": returns.money_weighted(times, np.array(flows, dtype=np.float64), float(times[-1]), values[-1])
        if seconds >= 30 * 86_400
        else None,
        "gain": last["value"] - first["value"] - deposits + withdrawals,
        "deposits": deposits,
        "withdrawals": withdrawals,
        **found,
    }


def _ledger(database: Database, entries: list[Row], portfolio: Row) -> tuple[Ledger | None, str | None]:
    try:
        ledger = make_ledger(entries, portfolio, read_rates(database, entries, portfolio["currency"]))
    except OversoldError as error:
        row = next(row for row in entries if row["id"] == error.entry_id)
        return None, (
            f"Transaction {error.entry_id} ({row['time']:%Y-%m-%d}) gives away {error.sold} of {row['market_hash_name']},"
            f" but only {error.held} were held then; correct it, or add the purchase that is missing."
        )
    return ledger, _missing(ledger.without_rate)


def _missing(without: list[tuple[date, str]]) -> str | None:
    if not without:
        return None
    shown = ", ".join(f"{code} on {day}" for day, code in without[:MAX_DAYS_NAMED])
    more = f" and {len(without) - MAX_DAYS_NAMED} more days" if len(without) > MAX_DAYS_NAMED else ""
    return f"There is no exchange rate for {shown}{more}: cost and profit of what was bought or sold then are unknown."


def holding_rows(held: list[Row], prices: MarketPrices, ledger: Ledger | None, now: datetime) -> list[dict[str, Any]]:
    """Rows of `holdings.held` with their values, the dearest first: of a portfolio, or of a public profile."""
    known = ledger.held() if ledger else {}
    ids = [row["item_id"] or 0 for row in held]
    quantities = [max(row["steam"], row["recorded"]) for row in held]
    sellable = [max(row["steam"] - row["not_marketable"], row["recorded"]) for row in held]  # as every valuation counts
    values = prices.values(ids, sellable)
    before = prices.values_before(ids, sellable)
    recorded = prices.values(ids, [known.get(row["market_hash_name"], (0, 0))[0] for row in held])
    units = prices.values(ids, [1] * len(held))
    rows = []
    for at, row in enumerate(held):
        priced = row["marketable"] and values[at] is not None
        quoted = prices.quoted(ids[at]) if priced else None
        cost_units, cost = known.get(row["market_hash_name"], (0, None))
        value = values[at] if priced else None
        own = recorded[at] if priced and cost_units else None
        age = None if quoted is None else now.timestamp() - quoted[1]
        rows.append({
            "item_id": row["item_id"],
            "market_hash_name": row["market_hash_name"],
            "quantity": quantities[at],
            "current_price": units[at] if priced else None,
            "total_value": value,
            "cost_basis": cost,
            "cost_quantity": cost_units,
            "unrealized_pnl": minus(own, cost),
            "recorded_value": own,
            "net_if_sold": prices.net(ids[at], sellable[at]) if priced else None,
            "change_24h": minus(value, before[at]),
            "price_source": quoted[0] if quoted else None,
            "price_time": datetime.fromtimestamp(quoted[1], UTC) if quoted else None,
            "stale": None if age is None else age > STALE_SECONDS,
            "marketable": row["marketable"],
            "not_marketable": row["not_marketable"],
            "phases": row["phases"],
            "phase_price_unknown": bool(row["phases"]),  # no source's phases are kept apart: the price is the plain name's
            "tradable": row["tradable"],
            "tradable_after": row["tradable_after"],
            "steam_quantity": row["steam"],
            "recorded_quantity": row["recorded"],
            "imported_at": row["imported_at"],
            "quoted_in": row.get("currency"),
            **{name: row[name] for name in ("slug", "weapon_type", "rarity", "image_url")},
        })  # fmt: skip
    return sorted(
        rows, key=lambda row: (row["total_value"] is None, -(row["total_value"] or 0), row["market_hash_name"])
    )


def totals_of(rows: list[dict[str, Any]], ledger: Ledger | None) -> dict[str, Any]:
    """Sums of the rows, so that they add up; beside each how many rows it leaves out."""
    priced = [row for row in rows if row["total_value"] is not None]
    changes = [row for row in priced if row["change_24h"] is not None]
    costs = [row["cost_basis"] for row in rows if row["cost_basis"] is not None]
    gains = [row["unrealized_pnl"] for row in rows if row["unrealized_pnl"] is not None]
    nets = [row["net_if_sold"] for row in priced if row["net_if_sold"] is not None]
    change = sum(row["change_24h"] for row in changes) if changes else None
    start = sum(row["total_value"] - row["change_24h"] for row in changes)
    return {
        "total_value": sum(row["total_value"] for row in priced) if priced or not rows else None,
        "item_count": sum(row["quantity"] for row in rows),
        "change_24h": change,
        "percent_change_24h": change / start * 100 if change is not None and start else None,
        "without_base": len(priced) - len(changes),
        "cost_basis": sum(costs) if costs or not rows else None,
        "without_cost": len(rows) - len(costs),
        "unrealized_pnl": sum(gains) if gains else None,
        "realized_pnl": ledger.matched.realised_gain if ledger else None,
        "sales_without_profit": ledger.matched.unknown_gains if ledger else None,
        "net_if_sold": sum(nets) if nets else None,
        "unpriced": [row["market_hash_name"] for row in rows if row["total_value"] is None and row["marketable"]],
        "not_marketable": sum(row["not_marketable"] for row in rows),
        "stale": sum(bool(row["stale"]) for row in rows),
        "counted_as_dollars": sorted({row["quoted_in"] for row in priced if row["quoted_in"] in DOLLAR_TOKENS}),
    }
