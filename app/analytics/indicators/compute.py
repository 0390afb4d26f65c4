"""The one way to compute an indicator."""

from collections.abc import Mapping

import numpy as np

from app.analytics.arrays import Floats
from app.analytics.indicators.candles import Candles, unbroken_runs
from app.analytics.indicators.registry import REGISTRY, UnknownIndicatorError


def compute(name: str, parameters: Mapping[str, object], candles: Candles, interval_seconds: int) -> dict[str, Floats]:
    """An indicator's series by name, each as long as `candles` and NaN where it is unknown.

    Every run of candles without a gap is computed by itself, as if nothing were before or after it. Parameters that are
    not given have their defaults. Raises UnknownIndicatorError, ParameterError, and ValueError for an interval below 1.
    """
    indicator = REGISTRY.get(name)
    if indicator is None:
        raise UnknownIndicatorError(name)
    if interval_seconds < 1:
        raise ValueError(f"an interval has at least one second, not {interval_seconds}")
    values = indicator.values(parameters)
    found = {series: np.full(len(candles), np.nan) for series in indicator.series}
    for bars in unbroken_runs(candles, interval_seconds, indicator.inputs):
        for target, run in zip(found.values(), indicator.function(candles.part(bars), values), strict=True):
            target[bars] = run
    return found
