"""Analytics: measures of price series as pure functions on arrays. No I/O, no clock, no globals; NumPy alone."""

from app.analytics.bollinger import Bands, bollinger_series
from app.analytics.engine import measure
from app.analytics.gates import EXCHANGE_GATES, GATES, Gate, gate_of
from app.analytics.measures import Measures
from app.analytics.outliers import outlying
from app.analytics.series import ema_series, rsi_series, sma_series
from app.analytics.windows import WINDOWS, Window, base_reach, bucket_edges

__all__ = [
    "EXCHANGE_GATES",
    "GATES",
    "WINDOWS",
    "Bands",
    "Gate",
    "Measures",
    "Window",
    "base_reach",
    "bollinger_series",
    "bucket_edges",
    "ema_series",
    "gate_of",
    "measure",
    "outlying",
    "rsi_series",
    "sma_series",
]
