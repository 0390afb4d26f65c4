"""Fees: the seller's net proceeds of a price after the market's fee."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from app.analytics.arrays import Ints

BASIS_POINTS: Final = 10_000
STEAM: Final = "steam"


def steam_net_proceeds(price: int) -> int | None:
    """Net proceeds of a seller on Steam when the buyer pays `price` cents; None under Steam's least price of 3.

    The buyer pays r + max(1, ⌊r / 20⌋) + max(1, ⌊r / 10⌋); the answer is the greatest r that costs no more than `price`.
    """
    if price < 3:  # noqa: PLR2004  # one cent for the seller and one for each fee
        return None
    seller = price * 100 // 115 + 2
    while seller + max(1, seller // 20) + max(1, seller // 10) > price:
        seller -= 1
    return seller


def net_proceeds(source: str, price: int, fees: Mapping[str, int]) -> int | None:
    """Net proceeds of a seller at a source; None where its fee is not known."""
    if source == STEAM:
        return steam_net_proceeds(price)
    fee = fees.get(source)
    return None if fee is None else price - -(-price * fee // BASIS_POINTS)


def net_proceeds_all(source: str, prices: Ints, fees: Mapping[str, int]) -> Ints:
    """`net_proceeds` of every price, shape (n,); -1 where unknown. Prices of -1 are unknown themselves."""
    known = prices >= 0
    if source == STEAM:
        seller = prices * 100 // 115 + 2
        for _ in range(6):  # the start is at most six above the answer
            seller -= seller + np.maximum(1, seller // 20) + np.maximum(1, seller // 10) > prices
        return np.where(known & (prices >= 3), seller, -1)  # noqa: PLR2004  # as above
    fee = fees.get(source)
    if fee is None:
        return np.full(prices.shape, -1, dtype=np.int64)
    return np.where(known, prices - -(-prices * fee // BASIS_POINTS), -1)
