"""Technical indicators: series of candles in, series of the same length out; NaN where a value is unknown.

TA-Lib computes what it has (docs/decisions/0050-indicators-by-ta-lib.md); docs/indicators.md lists all of them.
"""

from app.analytics.indicators.candles import Candles
from app.analytics.indicators.compute import compute
from app.analytics.indicators.indicator import Indicator
from app.analytics.indicators.parameters import Parameter, ParameterError
from app.analytics.indicators.registry import REGISTRY, UnknownIndicatorError
from app.analytics.indicators.request import IndicatorRequest

__all__ = [
    "REGISTRY",
    "Candles",
    "Indicator",
    "IndicatorRequest",
    "Parameter",
    "ParameterError",
    "UnknownIndicatorError",
    "compute",
]
