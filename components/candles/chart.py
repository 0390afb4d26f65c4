"""Pair chart: candles of an exchange as the price chart draws them."""

from typing import Any

from app.candles import series
from app.providers.sources import is_simulated
from components.ui import context
from db.candles.columns import CandleColumns
from db.candles.intervals import INTERVALS
from db.candles.read import Span
from db.candles.symbols import Pair

SHOWN = 1_000
DEFAULT = "1h"


def data(pair: Pair, interval: str, now: float) -> dict[str, Any] | None:
    """What the browser draws of a pair: the newest thousand candles; None where there are none."""
    found = series.candles(context.database(), context.cache(), pair, interval, Span(limit=SHOWN))
    return chart_data(pair, interval, found, now) if len(found) else None


def chart_data(pair: Pair, interval: str, candles: CandleColumns, now: float) -> dict[str, Any]:
    """Columns in minor units, volume in units of the base currency."""
    return {
        "item": pair.item_id,
        "name": pair.symbol,
        "source": pair.source,
        "simulated": is_simulated(pair.source),
        "window": interval,
        "interval": interval,
        "seconds": INTERVALS[interval],
        "kind": "candlestick",
        "scale": pair.price_scale,
        "currency": pair.quote_currency,
        "rolling": False,
        "exchange": True,
        "read": now,
        "outliers": [],
        "time": candles.open_time.tolist(),
        **{name: getattr(candles, name).tolist() for name in ("open", "high", "low", "close")},
        "volume": (candles.volume / pair.volume_scale).tolist(),
    }
