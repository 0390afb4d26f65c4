"""Still prices: ratios of gains to losses have no value where nothing has moved.

Wilder's averages of gains and losses shrink alike while a price stands still, so their ratio stays what it was at the last
move, however long ago, and is 0 / 0 if there was none. Here a ratio is known for `patience` candles after the last move. A
longer stillness parts the series: what follows begins anew at the next move, whatever was before.
"""

from collections.abc import Callable

import numpy as np

from app.analytics.arrays import Bools, Floats

PATIENCE = 14
"""Periods without any move after which a ratio of gains to losses is unknown."""


def moving_parts(moved: Bools, period: int) -> list[slice]:
    """Slices of candles in which something moves.

    `moved` says for each candle but the first whether it moved from the one before. At the beginning a stillness of
    `period` candles is enough to be left out: an average begun in it would be one of nothing. (Shorter ones stay, so
    that other series begin as TA-Lib's do.)
    """
    patience = PATIENCE * period
    stills = np.flatnonzero(np.diff(moved, prepend=True, append=True)).reshape(-1, 2)
    parts, begin = [], 0
    for still_from, still_to in stills[stills[:, 1] - stills[:, 0] >= period].tolist():
        if still_from == 0:
            begin = still_to
        elif still_to - still_from >= patience:
            parts.append(slice(begin, still_from + patience))
            begin = still_to
    return [*parts, slice(begin, moved.size + 1)]


def along_moving_parts(moved: Bools, period: int, function: Callable[[slice], Floats]) -> Floats:
    """`function` of each moving part, NaN elsewhere; as long as the candles, one more than `moved`."""
    result = np.full(moved.size + 1, np.nan)
    for part in moving_parts(moved, period):
        result[part] = function(part)
    return result
