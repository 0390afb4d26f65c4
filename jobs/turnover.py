"""Turnover: what was traded of an exchange's pairs, in the one currency that their market is counted in."""

from collections.abc import Mapping

import numpy as np

from app.analytics.arrays import Floats
from db.candles.symbols import Pair
from jobs.closes import WindowPanel
from jobs.window_measures import last_closes


def turnover(panel: WindowPanel, pairs: Mapping[int, Pair], currency: str) -> Floats:
    """Turnover of each pair in the window, in whole units of `currency`, shape (n,); NaN where nothing converts to it.

    Each candle counts with its close times its volume. Other quote currencies are converted at the last price of the market's
    own pair of the two.
    """
    found = [pairs.get(item) for item in panel.item_id.tolist()]
    last = np.where(panel.outlier, np.nan, panel.close)
    prices = {
        (pair.base_currency, pair.quote_currency): close / pair.price_scale
        for pair, close in zip(found, last_closes(last).tolist(), strict=True)
        if pair and close > 0
    }
    values = [np.nan if pair is None else quote_value(prices, pair.quote_currency, currency) for pair in found]
    units = [1 if pair is None else pair.price_scale * pair.volume_scale for pair in found]
    return panel.traded / np.array(units, dtype=np.float64) * np.array(values, dtype=np.float64)


def quote_value(prices: Mapping[tuple[str, str], float], quote: str, currency: str) -> float:
    """What a unit of `quote` is worth in `currency`, by prices of (base, quote); NaN where no pair joins the two."""
    if quote == currency:
        return 1.0
    if (quote, currency) in prices:
        return prices[quote, currency]
    if (currency, quote) in prices:
        return 1.0 / prices[currency, quote]
    return float("nan")
