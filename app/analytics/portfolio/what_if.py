"""Value and risk before and after a change of what is held."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from app.analytics.arrays import Floats, Ints
from app.analytics.portfolio.risk import Risk, measure


class ChangeError(ValueError):
    """A change cannot be made; the message says why."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """`value` in minor units, of what has a price; `risk` of what has a history too."""

    value: int
    risk: Risk


def apply(quantities: Mapping[int, int], changes: Mapping[int, int]) -> dict[int, int]:
    """Quantities by item after changes (added positive, removed negative); a swap is one of each.

    Raises:
        ChangeError: more is removed than is held.
    """
    after = dict(quantities)
    for item, change in changes.items():
        left = after.get(item, 0) + change
        if left < 0:
            raise ChangeError(f"only {after.get(item, 0)} of item {item} are held, {-change} cannot be removed")
        after[item] = left
    return {item: quantity for item, quantity in after.items() if quantity}


def outlook(quantities: Ints, prices: Ints, returns: Floats, known: Ints, market: Floats | None = None) -> Outlook:
    """Value and risk of quantities (n,) at unit prices (n,) in minor units, -1 where unknown.

    `returns` are those of the items at the positions `known`.
    """
    values = np.where(prices >= 0, quantities * prices, 0)
    held = values[known] > 0
    risk = measure(values[known][held].astype(np.float64), returns[held], market)
    return Outlook(int(values.sum()), risk)
