"""File readers: the shapes of csgotrader.app's bulk files, which differ from market to market."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.providers.currencies import BY_CODE
from app.providers.http import rows
from app.providers.money import from_major

_DIGITS = BY_CODE["USD"].digits


@dataclass(frozen=True, slots=True)
class Offer:
    """US cents; None is unknown."""

    price: int | None
    bid: int | None = None


def _amount(value: Any) -> int | None:
    """Dollars as a number or as text, in cents; null, nothing and what rounds to nothing are None."""
    return None if value is None else from_major(value, _DIGITS) or None


def _priced(value: Any) -> int | None:
    """`{"price": …, "doppler": {phase: …}}`: the price, or else that of the cheapest phase."""
    row = rows.record(value)
    if "price" not in row:
        raise ValueError("no price")
    phases = row.get("doppler")
    if row["price"] is not None or not isinstance(phases, dict):
        return _amount(row["price"])
    amounts = [amount for phase in phases.values() if (amount := _amount(phase)) is not None]
    return min(amounts, default=None)


def _plain(value: Any) -> Offer:
    """A number, a text, null, or one of these under `price`: files change between these forms."""
    return Offer(_priced(value) if isinstance(value, dict) else _amount(value))


def _under(key: str) -> Callable[[Any], Offer]:
    def read(value: Any) -> Offer:
        if value is None:
            return Offer(None)
        row = rows.record(value)
        if key not in row:
            raise ValueError(f"no {key}")
        return Offer(_amount(row[key]))

    return read


def _buff(value: Any) -> Offer:
    if value is None:
        return Offer(None)
    row = rows.record(value)
    if "starting_at" not in row:
        raise ValueError("no starting_at")
    ask, bid = row["starting_at"], row.get("highest_order")
    return Offer(None if ask is None else _priced(ask), None if bid is None else _priced(bid))


# Steam's figure is the mean of the last day's sales; the longer means are no price of today.
READERS: dict[str, Callable[[Any], Offer]] = {
    "steam": _under("last_24h"),
    "skinport": _under("starting_at"),
    "buff163": _buff,
    "csfloat": _plain,
    "csmoney": _plain,
    "csgotrader": _plain,
    "youpin": _plain,
    "csgotm": _plain,
    "lootfarm": _plain,
    "swapgg": _plain,
    "csgoempire": _plain,
    "bitskins": _plain,
    "csgoexo": _plain,
    "cstrade": _plain,
    "skinwallet": _plain,
}
