"""Quote columns: quotes of one source as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from db.core import binary
from db.core.arrays import Array, Bools, Ints
from db.core.binary import UNKNOWN
from db.quotes.buckets import Ticks, changes

KINDS = {"item_id": ">i4", "price": ">i8", "volume": ">i8", "volume_rolling": "i1", "listings": ">i4", "bid": ">i8"}
KINDS |= {"ask": ">i8"}
NULLS = ("volume", "volume_rolling", "listings", "bid", "ask")


@dataclass(frozen=True, slots=True)
class QuoteColumns:
    """n quotes of one source; every array has shape (n,) and holds `UNKNOWN` where nothing is known.

    `time` is in microseconds since 1970 (UTC); `price`, `bid`, `ask` in minor units; `rolling` is 1 for a 24 h volume, 0 for
    one of the quote's own interval.
    """

    item_id: Ints
    time: Ints
    price: Ints
    volume: Ints
    rolling: Ints
    listings: Ints
    bid: Ints
    ask: Ints

    def __len__(self) -> int:
        """The number of quotes."""
        return len(self.item_id)

    @classmethod
    def of(cls, item_id: Ints, time: Ints, price: Ints, **known: Ints | int) -> "QuoteColumns":
        """Columns from those that are known; a single number fills its column."""
        rest = {}
        for field in fields(cls)[3:]:
            rest[field.name] = np.broadcast_to(
                np.asarray(known.get(field.name, UNKNOWN), dtype=np.int64), item_id.shape
            )
        return cls(item_id=item_id, time=time, price=price, **rest)

    @classmethod
    def joined(cls, parts: "Sequence[QuoteColumns]") -> "QuoteColumns":
        """All parts, one after the other."""
        empty = np.empty(0, dtype=np.int64)
        return cls(
            **{
                field.name: np.concatenate([empty, *(getattr(part, field.name) for part in parts)])
                for field in fields(cls)
            }
        )

    def take(self, rows: Ints | Bools) -> "QuoteColumns":
        """Those rows, in that order."""
        return QuoteColumns(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    def for_copy(self, source: str) -> dict[str, tuple[str, Array]]:
        """Columns of `price_quotes` for `binary.copy`, with NULLS."""
        columns = {
            name: (kind, self.rolling if name == "volume_rolling" else getattr(self, name))
            for name, kind in KINDS.items()
        }
        return columns | {"time": binary.postgres_time(self.time), "source": binary.text(source, len(self))}

    def ticks(self) -> Ticks:
        """What roll-ups are made of; the quotes are in order."""
        return Ticks(self.item_id, self.time, self.price, self.volume, self.rolling)

    def is_in_order(self) -> bool:
        """Whether they are by item and time, each (item, time) once."""
        step, later = np.diff(self.item_id), np.diff(self.time)
        return bool(np.all((step > 0) | ((step == 0) & (later > 0))))

    def in_order(self) -> "QuoteColumns":
        """By item and time; of several quotes with the same item and time the first given stays."""
        if self.is_in_order():
            return self
        ordered = self.take(np.lexsort((self.time, self.item_id)))
        return ordered.take(changes(ordered.item_id, ordered.time))
