"""Ledger entries: the transactions that cost basis and profit are computed from."""

import enum
from dataclasses import dataclass


class Kind(enum.StrEnum):
    """What an entry is."""

    BUY = "buy"
    SELL = "sell"
    DROP = "drop"
    """Got for nothing: its cost is zero, which is known and not unknown."""
    TRADE = "trade"
    """One leg of a swap: a positive quantity was received, a negative one given, at the value agreed on."""
    FEE = "fee"
    """Paid for nothing that is held: it lowers the realised profit."""


class Method(enum.StrEnum):
    """Which lots a sale takes from."""

    FIFO = "fifo"
    LIFO = "lifo"
    HIFO = "hifo"
    """The dearest unit first, by what it cost when it was bought; of equals the oldest."""
    AVERAGE = "average"


@dataclass(frozen=True, slots=True)
class Entry:
    """One transaction, in minor units of one currency.

    `time` is in any unit that orders entries. `amount` is what all units together cost or brought, before `fee`; both
    are not negative, and None where they are unknown for want of an exchange rate. `quantity` is positive, of a trade's
    given leg negative, of a fee 0. `item` is None for a fee that belongs to nothing.
    """

    id: int
    time: float
    kind: Kind
    item: int | None
    quantity: int
    amount: int | None
    fee: int | None = 0
    until: float | None = None
    """The last moment it may be of, where only its day is known: what goes out then goes out last."""

    @property
    def gain_of_units(self) -> int:
        """Units that come in (positive) or go out."""
        return -self.quantity if self.kind is Kind.SELL else self.quantity


class LedgerError(ValueError):
    """An entry cannot be; `entry_id` says which."""

    def __init__(self, entry_id: int, message: str) -> None:
        super().__init__(f"transaction {entry_id}: {message}")
        self.entry_id = entry_id


class OversoldError(LedgerError):
    """More was sold than was held at that moment."""

    def __init__(self, entry_id: int, item: int, sold: int, held: int) -> None:
        super().__init__(entry_id, f"gives away {sold} of item {item}, but only {held} were held at that time")
        self.item, self.sold, self.held = item, sold, held


def check(entry: Entry) -> None:
    """Raises LedgerError where an entry contradicts itself."""
    if (entry.amount or 0) < 0 or (entry.fee or 0) < 0:
        raise LedgerError(entry.id, "amounts and fees are not negative")
    if entry.kind is Kind.FEE:
        if entry.quantity:
            raise LedgerError(entry.id, "a fee has no quantity")
        return
    if entry.item is None:
        raise LedgerError(entry.id, f"a {entry.kind} needs an item")
    if entry.quantity == 0 or (entry.quantity < 0 and entry.kind is not Kind.TRADE):
        raise LedgerError(entry.id, f"a {entry.kind} needs a quantity above 0")
    if entry.kind is Kind.DROP and entry.amount:
        raise LedgerError(entry.id, "a drop costs nothing")


def in_order(entries: list[Entry]) -> list[Entry]:
    """Oldest first; at one moment what comes in before what goes out, else as given.

    Of an entry whose day alone is known, what comes in is there from the day's start and what goes out goes at its end.
    """

    def place(entry: Entry) -> tuple[float, bool]:
        out = entry.gain_of_units < 0
        return entry.until if out and entry.until is not None else entry.time, out

    return sorted(entries, key=place)
