"""Lot matching: cost basis and profit, lot by lot, exact in minor units.

Remainders: units taken out of a lot take the floor of their share of the lot's remaining cost, so a lot's cost leaves it
to the last unit; a sale's proceeds are shared over the lots it takes from in the same way. Sums therefore never drift:
money paid = cost of what was sold + cost of what is left, and proceeds = cost of what was sold + realised profit.

An amount may be unknown (None). Units count all the same; unknown is the cost of the units of that lot, and the profit of
a sale that takes from it. Where units are pooled or chosen by their cost, one unknown lot makes all those unknown that it
was open together with at a sale.
"""

import heapq
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol

from app.analytics.portfolio.ledger import Entry, Kind, Method, OversoldError, check, in_order
from app.analytics.portfolio.money import minus, plus, share_out


@dataclass(slots=True)
class Lot:
    """Units that came in together. `cost` is what those that are left cost, fees included."""

    entry_id: int
    item: int
    opened: float
    quantity: int
    cost: int | None

    def take(self, quantity: int) -> int | None:
        """Remove units and return what they cost."""
        cost = None if self.cost is None else self.cost * quantity // self.quantity
        self.quantity -= quantity
        self.cost = minus(self.cost, cost)
        return cost


@dataclass(frozen=True, slots=True)
class Realised:
    """Units of one lot that went out with one entry. `lot_id` is the entry that brought them in (average: the first)."""

    entry_id: int
    lot_id: int
    item: int
    opened: float
    closed: float
    quantity: int
    proceeds: int | None
    cost: int | None

    @property
    def gain(self) -> int | None:
        """Profit after fees; negative is a loss."""
        return minus(self.proceeds, self.cost)


@dataclass(slots=True)
class MatchedLots:
    """The state after all entries. `fees` are those that belong to no lot."""

    lots: list[Lot] = field(default_factory=list)
    realised: list[Realised] = field(default_factory=list)
    fees: list[int | None] = field(default_factory=list)

    @property
    def realised_gain(self) -> int | None:
        """Profit of everything that went out, less fees that belong to no lot, of what is known; None if none is."""
        gains = [part.gain for part in self.realised if part.gain is not None]
        gains += [-fee for fee in self.fees if fee is not None]
        return sum(gains) if gains else None

    @property
    def unknown_gains(self) -> int:
        """How many sales and fees `realised_gain` leaves out."""
        return len({part.entry_id for part in self.realised if part.gain is None}) + self.fees.count(None)

    def held(self) -> dict[int, tuple[int, int | None]]:
        """By item: units held and what they cost."""
        found: dict[int, tuple[int, int | None]] = {}
        for lot in self.lots:
            quantity, cost = found.get(lot.item, (0, 0))
            found[lot.item] = (quantity + lot.quantity, plus(cost, lot.cost))
        return found


class _Stock(Protocol):
    """One item's open lots, in the order in which they are used up."""

    def add(self, lot: Lot) -> None: ...

    def next(self) -> Lot: ...

    def drop(self) -> None: ...

    def left(self) -> Iterable[Lot]: ...


class _Queue:
    """First in first out, or last in first out."""

    def __init__(self, *, newest_first: bool) -> None:
        self._lots: deque[Lot] = deque()
        self._newest_first = newest_first

    def add(self, lot: Lot) -> None:
        self._lots.append(lot)

    def next(self) -> Lot:
        return self._lots[-1 if self._newest_first else 0]

    def drop(self) -> None:
        if self._newest_first:
            self._lots.pop()
        else:
            self._lots.popleft()

    def left(self) -> Iterable[Lot]:
        return self._lots


class _HighestCost:
    """The greatest unit cost first; it cannot be told while the cost of one of the lots is unknown."""

    def __init__(self) -> None:
        self._heap: list[tuple[Fraction, int, Lot]] = []
        self._count = 0
        self._unknown = False

    def add(self, lot: Lot) -> None:
        unit = Fraction(lot.cost or 0, lot.quantity)
        heapq.heappush(self._heap, (-unit, self._count, lot))
        self._count += 1
        self._unknown |= lot.cost is None

    def next(self) -> Lot:
        if self._unknown:
            for _, _, lot in self._heap:
                lot.cost = None
        return self._heap[0][2]

    def drop(self) -> None:
        heapq.heappop(self._heap)
        self._unknown &= bool(self._heap)

    def left(self) -> Iterable[Lot]:
        return (lot for _, _, lot in sorted(self._heap, key=lambda entry: entry[1]))


