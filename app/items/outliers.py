"""Outliers among an item's candles: which closes the measures leave out."""

from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from app.analytics import outlying
from db.core.pool import Row
from db.quotes.candles import Candles


def of_candles(candles: Candles) -> npt.NDArray[np.bool_]:
    """Which closes are outliers among the others; shape (n,) with the lead."""
    known = (candles.volume >= 0) & ~candles.rolling
    sales = np.where(known, candles.volume, np.nan)
    found: npt.NDArray[np.bool_] = outlying(candles.close[np.newaxis].astype(np.float64), sales[np.newaxis])[0]
    return found


def as_rows(candles: Candles, chosen: npt.NDArray[np.bool_]) -> list[Row]:
    """Chosen closes as item_metrics keeps its outliers."""
    return [
        {"time": datetime.fromtimestamp(time, UTC).isoformat(), "price": price}
        for time, price in zip(candles.time[chosen].tolist(), candles.close[chosen].tolist(), strict=True)
    ]
