"""Indicator series for charts: 1-D closes in, a series aligned with them out.

All of them count observed closes and skip gaps: the value at a gap (NaN) is NaN, and the next one goes on where the
series stopped. They begin as TA-Lib's do: NaN until enough closes are there, the first value a plain mean.
"""

from collections.abc import Callable
from itertools import accumulate

import numpy as np

from app.analytics.arrays import Floats


def sma_series(closes: Floats, n: int = 20) -> Floats:
    """Mean of the last `n` observed closes; NaN for the first n - 1. ValueError if n < 1 or `closes` is not 1-D."""

    def along(values: Floats) -> Floats:
        return np.asarray(np.lib.stride_tricks.sliding_window_view(values, n).mean(axis=1), dtype=np.float64)

    return observed_only(closes, n, along)


def ema_series(closes: Floats, n: int = 20) -> Floats:
    """Exponential mean with alpha = 2 / (n + 1), begun with the SMA of the first n closes; NaN before it."""

    def along(values: Floats) -> Floats:
        return _smooth(values, n, 2.0 / (n + 1))

    return observed_only(closes, n, along)


def rsi_series(closes: Floats, n: int = 14) -> Floats:
    """Relative strength index, 0 to 100; NaN for the first `n` closes.

    Wilder, *New Concepts in Technical Trading Systems*, 1978: gains and losses smoothed with alpha = 1 / n, begun with
    their plain mean. A stretch that never moved has neither strength nor weakness and is NaN.
    """

    def along(values: Floats) -> Floats:
        steps = np.diff(values)
        gains = _smooth(np.maximum(steps, 0.0), n, 1.0 / n)
        losses = _smooth(np.maximum(-steps, 0.0), n, 1.0 / n)
        moves = gains + losses
        strength = np.full(moves.shape, np.nan)
        np.divide(100.0 * gains, moves, out=strength, where=moves > 0)
        return strength

    return observed_only(closes, n, along, needs=n + 1)


def observed_only(
    closes: Floats, n: int, along: Callable[[Floats], Floats], *, needs: int | None = None, outputs: int = 1
) -> Floats:
    """Apply `along` to the observed closes and put its values back where those closes are.

    `along` gets at least `needs` (default `n`) values and drops the first needs - 1 of them. The result has the
    shape of `closes`, or (outputs, closes) if there are several outputs.
    """
    if n < 1:
        raise ValueError(f"an indicator needs a period of at least 1, not {n}")
    if closes.ndim != 1:
        raise ValueError(f"a series has one dimension, not {closes.ndim}")
    skipped = (n if needs is None else needs) - 1
    result = np.full((outputs, closes.size), np.nan)
    at = np.flatnonzero(np.isfinite(closes))
    if at.size > skipped:
        result[:, at[skipped:]] = along(closes[at])
    return result if outputs > 1 else result[0]


def _smooth(values: Floats, n: int, alpha: float) -> Floats:
    """Exponential smoothing begun with the mean of the first n values, from there on."""
    rest = values[n:].tolist()
    steps = accumulate(rest, lambda level, value: level + alpha * (value - level), initial=float(values[:n].mean()))
    return np.fromiter(steps, dtype=np.float64, count=len(rest) + 1)
