"""Backtests beside vectorbt: `python -m tests.bench.bench_backtest [--items 1000] [--days 1825] [--sets 100] [--peer PYTHON]`.

A grid of moving-average crosses over random walks, each item with an account of its own. vectorbt wants scikit-learn, numba and
Jupyter's widgets, too much to pin here: `--peer` names a Python that has it (`python -m venv x && x/bin/pip install vectorbt`).
It gets what ours does without: no fees, no protection; fills at the next open, its signals shifted by a bar; its compiled
functions are warm. Without a peer, the floor is NumPy's own time for the rolling means that the signals need.
"""

import argparse
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from app.research.backtest.grid import grid
from app.research.backtest.panel import Panel, panel
from app.research.backtest.strategies import MovingAverageCross
from app.research.backtest.terms import Terms
from app.research.backtest.windows import dense, window_sums

PEER = """
import sys, time
import numpy as np, pandas as pd, vectorbt as vbt
held = np.load(sys.argv[1]); close, opens = pd.DataFrame(held["close"]), pd.DataFrame(held["open"])
def run(close, opens, pairs):
    at = len(close.columns)
    for fast, slow in pairs:
        wish = vbt.MA.run(close, int(fast)).ma.to_numpy() > vbt.MA.run(close, int(slow)).ma.to_numpy()
        wish = np.vstack([np.zeros((1, at), dtype=bool), wish[:-1]])
        found = vbt.Portfolio.from_signals(close, wish, ~wish, price=opens, init_cash=1000.0, size_granularity=1, freq="1D")
        found.value().sum(axis=1)
run(close.iloc[:, :5], opens.iloc[:, :5], held["pairs"][:1])
start = time.perf_counter(); run(close, opens, held["pairs"]); print(time.perf_counter() - start)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1_000)
    parser.add_argument("--days", type=int, default=1_825)
    parser.add_argument("--sets", type=int, default=100)
    parser.add_argument("--peer", help="a Python that has vectorbt")
    options = parser.parse_args()
    held = walks(options.days, options.items)
    pairs = [(fast, fast + slow) for fast in range(2, 12) for slow in range(10, 10 + 5 * (options.sets // 10), 5)]
    strategies = [MovingAverageCross(fast, slow) for fast, slow in pairs]
    free = Terms(fees={"steam": 0}, capital=100_000 * options.items, protection_days=0, participation=None)
    cells = options.days * options.items * len(strategies)
    ours = timed(lambda: grid(held, strategies, free))
    print(f"{len(strategies)} sets x {options.items} items x {options.days} days")
    print(f"{'ours':24}{ours:8.2f} s{1e9 * ours / cells:8.2f} ns a cell")
    floor = timed(lambda: means(held, pairs))
    print(f"{'floor: means alone':24}{floor:8.2f} s{ours / floor:8.2f} x")
    if options.peer:
        theirs = peer(options.peer, held, pairs)
        print(f"{'vectorbt':24}{theirs:8.2f} s{ours / theirs:8.2f} x")
    else:
        print("vectorbt: not asked, see --peer")


def timed(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def walks(days: int, items: int) -> Panel:
    random = np.random.default_rng(1)
    closes = np.maximum(100, np.rint(5_000 * np.exp(np.cumsum(random.normal(0, 0.03, (days, items)), axis=0))))
    opens = np.maximum(100, np.rint(closes * random.uniform(0.98, 1.02, closes.shape)))
    times = pd.date_range("2020-01-01", periods=days, tz="UTC").astype("datetime64[us, UTC]")
    frame = pd.DataFrame(
        {
            "item": np.repeat([f"item {number}" for number in range(items)], days),
            "time": np.tile(times, items),
            "open": opens.T.ravel() / 100,
            "close": closes.T.ravel() / 100,
            "volume": pd.array([100] * (days * items), dtype="Int64"),
            "source": "steam",
            "currency": "USD",
            "price_scale": 100,
        }
    )
    return panel(frame, "1d")


def means(held: Panel, pairs: list[tuple[int, int]]) -> None:
    bars = dense(held)
    for fast, slow in pairs:
        np.greater(window_sums(bars.sums[slow - fast :], fast) * slow, window_sums(bars.sums, slow) * fast)


def peer(python: str, held: Panel, pairs: list[tuple[int, int]]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bars.npz"
        np.savez(file, close=held.close / 100, open=held.open / 100, pairs=np.array(pairs))
        done = subprocess.run([python, "-c", PEER, str(file)], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


if __name__ == "__main__":
    main()
