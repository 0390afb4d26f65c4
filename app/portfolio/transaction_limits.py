"""Transaction limits: checked however a transaction comes in."""

from datetime import datetime, timedelta
from typing import Final

from db.portfolio.transactions import Transaction

LARGEST: Final = 2**63 - 1
"""The database counts an amount in 64 bits."""
SKEW: Final = timedelta(minutes=5)
"""Clocks differ by so much."""
ZONES: Final = timedelta(hours=14)
"""A day begins somewhere so long before it begins in UTC."""


def violation(transaction: Transaction, now: datetime) -> tuple[str, str] | None:
    """The field that makes a transaction impossible, and why; None if nothing does."""
    if transaction.time > now + (SKEW if transaction.timed else ZONES):
        shown = f"{transaction.time:%Y-%m-%d %H:%M} UTC" if transaction.timed else f"{transaction.time:%Y-%m-%d}"
        return "time", f"{shown} lies in the future; what has not happened yet is not recorded"
    units = 1 if transaction.kind == "fee" else abs(transaction.quantity)
    if transaction.price * units + transaction.fee > LARGEST:
        return "price", f"{units} times the price, and the fee, is more than can be counted ({LARGEST} minor units)"
    return None
