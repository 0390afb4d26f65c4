"""Windows over an item's own bars: sums that are exact in integers, and states that last until they change.

Bars of an item are counted without its gaps: its k-th bar is row k of a dense array (t, n), whatever its time, and rows after its
last one mean nothing.
"""

from dataclasses import dataclass

import numpy as np

from app.analytics.arrays import Bools, Ints
from app.research.backtest.panel import Panel


@dataclass(frozen=True, slots=True)
class Dense:
    """Closes (t, n) by the number of an item's bar, with running sums (t + 1, n) of them and of their squares.

    The sums may wrap around; a window's difference is exact as long as it fits itself.
    """

    closes: Ints
    sums: Ints
    squares: Ints


def dense(panel: Panel) -> Dense:
    """The closes of a panel without gaps."""
    closes = panel.close
    if not panel.observed.all():
        closes = np.zeros_like(panel.close)
        rows, columns = np.nonzero(panel.observed)
        closes[panel.place[rows, columns], columns] = panel.close[rows, columns]
    return Dense(closes, _running(closes), _running(closes * closes))


def window_sums(running: Ints, window: int) -> Ints:
    """Sums of the newest `window` rows, shape (t - window + 1, n): the first is of rows 0 … window - 1."""
    return running[window:] - running[:-window]


def on_calendar(panel: Panel, states: Bools) -> Bools:
    """States by an item's bar, shape (t, n), at the moments of the panel: each lasts until the item's next bar."""
    if panel.observed.all():
        return states
    return np.take_along_axis(states, np.maximum(panel.place, 0), axis=0) & (panel.place >= 0)


def latched(enter: Bools, leave: Bools) -> Bools:
    """True from a row that enters to the one before the next that leaves; what enters and leaves at once enters."""
    # Even numbers leave, odd ones enter, and a later row's number is the greater one.
    row = 2 * np.arange(2, len(enter) + 2, dtype=np.int32)[:, None]
    newest = np.maximum.accumulate(np.where(enter, row + 1, np.where(leave, row, 0)), axis=0)
    return (newest & 1).astype(np.bool_)


def _running(values: Ints) -> Ints:
    sums = np.zeros((len(values) + 1, values.shape[1]), dtype=np.int64)
    np.cumsum(values, axis=0, out=sums[1:])
    return sums
