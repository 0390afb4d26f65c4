"""Currencies that a portfolio may be counted in."""

from typing import Final

from app.settings import Settings
from db.core.pool import Database
from db.portfolio import currency_rates

REFERENCE_RATES: Final = (
    "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "IDR", "ILS", "INR", "ISK", "JPY", "KRW", "MXN",
    "MYR", "NOK", "NZD", "PHP", "PLN", "RON", "SEK", "SGD", "THB", "TRY", "USD", "ZAR",
)  # fmt: skip
"""Of which the European Central Bank publishes a rate each day (www.ecb.europa.eu, euro foreign exchange reference rates, 2026)."""


def offered(database: Database, settings: Settings, current: str) -> tuple[list[str], bool]:
    """Currencies to choose from, `current` among them, and whether their rates are still to come.

    Rates are fetched once somebody needs them: before the first ones are there, those that will come are offered.
    """
    known = currency_rates.millionths(database)
    awaited = not known and bool(settings.rates_url)
    return sorted({"USD", current, *(REFERENCE_RATES if awaited else known)}), awaited
