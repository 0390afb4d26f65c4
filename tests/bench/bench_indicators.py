"""Indicators beside TA-Lib's own time: `python -m tests.bench.bench_indicators [--candles 5000] [--repeat 40]`.

Twelve indicators with their defaults over one series of minute candles, ours through `compute` and TA-Lib's function alone,
in turns; the best of each counts. What ours does more is to find gaps and still stretches and to check parameters. A second
table has the same candles with a gap every hundred, which TA-Lib cannot have.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial

import numpy as np

from app.analytics.indicators import Candles, compute
from tests.analytics.indicators.support import MINUTE, walk
from tests.analytics.indicators.test_against_talib import THEIRS

NAMES = (
    "sma", "ema", "wma", "bollinger", "rsi", "macd", "stochastic", "atr", "adx", "cci", "obv", "supertrend",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candles", type=int, default=5_000)
    parser.add_argument("--repeat", type=int, default=40)
    options = parser.parse_args()
    candles = walk(options.candles)
    gappy = with_gaps(candles)
    print(f"{'':12}{'ours µs':>10}{'TA-Lib µs':>12}{'ratio':>8}{'with gaps µs':>15}")
    totals = np.zeros(3)
    for name in NAMES:
        ours, theirs, apart = best(
            options.repeat,
            partial(compute, name, {}, candles, MINUTE),
            partial(THEIRS[name], candles),
            partial(compute, name, {}, gappy, MINUTE),
        )
        totals += (ours, theirs, apart)
        print(line(name, ours, theirs, apart))
    print(line("all twelve", *totals))


def with_gaps(candles: Candles) -> Candles:
    """The same candles, an hour passing after every hundredth."""
    late = 3_600 * (np.arange(len(candles)) // 100)
    columns = (candles.open, candles.high, candles.low, candles.close, candles.volume)
    return Candles(candles.open_time + late, *columns)


def best(repeat: int, *functions: Callable[[], object]) -> list[float]:
    """The shortest time of each in seconds, taken in turns."""
    shortest = [float("inf")] * len(functions)
    for _ in range(repeat):
        for at, function in enumerate(functions):
            begun = time.perf_counter()
            function()
            shortest[at] = min(shortest[at], time.perf_counter() - begun)
    return shortest


def line(name: str, ours: float, theirs: float, apart: float) -> str:
    return f"{name:12}{1e6 * ours:10.0f}{1e6 * theirs:12.0f}{ours / theirs:8.2f}{1e6 * apart:15.0f}"


if __name__ == "__main__":
    main()
