"""Portfolio returns: time-weighted and money-weighted, with money flowing in and out.

Flows are seen from the portfolio: a deposit is positive, a withdrawal negative. They are not gains.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from app.analytics.arrays import DAYS_PER_YEAR, SECONDS_PER_DAY, Floats

_STEPS = 400
_LOWEST, _HIGHEST = -20.0, 20.0
"""Bounds of ln(1 + r): from a loss of all but two billionths a year to a gain of half a billion times."""


@dataclass(frozen=True, slots=True)
class Split:
    """Where a change of value came from, in minor units: `end - start = deposits - withdrawals + gain`."""

    start: int
    end: int
    deposits: int
    withdrawals: int

    @property
    def gain(self) -> int:
        """What the change is without the money moved."""
        return self.end - self.start - self.deposits + self.withdrawals


def split(values: Sequence[int], flows: Sequence[int]) -> Split:
    """Deposits, withdrawals and gain from the first value to the last; see `growth` for the shapes."""
    moved = flows[1:]
    return Split(
        values[0], values[-1], sum(flow for flow in moved if flow > 0), -sum(flow for flow in moved if flow < 0)
    )


def growth(values: Floats, flows: Floats) -> Floats:
    """What one unit put in at the start has become at each valuation, shape (n,); 1 at the first.

    Time-weighted, as the Global Investment Performance Standards ask for: the growth of each step, the flow taken out,
    chained. `flows[i]` came in after `values[i - 1]` and is part of `values[i]`; `flows[0]` is part of the start. A step
    from nothing, or to nothing by withdrawal, earns nothing.
    """
    if not len(values):
        return np.ones(0)
    before, after = np.asarray(values[:-1], dtype=np.float64), values[1:] - flows[1:]
    steps = np.ones(len(values))
    np.divide(after, before, out=steps[1:], where=before > 0)
    # A withdrawal of more than there was (sold above the last valuation) leaves no meaningful factor below zero.
    return np.asarray(np.cumprod(np.maximum(steps, 0.0)), dtype=np.float64)


def time_weighted(values: Floats, flows: Floats) -> float | None:
    """The whole period's time-weighted return as a fraction; None without two valuations or any value to begin with."""
    chain = growth(values, flows)
    if len(chain) < 2 or not (values[:-1] > 0).any():  # noqa: PLR2004  # a return needs a beginning and an end
        return None
    return float(chain[-1] - 1)


def money_weighted(times: Floats, flows: Floats, end: float, value: float) -> float | None:
    """The yearly rate at which all flows grow to `value` at `end` (XIRR); None where there is none.

    It solves Σ flowᵢ (1 + r)^((end - timeᵢ) / year) = value, a year being 365 days, as
    in Excel's XIRR. Of several solutions the one nearest to 0 is given, as a gain or loss in the usual sense.

    Args:
        times: seconds, shape (n,).
        flows: deposits positive, withdrawals negative, shape (n,).
        end: seconds, not before any flow.
        value: what there is at the end.
    """
    years = (end - np.asarray(times, dtype=np.float64)) / (SECONDS_PER_DAY * DAYS_PER_YEAR)
    amounts = np.append(np.asarray(flows, dtype=np.float64), -float(value))
    exponents = np.append(years, 0.0)
    used = amounts != 0
    amounts, exponents = amounts[used], exponents[used]
    if not ((amounts > 0).any() and (amounts < 0).any()) or not exponents.any():
        return None

    def surplus(log_rate: float) -> float:
        # Divided by its largest power: only the sign matters, and nothing overflows.
        powers = exponents * log_rate
        return float((amounts * np.exp(powers - powers.max())).sum())

    grid = np.unique(np.concatenate([np.linspace(_LOWEST, _HIGHEST, _STEPS + 1), np.linspace(-1, 1, _STEPS + 1)]))
    signs = np.array([surplus(point) for point in grid])
    crossings = np.flatnonzero(np.sign(signs[:-1]) * np.sign(signs[1:]) <= 0)
    if not len(crossings):
        return None
    nearest = min(crossings.tolist(), key=lambda at: min(abs(grid[at]), abs(grid[at + 1])))
    root = _bisect(surplus, float(grid[nearest]), float(grid[nearest + 1]))
    return math.expm1(root)


def annualised(total: float, seconds: float) -> float | None:
    """A whole period's return as a yearly one; None under 30 days, where it would be a wild guess."""
    days = seconds / SECONDS_PER_DAY
    if days < 30 or total <= -1:  # noqa: PLR2004  # see above
        return None
    return float((1 + total) ** (DAYS_PER_YEAR / days) - 1)


def monthly(times: Sequence[float], chain: Floats) -> dict[tuple[int, int], float]:
    """Return of each calendar month (UTC) as a fraction, by (year, month).

    `chain` is `growth` at `times` (seconds, ascending). A month begins where the one before it ended, so the months'
    factors multiply to the whole; the first begins at the first valuation.
    """
    ends: dict[tuple[int, int], float] = {}
    for time, level in zip(times, chain.tolist(), strict=True):
        moment = datetime.fromtimestamp(time, UTC)
        ends[moment.year, moment.month] = level
    result = {}
    before = float(chain[0]) if len(chain) else 1.0
    for month, level in ends.items():
        result[month] = level / before - 1 if before > 0 else 0.0
        before = level
    return result


def _bisect(function: Callable[[float], float], low: float, high: float) -> float:
    sign = math.copysign(1.0, function(low)) if function(low) else 0.0
    if not sign:
        return low
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if function(middle) * sign > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2
