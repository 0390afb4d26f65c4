"""Exclusions: why items are left out of the risk measures, as text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from app.analytics.arrays import Bools, Floats
from app.analytics.portfolio.history import MAX_GAP, MIN_COVERAGE

NO_PRICE: Final = "no source has a price for it"
NO_DAYS: Final = "no daily price in the last three months"
NO_VALUE: Final = "no price from this portfolio's price source now"


@dataclass(frozen=True, slots=True)
class Exclusions:
    """Items whose history is too short or has holes, by id, and those that have a history that could be used."""

    reasons: Mapping[int, str]
    used: frozenset[int]

    def of(self, item_id: int) -> str:
        """Why an item has no part in the measures."""
        return NO_VALUE if item_id in self.used else self.reasons.get(item_id, NO_DAYS)


def exclusions_of(ids: Sequence[int], closes: Floats, used: Bools) -> Exclusions:
    """Daily closes (items, days), NaN for days without a quote, and which of the items `history` used."""
    observed = np.isfinite(closes) & (closes > 0)
    days = closes.shape[1]
    reasons = {}
    for item, seen, usable in zip(ids, observed, used.tolist(), strict=True):
        if usable:
            continue
        quoted = int(seen.sum())
        if quoted < MIN_COVERAGE * days:
            reasons[item] = f"quoted on {quoted} of {days} days; at least half of them are needed"
        else:
            reasons[item] = f"no price for {_gap(seen)} days on end; at most {MAX_GAP} are carried over"
    return Exclusions(reasons, frozenset(item for item, usable in zip(ids, used.tolist(), strict=True) if usable))


def _gap(seen: Bools) -> int:
    """The longest run of days without a quote."""
    marks = np.flatnonzero(np.concatenate([[True], seen, [True]]))
    return int(np.diff(marks).max() - 1)
