"""Walk-forward: parameters are chosen on the past of a stretch, and judged on the stretch alone.

After R. Pardo, *The Evaluation and Optimization of Trading Strategies*, 2008.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from app.analytics.arrays import Floats
from app.research.backtest.grid import grid
from app.research.backtest.panel import Panel
from app.research.backtest.run import parameters, times
from app.research.backtest.simulation import simulate
from app.research.backtest.statistics import Statistics, statistics
from app.research.backtest.strategies import Strategy
from app.research.backtest.terms import Terms
from app.research.backtest.windows import dense


@dataclass(frozen=True, slots=True)
class WalkForward:
    """A walk over consecutive stretches.

    `folds` has a row a stretch: `start`, `end` (its first and last bar), the parameters chosen, `tries`, `train_sharpe` and
    `test_sharpe`, `test_return` (after selling all at the end). `equity` by time, in units, of all stretches in a row: each begins in cash with what
    selling everything at the end of the one before left. `summary` is of that equity.
    """

    folds: pd.DataFrame
    equity: pd.Series
    summary: dict[str, float | None]


def walk_forward(panel: Panel, strategies: Sequence[Strategy], terms: Terms, train: int, test: int) -> WalkForward:
    """Choose on `train` bars, trade the next `test` bars, move on by `test` and so on; the last stretch may be shorter.

    Where no try has a Sharpe ratio in training, nothing is bought in the stretch.

    Raises:
        ValueError: there are too few bars, or the source's fee is not known.
    """
    if train < 2 or test < 2 or len(panel) < train + 2:  # noqa: PLR2004  # one return has no deviation
        raise ValueError(f"{len(panel)} bars are too few to train on {train} and test on {test}, at least 2 each")
    bars = dense(panel)
    folds, equity, traded = [], [], []
    capital = terms.capital
    # A stretch of one bar has no deviation: it goes to the one before.
    for first in range(train, len(panel) - 1, test):
        last = len(panel) if len(panel) - first - test < 2 else first + test  # noqa: PLR2004
        tried = grid(panel, strategies, terms, first - train, first)
        chosen = None if tried.best is None else strategies[tried.best]
        wanted = np.zeros((len(panel), 1, len(panel.items)), dtype=np.bool_)
        if chosen is not None:
            wanted[:, 0] = chosen.wanted(panel, bars)
        run = simulate(panel, wanted, chosen.slots if chosen else None, replace(terms, capital=capital), first, last)
        reckoned = run.equity.copy()
        reckoned[-1] = run.closing
        found = statistics(reckoned, run.traded, capital, panel.bars_per_year)
        folds.append(
            {
                "start": first,
                "end": last - 1,
                **(parameters(chosen) if chosen else {}),
                "tries": tried.tries,
                "train_sharpe": np.nan if tried.best is None else tried.table["sharpe"][tried.best],
                "test_sharpe": found.sharpe[0],
                "test_return": found.total_return[0],
            }
        )
        equity.append(reckoned)
        traded.append(run.traded)
        capital = int(run.closing[0])
        if last == len(panel) or capital < 1:
            break
    return _joined(panel, folds, np.concatenate(equity), np.concatenate(traded), terms, train)


def _joined(
    panel: Panel, folds: list[dict[str, float]], equity: Floats, traded: Floats, terms: Terms, train: int
) -> WalkForward:
    table = pd.DataFrame(folds)
    for name in ("start", "end"):
        table[name] = times(panel, table[name].to_numpy())
    moments = pd.DatetimeIndex(times(panel, np.arange(train, train + len(equity))), name="time")
    found = statistics(equity, traded, terms.capital, panel.bars_per_year)
    numbers = {name: float(getattr(found, name)[0]) for name in Statistics.__dataclass_fields__}
    return WalkForward(
        folds=table,
        equity=pd.Series(equity[:, 0] / panel.price_scale, index=moments, name="equity"),
        summary={name: value if np.isfinite(value) else None for name, value in numbers.items()},
    )
