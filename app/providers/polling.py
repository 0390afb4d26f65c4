"""Polling plan: how often each item is asked for where a market answers one item a request, and which one is next."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from app.analytics.arrays import Floats

HOLDERS: Final = 400.0
WATCHERS: Final = 100.0
LIQUIDITY: Final = 4.0
VOLATILITY: Final = 2.0
ROUNDS: Final = 100
"""Halvings until a share is exact to the last bit."""


def weights(holders: Floats, watchers: Floats, liquidity: Floats, volatility: Floats) -> Floats:
    """How much it matters that a price is fresh; shapes (n,).

    400 √holders + 100 √watchers + 4 liquidity + 2 volatility, the latter as an item's place among all from 0 to 1. What people hold comes
    long before what merely trades a lot; the root keeps what everybody holds from taking it all.
    """
    found: Floats = (
        HOLDERS * np.sqrt(holders) + WATCHERS * np.sqrt(watchers) + LIQUIDITY * liquidity + VOLATILITY * volatility
    )
    return found


def intervals(weight: Floats, *, rate: float, pass_seconds: float, shortest: float) -> Floats:
    """Seconds between two requests for each of n items, inf for one that gets none of its own; shape (n,).

    All items are read once in `pass_seconds` anyway, so an item with a rate f of its own is 1 / (f + 1 / pass_seconds) old at most. Of all
    plans with Σ f ≤ `rate` (requests a second) this has the least sum of weight times age: f = √(weight / λ) - 1 / pass_seconds, where that
    is above 0, and at most 1 / `shortest`; λ is what uses up the rate (Lagrange; the root is Kleinrock's square root assignment, 1964).
    """
    most = 1 / shortest
    roots, known = np.sqrt(np.maximum(weight, 0.0)), 1 / pass_seconds

    def rates(scale: float) -> Floats:
        share: Floats = np.clip(roots * scale - known, 0.0, most)
        return share

    low, high = 0.0, (most + known) / max(float(roots.min(where=roots > 0, initial=np.inf)), 1e-9)
    if rates(high).sum() > rate:
        for _ in range(ROUNDS):
            middle = (low + high) / 2
            low, high = (low, middle) if rates(middle).sum() > rate else (middle, high)
        high = low
    shares = rates(high)
    found: Floats = np.divide(1.0, shares, out=np.full(len(shares), np.inf), where=shares > 0)
    return found


@dataclass(slots=True)
class Agenda:
    """Who is next among n planned items: arrays (n,), times in seconds.

    An item may be asked for an `interval` after it was read last, and has to be within another one. With Σ 1 / interval at most the rate of
    requests the earliest such end first keeps every one of them (Liu and Layland, 1973), but for the one request that is under way.
    """

    interval: Floats
    read: Floats
    _due: Floats = field(init=False)

    def __post_init__(self) -> None:
        self._due = self.read + self.interval

    def next(self, now: float) -> int | None:
        """The place of the item to ask for; None where none may be yet."""
        if not len(self._due):
            return None
        ends = np.where(self._due <= now, self._due + self.interval, np.inf)
        at = int(np.argmin(ends))
        return at if np.isfinite(ends[at]) else None

    def wait(self, now: float) -> float:
        """Seconds until an item may be asked for, inf where none is planned."""
        return max(0.0, float(self._due.min(initial=np.inf)) - now)

    def was_read(self, at: int, now: float) -> None:
        """An item was asked for, whatever came of it."""
        self._due[at] = now + self.interval[at]
