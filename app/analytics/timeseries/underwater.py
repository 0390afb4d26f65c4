"""Under water: how far a price is below its highest so far, and its deepest fall."""

from dataclasses import dataclass

import numpy as np

from app.analytics.arrays import Floats, Ints


@dataclass(frozen=True, slots=True)
class Fall:
    """The deepest fall: buckets of its peak, its bottom and its recovery (None: not yet); `depth` as a fraction of the peak."""

    depth: float
    peak: int
    bottom: int
    recovery: int | None


@dataclass(frozen=True, slots=True)
class Underwater:
    """`depth` (t,): price / highest price so far - 1, 0 at a new high, NaN without a close.

    `deepest` is None where the price never fell. `longest` is the greatest number of buckets from a high until the price was back there,
    or until the last close.
    """

    depth: Floats
    deepest: Fall | None
    longest: int


def underwater(closes: Floats) -> Underwater | None:
    """The course of closes (t,) with gaps; None under two closes, or where one is not positive."""
    at = np.flatnonzero(np.isfinite(closes))
    seen = closes[at]
    if len(seen) < 2 or not seen.min() > 0:  # noqa: PLR2004 - a fall needs two closes
        return None
    below = seen / np.maximum.accumulate(seen) - 1
    depth = np.full(len(closes), np.nan)
    depth[at] = below
    highs = np.flatnonzero(below == 0)
    ends = np.append(highs[1:], len(seen) - 1)
    # Between two highs in a row nothing was below, whatever the gap; the last one is followed by what is below it alone.
    fell = ends - highs > 1
    fell[-1] = ends[-1] > highs[-1]
    longest = int((at[ends] - at[highs])[fell].max(initial=0))
    return Underwater(depth, _deepest(below, highs, at), longest)


def _deepest(below: Floats, highs: Ints, at: Ints) -> Fall | None:
    bottom = int(below.argmin())
    if not below[bottom] < 0:
        return None
    place = int(np.searchsorted(highs, bottom))
    back = int(at[int(highs[place])]) if place < len(highs) else None
    return Fall(float(-below[bottom]), int(at[int(highs[place - 1])]), int(at[bottom]), back)
