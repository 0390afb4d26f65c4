"""Parameter grid: every set of parameters tried, with the number of tries beside the best."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
import pandas as pd

from app.analytics.arrays import Floats
from app.research.backtest.panel import Panel
from app.research.backtest.run import parameters
from app.research.backtest.simulation import simulate
from app.research.backtest.statistics import Statistics, luck, statistics
from app.research.backtest.strategies import Strategy, make
from app.research.backtest.terms import Terms
from app.research.backtest.windows import dense

CELLS: Final = 200_000_000
"""Bytes of wishes that are held at once."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Tries of one strategy.

    `table` has a row a try: parameters, `total_return`, `annual_return`, `max_drawdown`, `sharpe`, `turnover`, `closing_return` and
    `trades` (sales), null where unknown. `best` is the row of the greatest Sharpe ratio, None where none has one; `luck` is what the
    best of so many tries would show if all were worth nothing, None for fewer than two.
    """

    strategy: str
    tries: int
    best: int | None
    luck: float | None
    table: pd.DataFrame


def combinations(name: str, values: Mapping[str, Sequence[float]]) -> list[Strategy]:
    """Every combination of values, the last name's changing first; those that the strategy refuses are left out.

    Raises:
        ValueError: an unknown name, or no combination is allowed.
    """
    found: list[Strategy] = []
    refused: ValueError | None = None
    for chosen in product(*values.values()):
        try:
            found.append(make(name, dict(zip(values, chosen, strict=True))))
        except ValueError as error:
            refused = error
    if not found:
        raise refused or ValueError("there is nothing to try")
    return found


def grid(
    panel: Panel,
    strategies: Sequence[Strategy],
    terms: Terms,
    first: int = 0,
    last: int | None = None,
    *,
    tried: Callable[[int], None] | None = None,
) -> Grid:
    """Try strategies of one kind over the rows [first, last); `tried` hears how many have been, a few times.

    Raises:
        ValueError: the source's fee is not known.
    """
    parts: list[tuple[Statistics, Floats, Floats]] = []
    for part in _tries(panel, strategies, terms, first, len(panel) if last is None else last):
        parts.append(part)
        if tried is not None:
            tried(sum(len(closing) for _, closing, _ in parts))
    names = Statistics.__dataclass_fields__
    columns = {name: np.concatenate([getattr(found, name) for found, _, _ in parts]) for name in names}
    columns["closing_return"] = np.concatenate([closing for _, closing, _ in parts])
    columns["trades"] = np.concatenate([trades for _, _, trades in parts])
    table = pd.concat([pd.DataFrame([parameters(one) for one in strategies]), pd.DataFrame(columns)], axis=1)
    sharpe: Floats = columns["sharpe"]
    best = int(np.nanargmax(sharpe)) if np.isfinite(sharpe).any() else None
    return Grid(strategies[0].name, len(strategies), best, luck(sharpe), table)


def _tries(
    panel: Panel, strategies: Sequence[Strategy], terms: Terms, first: int, last: int
) -> Iterator[tuple[Statistics, Floats, Floats]]:
    """Statistics, closing returns and numbers of sales of some tries at a time; accounts of one size go together."""
    bars = dense(panel)
    at_once = max(1, CELLS // max(1, panel.close.size))
    start = 0
    while start < len(strategies):
        slots = strategies[start].slots
        end = start
        while end < min(len(strategies), start + at_once) and strategies[end].slots == slots:
            end += 1
        wanted = np.empty((len(panel), end - start, len(panel.items)), dtype=np.bool_)
        for at, strategy in enumerate(strategies[start:end]):
            wanted[:, at] = strategy.wanted(panel, bars)
        run = simulate(panel, wanted, slots, terms, first, last)
        sales = np.bincount(run.trades["run"][run.trades["sold"] >= 0], minlength=end - start).astype(np.float64)
        found = statistics(run.equity, run.traded, terms.capital, panel.bars_per_year)
        yield found, run.closing / terms.capital - 1, sales
        start = end