class _AverageCost:
    """All units are one lot of their average cost."""

    def __init__(self) -> None:
        self._lot: Lot | None = None

    def add(self, lot: Lot) -> None:
        if self._lot is None:
            self._lot = lot
        else:
            self._lot.quantity += lot.quantity
            self._lot.cost = plus(self._lot.cost, lot.cost)

    def next(self) -> Lot:
        if self._lot is None:
            raise IndexError("an empty pool")
        return self._lot

    def drop(self) -> None:
        self._lot = None

    def left(self) -> Iterable[Lot]:
        return [self._lot] if self._lot else []


def match_lots(entries: list[Entry], method: Method) -> MatchedLots:
    """Run all entries, oldest first (see `ledger.in_order`).

    Raises:
        OversoldError: an entry gives away more than is held; it is named.
        LedgerError: an entry contradicts itself.
    """
    result = MatchedLots()
    stocks: dict[int, _Stock] = {}
    held: dict[int, int] = {}
    for entry in in_order(entries):
        check(entry)
        if entry.kind is Kind.FEE or entry.item is None:
            result.fees.append(plus(entry.amount, entry.fee))
            continue
        stock = stocks.setdefault(entry.item, _stock(method)) if entry.item not in stocks else stocks[entry.item]
        units = entry.gain_of_units
        if units > 0:
            stock.add(Lot(entry.id, entry.item, entry.time, units, plus(entry.amount, entry.fee)))
        else:
            _dispose(result, stock, entry, held.get(entry.item, 0))
        held[entry.item] = held.get(entry.item, 0) + units
    result.lots = [lot for item in sorted(stocks) for lot in stocks[item].left()]
    return result


def unrealised(lots: list[Lot], values: Mapping[int, int | None], held: Mapping[int, int]) -> list[int | None]:
    """What each lot is worth less what it cost; None where its item has no price, or its cost is unknown.

    Args:
        lots: open lots.
        values: by item, what all units of it in the lots are worth together.
        held: by item, how many units the lots hold; `values` are shared over them by units, exactly.
    """
    left = {item: value for item, value in values.items() if value is not None}
    units = dict(held)
    gains: list[int | None] = []
    for lot in lots:
        if lot.item not in left:
            gains.append(None)
            continue
        value = left[lot.item] * lot.quantity // units[lot.item]
        left[lot.item] -= value
        units[lot.item] -= lot.quantity
        gains.append(minus(value, lot.cost))
    return gains


def _stock(method: Method) -> _Stock:
    match method:
        case Method.FIFO | Method.LIFO:
            return _Queue(newest_first=method is Method.LIFO)
        case Method.HIFO:
            return _HighestCost()
        case Method.AVERAGE:
            return _AverageCost()


def _dispose(result: MatchedLots, stock: _Stock, entry: Entry, held: int) -> None:
    wanted = -entry.gain_of_units
    item = entry.item
    if item is None or wanted > held:
        raise OversoldError(entry.id, item or 0, wanted, held)
    pieces: list[tuple[int, float, int, int | None]] = []
    while wanted:
        lot = stock.next()
        quantity = min(wanted, lot.quantity)
        pieces.append((lot.entry_id, lot.opened, quantity, lot.take(quantity)))
        wanted -= quantity
        if not lot.quantity:
            stock.drop()
    # A fee may be more than the sale brought: the proceeds are negative then.
    proceeds = minus(entry.amount, entry.fee)
    parts = [None] * len(pieces) if proceeds is None else share_out(proceeds, [piece[2] for piece in pieces])
    for (lot_id, opened, quantity, cost), part in zip(pieces, parts, strict=True):
        result.realised.append(Realised(entry.id, lot_id, item, opened, entry.time, quantity, part, cost))
