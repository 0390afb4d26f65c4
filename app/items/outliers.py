"""Outliers: which closes of an item's candles the measures leave out."""

import numpy as np

from app.analytics import outlying
from app.analytics.arrays import Bools
from app.times import rfc3339_second
from db.core.pool import Row
from db.quotes.candles import Candles


def of_candles(candles: Candles) -> Bools:
    """Which closes are outliers among the others; shape (n,) with the lead."""
    known = (candles.volume >= 0) & ~candles.rolling
    sales = np.where(known, candles.volume, np.nan)
    found: Bools = outlying(candles.close[np.newaxis].astype(np.float64), sales[np.newaxis])[0]
    return found


def as_rows(candles: Candles, chosen: Bools) -> list[Row]:
    """Chosen closes as item_metrics stores outliers."""
    return [
        {"time": rfc3339_second(time), "price": price}
        for time, price in zip(candles.time[chosen].tolist(), candles.close[chosen].tolist(), strict=True)
    ]
