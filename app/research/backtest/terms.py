"""Terms: what trading costs and when it is allowed, in whole minor units."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from app.analytics.arrays import SECONDS_PER_DAY, Floats, Ints
from app.analytics.portfolio.fees import BASIS_POINTS, STEAM, net_proceeds_all

PROTECTION_DAYS: Final = 7
"""Trade protection: what one receives cannot be sold for seven days."""
FILL: Final = "at the open of the item's next bar"


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of an account at a source.

    Args:
        fees: sellers' fees by source in basis points; Steam has its own formula.
        capital: what the account begins with, in minor units.
        slippage: basis points by which a purchase is dearer and a sale cheaper than the open.
        protection_days: how long what is bought cannot be sold.
        participation: a purchase is at most this share of the volume of the item's bar before; of unknown volume it is not bounded, nor
            for None.
    """

    fees: Mapping[str, int] = field(default_factory=dict)
    capital: int = 1_000_000
    slippage: int = 0
    protection_days: float = PROTECTION_DAYS
    participation: float | None = 0.1

    def __post_init__(self) -> None:
        if self.capital < 1 or not 0 <= self.slippage < BASIS_POINTS or not 0 <= self.protection_days < np.inf:
            raise ValueError("capital is above 0, slippage in [0, 10000) basis points, protection not negative")
        if self.participation is not None and not 0 < self.participation < np.inf:
            raise ValueError("participation is above 0, or None")

    @property
    def protection_seconds(self) -> int:
        """The same in seconds."""
        return round(self.protection_days * SECONDS_PER_DAY)

    def buy_prices(self, opens: Ints) -> Ints:
        """What a unit costs, rounded up."""
        return -(-opens * (BASIS_POINTS + self.slippage) // BASIS_POINTS)

    def sell_prices(self, opens: Ints) -> Ints:
        """What a buyer pays, rounded down, before the fee."""
        return opens * (BASIS_POINTS - self.slippage) // BASIS_POINTS

    def proceeds(self, source: str, prices: Ints) -> Ints:
        """What a seller receives a unit; -1 where it cannot be sold at such a price.

        Raises:
            ValueError: the fee of the source is not known.
        """
        if source != STEAM and source not in self.fees:
            raise ValueError(
                f"the seller's fee at {source!r} is not known; known: {', '.join(sorted({STEAM, *self.fees}))}"
            )
        return net_proceeds_all(source, prices, self.fees)

    def most_units(self, volume: Floats) -> Floats:
        """How many units a purchase may have after a bar of such volumes; infinite where nothing bounds it."""
        if self.participation is None:
            return np.full(volume.shape, np.inf)
        return np.where(np.isnan(volume), np.inf, np.floor(volume * self.participation))

    def describe(self, source: str) -> dict[str, str]:
        """The rules in words, which every result carries."""
        fee = "Steam's, 5 % + 10 % on top" if source == STEAM else f"{self.fees[source] / 100:g} % of a sale"
        share = (
            "" if self.participation is None else f", at most {self.participation:.4g} of the volume of the bar before"
        )
        return {
            "fills": FILL,
            "fee": fee,
            "slippage": f"{self.slippage / 100:g} % a side",
            "protection": f"{self.protection_days:g} days",
            "units": "whole ones, for all the cash that is there" + share,
            "marks": "the newest close, before fees",
        }
