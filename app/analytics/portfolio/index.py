"""Market index: value-weighted over all items."""

import numpy as np

from app.analytics.arrays import Floats

BASE = 100.0


def market_index(prices: Floats, quantity: Floats) -> Floats:
    """Index levels, shape (days,), 100 on the first day with a price; NaN before it.

    Chained Laspeyres (ILO/IMF *Consumer Price Index Manual*): a day's growth is Σ q p(t) / Σ q p(t - 1) over the items that
    have a price on both days, so an item that is new, or not quoted, moves nothing.

    Args:
        prices: (items, days), NaN where unknown.
        quantity: (items,), how many of an item the market turns over or holds, which makes price times quantity its value;
            NaN or 0 leaves an item out.
    """
    known = np.isfinite(prices) & (prices > 0)
    weights = np.where(np.isfinite(quantity) & (quantity > 0), quantity, 0.0)
    clean = np.where(known, prices, 0.0)
    both = known[:, 1:] & known[:, :-1]
    now = weights @ np.where(both, clean[:, 1:], 0.0)
    before = weights @ np.where(both, clean[:, :-1], 0.0)
    steps = np.divide(now, before, out=np.ones_like(now), where=before > 0)
    levels = np.full(prices.shape[1], np.nan)
    quoted = weights @ known > 0
    if quoted.any():
        start = int(quoted.argmax())
        levels[start:] = BASE * np.cumprod(np.append(1.0, steps[start:]))
    return levels


def index_returns(levels: Floats) -> Floats:
    """Simple returns of index levels, shape (days - 1,); NaN where a level is."""
    returns: Floats = levels[1:] / levels[:-1] - 1
    return returns
