"""Currency returns: how the dollar moved against a portfolio's currency, day by day."""

from datetime import date, timedelta

import numpy as np

from app.analytics.arrays import Floats
from app.portfolio.ledger import ExchangeRates
from db.core.pool import Database
from db.portfolio import currency_rates


def rate_steps(database: Database, currency: str, first: date, days: int) -> Floats:
    """Each day's rate over that of the day before, shape (days - 1,), from the day after `first` on.

    A day without a rate takes the last before it; before the first that is kept, nothing moves.
    """
    if currency == "USD":
        return np.ones(days - 1)
    rates = ExchangeRates(currency_rates.since(database, [currency], first))
    found = [rates.on(first + timedelta(days=day)).get(currency) for day in range(days)]
    levels = np.array([np.nan if rate is None else rate for rate in found], dtype=np.float64)
    steps: Floats = levels[1:] / levels[:-1]
    return np.where(np.isfinite(steps), steps, 1.0)


def converted(returns: Floats, steps: Floats) -> Floats:
    """Returns (…, days) in dollars as returns in a currency whose `steps` end on the same day."""
    result: Floats = (1 + returns) * steps[len(steps) - returns.shape[-1] :] - 1
    return result
