"""Currency conversion: exact, integers in, integers out, one rounding."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from app.analytics.arrays import Ints

MILLION: Final = 1_000_000
_SAFE: Final = 2**62
DIGITS: Final = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "KWD": 3}
"""Decimals of a currency's minor unit (ISO 4217) where they are not 2."""


class RateError(ValueError):
    """There is no rate for a currency."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How many minor units of one currency a minor unit of another is worth, as the fraction `top / bottom`."""

    top: int
    bottom: int

    def convert(self, amount: int) -> int:
        """An amount in the other currency, rounded half to even."""
        return divide(amount * self.top, self.bottom)


def digits(currency: str) -> int:
    """Decimals of a currency's minor unit."""
    return DIGITS.get(currency, 2)


def rate(source: str, target: str, millionths: dict[str, int], *, scale: int | None = None) -> Rate:
    """The rate from `source` to `target`.

    Args:
        source: ISO code of the money that is there.
        target: ISO code of the money that is wanted.
        millionths: by ISO code, how many millionths of a unit of it one US dollar buys; the dollar may be left out.
        scale: minor units in one unit of `source` where it is not the currency's own (crypto: 10^8).

    Raises:
        RateError: a currency has no rate.
    """
    known = {**millionths, "USD": MILLION}
    for code in (source, target):
        if known.get(code, 0) <= 0 and source != target:
            raise RateError(f"there is no exchange rate for {code}")
    bottom = scale or 10 ** digits(source)
    exact = Fraction(10 ** digits(target), bottom)
    if source != target:
        exact *= Fraction(known[target], known[source])
    return Rate(exact.numerator, exact.denominator)


def divide(top: int, bottom: int) -> int:
    """`top / bottom`, rounded half to even; `bottom` is positive."""
    whole, rest = divmod(top, bottom)
    return whole + (2 * rest > bottom or (2 * rest == bottom and whole % 2 == 1))


def convert_all(amounts: Ints, by: Rate, *, largest: int = _SAFE) -> Ints:
    """`Rate.convert` of every amount, shape (n,): the same integers, in NumPy where 64 bits hold them.

    What would be more than `largest` is -1.
    """
    if by.top == by.bottom:
        return amounts
    whole, rest = np.divmod(amounts, by.bottom)
    most = int(np.abs(whole).max(initial=0)) + 1
    if max(most, by.bottom) * by.top >= _SAFE or by.bottom >= _SAFE // 2:
        exact = [by.convert(int(amount)) for amount in amounts]
        return np.array([amount if amount <= largest else -1 for amount in exact], dtype=np.int64)
    quotient, left = np.divmod(rest * by.top, by.bottom)
    result = whole * by.top + quotient
    up = (2 * left > by.bottom) | ((2 * left == by.bottom) & (result % 2 == 1))
    converted: Ints = result + up
    return np.where(converted <= largest, converted, -1)


def plus(left: int | None, right: int | None) -> int | None:
    """The sum; None where either is unknown."""
    return None if left is None or right is None else left + right


def minus(left: int | None, right: int | None) -> int | None:
    """The difference; None where either is unknown."""
    return None if left is None or right is None else left - right


def share_out(total: int, weights: Sequence[int]) -> list[int]:
    """`total` in parts proportional to `weights` (not negative, not all 0) that add up to it exactly.

    Each part is the floor of its share of what is left for it and those behind it, so the last part takes what
    rounding left: no unit is lost or made.
    """
    parts = []
    left, weight_left = total, sum(weights)
    for weight in weights:
        part = left * weight // weight_left if weight_left else 0
        parts.append(part)
        left -= part
        weight_left -= weight
    return parts
