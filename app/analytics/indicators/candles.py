"""Candles as arrays, and the unbroken runs in them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.analytics.arrays import Floats, Ints


@dataclass(frozen=True, slots=True)
class Candles:
    """Candles of one symbol and interval, oldest first: six arrays of one length.

    `open_time` is in epoch seconds (int64); prices and volume are float64 in any unit, NaN where unknown. Raises
    ValueError if an array has another length or type.
    """

    open_time: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __post_init__(self) -> None:
        if self.open_time.ndim != 1 or self.open_time.dtype != np.int64:
            raise ValueError("open_time must be a 1-D array of int64")
        for name in ("open", "high", "low", "close", "volume"):
            values: Floats = getattr(self, name)
            if values.shape != self.open_time.shape or values.dtype != np.float64:
                raise ValueError(f"{name} must be an array of float64, as long as open_time")

    def __len__(self) -> int:
        return self.open_time.size

    def part(self, bars: slice) -> "Candles":
        """The candles of a slice, as views."""
        return Candles(
            self.open_time[bars],
            self.open[bars],
            self.high[bars],
            self.low[bars],
            self.close[bars],
            self.volume[bars],
        )


def unbroken_runs(candles: Candles, interval_seconds: int, inputs: Sequence[str]) -> list[slice]:
    """Slices of candles that follow each other by `interval_seconds` and whose `inputs` are all finite, in order.

    A candle with an unknown input belongs to no run: like a missing one, it is a gap.
    """
    columns: list[Floats] = [getattr(candles, name) for name in inputs]
    known = np.logical_and.reduce([np.isfinite(column) for column in columns])
    follows = np.diff(candles.open_time) == interval_seconds
    if known.all() and follows.all():
        return [slice(0, len(candles))] if len(candles) else []
    at = np.flatnonzero(known)
    gaps = (np.diff(at) != 1) | ~follows[at[:-1]]
    runs = np.split(at, np.flatnonzero(gaps) + 1)
    return [slice(int(run[0]), int(run[-1]) + 1) for run in runs if run.size]
