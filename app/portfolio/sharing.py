"""Sharing: links that show a portfolio read-only; their tokens are secrets."""

from typing import Any

from app.portfolio.overview import Overview
from app.share_tokens import hash_token, new_token
from db.core.pool import Database, Row
from db.portfolio import portfolios, shares

HIDDEN = ("quantity", "total_value", "cost_basis", "cost_quantity", "unrealized_pnl", "recorded_value", "net_if_sold", "change_24h",
          "steam_quantity", "not_marketable", "phases", "recorded_quantity", "imported_at")  # fmt: skip


def create(database: Database, user_id: int, portfolio_id: int, *, hide_quantities: bool) -> tuple[str, Row] | None:
    """A new link's token, which is shown once and kept nowhere, and its record; None for another user's portfolio."""
    token = new_token()
    row = shares.create(database, user_id, portfolio_id, hash_token(token), hide_quantities=hide_quantities)
    return (token, row) if row else None


def find(database: Database, token: str) -> tuple[Row, bool] | None:
    """The portfolio that a token shows, and whether quantities are hidden."""
    found = shares.find(database, hash_token(token))
    if found is None:
        return None
    portfolio = portfolios.one(database, found["user_id"], found["portfolio_id"])
    return (portfolio, found["hide_quantities"]) if portfolio else None


def public_view(overview: Overview, *, hide_quantities: bool) -> dict[str, Any]:
    """What a link shows: no transactions, lots or ids of the owner; with hidden quantities shares of the whole alone."""
    total = overview.totals["total_value"] or 0
    rows = []
    for row in overview.holdings:
        share = row["total_value"] / total if total and row["total_value"] is not None else None
        shown = {name: value for name, value in row.items() if not (hide_quantities and name in HIDDEN)}
        rows.append(shown | {"share": share})
    totals = overview.totals if not hide_quantities else {"percent_change_24h": overview.totals["percent_change_24h"]}
    names = ("since", "time_weighted", "time_weighted_yearly", "money_weighted", "volatility")
    performance = overview.performance if not hide_quantities else {name: overview.performance[name] for name in names}
    return {
        "name": overview.portfolio["name"],
        "currency": overview.portfolio["currency"],
        "hide_quantities": hide_quantities,
        **totals,
        "performance": performance,
        "holdings": rows,
    }
