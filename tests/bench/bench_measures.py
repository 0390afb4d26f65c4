"""The measures: the engine beside TA-Lib and pandas, and the job on a whole market.

    python -m tests.bench.bench_measures [--engine | --job] [--items 30000] [--hours 168] [--share 0.02]

The job: see measures_job. The engine: 25,000 items by 720 hourly closes with 10 % gaps, on one machine in one run; all its
measures, against five of TA-Lib's in a loop over the items (each over the whole row; TA-Lib cannot skip gaps, so it gets rows
without any), and against pandas. The screening for outliers, which comes before it, is timed by itself; one row in a hundred has a
spike.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import talib

from app.analytics import measure, outlying
from app.analytics.arrays import Floats
from tests.bench import measures_job

ITEMS, BUCKETS, GAPS = 25_000, 720, 0.10
ROUNDS = 7


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    part = parser.add_mutually_exclusive_group()
    part.add_argument("--engine", action="store_true", help="the engine alone")
    part.add_argument("--job", action="store_true", help="the job alone")
    parser.add_argument("--items", type=int, default=30_000, help="items of the job's market (%(default)s)")
    parser.add_argument("--hours", type=int, default=168, help="hourly closes of each (%(default)s)")
    parser.add_argument("--share", type=float, default=0.02, help="share of them quoted in a minute (%(default)s)")
    options = parser.parse_args()
    if not options.engine:
        measures_job.run(options.items, options.hours, options.share)
    if not options.job:
        engine()


def engine() -> None:
    """All measures of many rows, round by round."""
    rng = np.random.default_rng(20_240_101)
    whole = 1_000 * np.exp(np.cumsum(rng.normal(0, 0.01, (ITEMS, BUCKETS)), axis=1))
    high, low = whole * 1.004, whole * 0.996
    gap = rng.random(whole.shape) < GAPS
    closes, highs, lows = (np.where(gap, np.nan, matrix) for matrix in (whole, high, low))
    frame = pd.DataFrame(closes.T)
    sales = rng.integers(1, 60, closes.shape).astype(np.float64)
    spiked = closes.copy()
    spiked[::100, BUCKETS // 2] *= 45
    sales[::100, BUCKETS // 2] = 1

    # Round by round, so that a busy machine slows all of them alike.
    names: dict[str, Callable[[], object]] = {
        "screening for outliers": lambda: outlying(spiked, sales),
        "engine, closes, 1 thread": lambda: measure(closes, bucket_seconds=3600),
        "engine, closes, 2 threads": lambda: measure(closes, bucket_seconds=3600, threads=2),
        "engine, candles, 1 thread": lambda: measure(closes, high=highs, low=lows, bucket_seconds=3600),
        "engine, candles, 2 threads": lambda: measure(closes, high=highs, low=lows, bucket_seconds=3600, threads=2),
        "TA-Lib, five with SMA": lambda: talib_five(whole),
        "TA-Lib, five with ATR": lambda: talib_five(whole, high, low),
    }
    times: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(ROUNDS):
        for name, run in names.items():
            times[name].append(timed(run))
    times["pandas, closes"] = [timed(lambda: pandas_measures(frame))]
    report(times)


def timed(run: Callable[[], object]) -> float:
    """Seconds that one call takes."""
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def talib_five(closes: Floats, high: Floats | None = None, low: Floats | None = None) -> None:
    """BBANDS, STDDEV, LINEARREG_SLOPE and ROC of every row, with ATR where there are candles, else SMA."""
    for at, row in enumerate(closes):
        talib.BBANDS(row, 20)
        talib.STDDEV(row, BUCKETS)
        talib.LINEARREG_SLOPE(row, BUCKETS)
        talib.ROC(row, BUCKETS - 1)
        if high is None or low is None:
            talib.SMA(row, 20)
        else:
            talib.ATR(high[at], low[at], row, 14)


def pandas_measures(frame: pd.DataFrame) -> list[object]:
    """The measures of closes as pandas users write them, time down and items across; gaps are filled forward."""
    mean, sigma = frame.mean(), frame.std(ddof=0)
    filled = frame.ffill()
    last = filled.tail(20)
    middle, reach = last.mean(), 2 * last.std(ddof=0)
    logs = filled.apply(np.log)
    moves = logs.diff()
    hours = pd.Series(np.arange(BUCKETS) - (BUCKETS - 1) / 2)
    slope = logs.mul(hours, axis=0).sum() / (hours**2).sum()
    return [
        sigma / mean,
        (filled.iloc[-1] / filled.iloc[0] - 1) * 100,
        (middle + reach, middle - reach, (last.iloc[-1] - middle + reach) / (2 * reach), 2 * reach / middle),
        moves.std(),
        moves.mean() / moves.std(),
        (moves**2).ewm(alpha=0.06).mean().iloc[-1],
        slope * (slope**2 * (hours**2).sum() / ((logs - logs.mean()) ** 2).sum()),
        (1 - filled / filled.cummax()).max(),
    ]


def report(times: dict[str, list[float]]) -> None:
    print(f"{ITEMS:,} items x {BUCKETS} closes, {GAPS:.0%} gaps, best and median of {ROUNDS} rounds (pandas: 1)")
    for name, seconds in times.items():
        print(f"  {name:<28}{min(seconds):7.3f} s  {statistics.median(seconds):7.3f} s")
    print("ratios to the engine's best time (above 1: the engine is faster)")
    for kind, other in (
        ("closes", "TA-Lib, five with SMA"),
        ("candles", "TA-Lib, five with ATR"),
        ("closes", "pandas, closes"),
    ):
        for threads in ("1 thread", "2 threads"):
            ratio = min(times[other]) / min(times[f"engine, {kind}, {threads}"])
            print(f"  {other} / engine, {kind}, {threads:<12}{ratio:7.2f}")


if __name__ == "__main__":
    main()
