"""Liquidity gates: what an item or pair must show before a ranking lists it, so that illiquid junk does not lead."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

import numpy as np

from app.analytics.arrays import Bools, Floats, Ints


@dataclass(frozen=True, slots=True)
class Gate:
    """The least of everything. A least of 0 asks for nothing; above 0, an unknown value does not pass.

    `least_price` is in whole units of the currency (the caller divides minor units by the price scale), `least_volume`
    in sales per day, for pairs of exchanges in what is traded of them a day, in whole units of their market's currency. For
    a source that reports no volume at all use `dataclasses.replace(gate, least_volume=0)`.
    """

    least_samples: int = 8
    least_coverage: float = 0.5
    least_price: float = 0.10
    least_volume: float = 5.0

    def passes(self, *, samples: Ints, coverage: Floats, price: Floats, volume: Floats) -> Bools:
        """Which rows may be ranked; all arrays (rows,), NaN for unknown."""
        passed = np.ones(samples.shape, dtype=np.bool_)
        for values, least in (
            (samples, self.least_samples),
            (coverage, self.least_coverage),
            (price, self.least_price),
            (volume, self.least_volume),
        ):
            if least > 0:
                passed &= values >= least  # false for NaN
        return passed


GATES: Mapping[str, Gate] = MappingProxyType(
    {
        "volatile": Gate(),
        # Two prices make a change, so half a window of them is asked for, and more trade than elsewhere.
        "percent_change": Gate(least_volume=10.0),
        # R² of a handful of points is near 1 by chance.
        "trend_score": Gate(least_samples=12),
        "coefficient_of_variation": Gate(),
        # The measure itself is unknown under 30 returns.
        "sharpe": Gate(least_samples=31),
        # Volume ranks itself; one good close is enough to show it.
        "volume": Gate(least_samples=1, least_coverage=0.0, least_volume=1.0),
    }
)
"""By the ranking's name in `/rankings/{metric}`: of items that are offered by listings."""
# An exchange trades in every bucket, so one that lacks a tenth of them was not there all the time. A price says nothing: a
# coin may cost a hundred-thousandth of a dollar.
_EXCHANGE = Gate(least_coverage=0.9, least_price=0.0, least_volume=100_000.0)
EXCHANGE_GATES: Mapping[str, Gate] = MappingProxyType(
    {
        "volatile": _EXCHANGE,
        "trend_score": replace(_EXCHANGE, least_samples=12),
        "sharpe": replace(_EXCHANGE, least_samples=31),
        "volume": Gate(least_samples=1, least_coverage=0.0, least_price=0.0, least_volume=1.0),
    }
)
"""The same for pairs of exchanges; any other has that of `volatile`."""


def gate_of(measure: str, quotes: Literal["listing", "exchange"] = "listing") -> Gate:
    """The gate of a measure's ranking in a market of that kind of quotes."""
    gates, other = (EXCHANGE_GATES, _EXCHANGE) if quotes == "exchange" else (GATES, Gate())
    return gates.get("volatile" if measure == "return_volatility" else measure, other)
