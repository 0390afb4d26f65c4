"""Portfolio data: everything the portfolio page shows, read once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.analytics.portfolio.money import RateError, rate
from app.portfolio.importer import fees_of
from app.portfolio.overview import STALE_SECONDS, Overview, overview
from app.portfolio.risk import volatility_percentile
from components.ui import context
from components.ui.format import scale
from db.core.pool import Row
from db.portfolio import currency_rates, prices

FIELDS = ("current_price", "quantity", "total_value", "cost_basis", "cost_quantity", "unrealized_pnl", "net_if_sold",
          "change_24h", "share", "weapon_type", "rarity", "image_url", "marketable", "tradable", "steam_quantity",
          "recorded_quantity", "phases")  # fmt: skip


@dataclass(frozen=True, slots=True)
class PortfolioData:
    """`percentile` is the share of other users whose portfolios are less volatile, None under 20 others."""

    overview: Overview
    percentile: float | None


def read(portfolio: Row) -> PortfolioData:
    """The portfolio now.

    Raises:
        DatabaseDownError: not now.
    """
    found = read_overview(portfolio)
    if not portfolio["includes_steam"]:
        return PortfolioData(found, None)
    own = found.performance["volatility"]
    return PortfolioData(found, volatility_percentile(context.database(), portfolio["user_id"], own))


def read_overview(portfolio: Row) -> Overview:
    """Its overview at the instance's fees."""
    return overview(context.database(), portfolio, fees_of(context.settings()), datetime.now(UTC))


def for_browser(rows: Sequence[Mapping[str, Any]], portfolio: Row, totals: Mapping[str, Any]) -> dict[str, Any]:
    """What the scripts draw and move: rows as of `overview`, of which those of a share link may lack fields.

    `by` is the exact rate [top, bottom] from the item's minor units to the portfolio's, null where there is none; `at`
    is in seconds since 1970.
    """
    currency = portfolio["currency"]
    rates = _Rates(currency)
    return {
        "currency": currency,
        "scale": scale(currency),
        "stale_after": STALE_SECONDS,
        "fees": fees_of(context.settings()),
        "realized": totals.get("realized_pnl"),
        "rows": [_row(row, rates) for row in rows],
    }


class _Rates:
    """Rates of items, by what they are counted in."""

    def __init__(self, currency: str) -> None:
        database = context.database()
        self._currency = currency
        self._units = prices.units(database)
        self._millionths = currency_rates.rates_of_items(database)

    def of(self, item_id: int | None) -> list[int] | None:
        code, minor = self._units.get(item_id or 0, ("USD", 100))
        try:
            found = rate(code, self._currency, self._millionths, scale=minor)
        except RateError:
            return None
        return [found.top, found.bottom]


def _row(row: Mapping[str, Any], rates: _Rates) -> dict[str, Any]:
    time, until = row["price_time"], row["tradable_after"]
    return {
        "id": row["item_id"],
        "name": row["market_hash_name"],
        "source": row["price_source"],
        "at": None if time is None else time.timestamp(),
        "until": None if until is None else until.timestamp(),
        "by": rates.of(row["item_id"]),
        **{name: row.get(name) for name in FIELDS},
    }
